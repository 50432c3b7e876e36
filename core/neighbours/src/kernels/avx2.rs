//! Single precision with AVX2 and FMA: six references against sixteen queries in registers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision},
};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

// SAFETY: `detect` asks the processor; each method accesses the memory of one register.
unsafe impl InstructionSet for Avx2 {
    type Packed = f32;
    type Sum = f32;
    type Register = __m256;
    type Floats = __m256;

    const LANES: usize = 8;
    const ROWS: usize = 6;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: the caller guarantees the instructions, in all methods.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(queries: *const f32) -> __m256 {
        // SAFETY: the caller guarantees one register of packed values.
        unsafe { _mm256_loadu_ps(queries) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const f32) -> __m256 {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm256_set1_ps(*values) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m256, value: __m256, queries: __m256) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_fmadd_ps(value, queries, sums) }
    }

    #[inline(always)]
    unsafe fn add(left: __m256, right: __m256) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_add_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn load_sums(sums: *const f32) -> __m256 {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_loadu_ps(sums) }
    }

    #[inline(always)]
    unsafe fn store_sums(sums: *mut f32, register: __m256) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_storeu_ps(sums, register) }
    }

    #[inline(always)]
    unsafe fn floats(sums: Self::Register) -> __m256 {
        sums
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

impl KeyPrecision for Avx2 {
    const PRECISION: Precision = Precision::Single;
}
