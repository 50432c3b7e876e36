//! Short bytes with AVX2, for leading coordinates: six references against one or two registers of
//! queries. Two instructions add four products per lane exactly: pairs in 16 bits, which numbers of at
//! most 90 do not overflow, and pairs of these in 32 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, RowScale, ShortByte, compiled_for::compiled_for,
    instruction_set::InstructionSet,
};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2Bytes(());

// SAFETY: `detect` asks the processor; each method accesses the memory of one register.
unsafe impl InstructionSet for Avx2Bytes {
    type Packed = ShortByte;
    type Sum = i32;
    type Register = __m256i;
    type Floats = __m256;

    const LANES: usize = 8;
    const ROWS: usize = 6;
    const LINE: usize = 32;
    const PAIR: usize = 4;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: the caller guarantees the instructions, in all methods.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn load(queries: *const ShortByte) -> __m256i {
        // SAFETY: the caller guarantees one register of packed values.
        unsafe { _mm256_loadu_si256(queries.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const ShortByte) -> __m256i {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm256_set1_epi32(values.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m256i, value: __m256i, queries: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instructions.
        unsafe {
            let pairs = _mm256_maddubs_epi16(value, queries);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    unsafe fn add(left: __m256i, right: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_add_epi32(left, right) }
    }

    #[inline(always)]
    unsafe fn load_sums(sums: *const i32) -> __m256i {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_loadu_si256(sums.cast()) }
    }

    #[inline(always)]
    unsafe fn store_sums(sums: *mut i32, register: __m256i) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_storeu_si256(sums.cast(), register) }
    }

    #[inline(always)]
    unsafe fn floats(sums: Self::Register) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_cvtepi32_ps(sums) }
    }

    #[inline(always)]
    unsafe fn load_floats(values: *const f32) -> __m256 {
        // SAFETY: the caller guarantees `LANES` values.
        unsafe { _mm256_loadu_ps(values) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn times(left: __m256, right: __m256) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_mul_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn fused(left: __m256, right: __m256, addend: __m256) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_fmadd_ps(left, right, addend) }
    }

    #[inline(always)]
    unsafe fn at_least(values: __m256, thresholds: __m256) -> u32 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(values, thresholds)) as u32 }
    }

    compiled_for!("avx2,fma");
}
