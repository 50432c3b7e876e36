//! 8-bit integers with AVX-512 VNNI, for leading coordinates: twelve references against one or two
//! registers of queries, four products per lane and instruction, summed exactly in 32 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Byte, RowScale, compiled_for::compiled_for,
    instruction_set::InstructionSet,
};

/// Proof that the processor has AVX-512F and VNNI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vnni8(());

// SAFETY: `detect` asks the processor; each method accesses the memory of one register.
unsafe impl InstructionSet for Vnni8 {
    type Packed = Byte;
    type Sum = i32;
    type Register = __m512i;
    type Floats = __m512;

    const LANES: usize = 16;
    const ROWS: usize = 12;
    const LINE: usize = 32;
    const PAIR: usize = 4;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: the caller guarantees the instructions, in all methods.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(queries: *const Byte) -> __m512i {
        // SAFETY: the caller guarantees one register of packed values.
        unsafe { _mm512_loadu_si512(queries.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const Byte) -> __m512i {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm512_set1_epi32(values.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m512i, value: __m512i, queries: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_dpbusd_epi32(sums, value, queries) }
    }

    #[inline(always)]
    unsafe fn add(left: __m512i, right: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_add_epi32(left, right) }
    }

    #[inline(always)]
    unsafe fn load_sums(sums: *const i32) -> __m512i {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_loadu_si512(sums.cast()) }
    }

    #[inline(always)]
    unsafe fn store_sums(sums: *mut i32, register: __m512i) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_storeu_si512(sums.cast(), register) }
    }

    #[inline(always)]
    unsafe fn floats(sums: Self::Register) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_cvtepi32_ps(sums) }
    }

    #[inline(always)]
    unsafe fn load_floats(values: *const f32) -> __m512 {
        // SAFETY: the caller guarantees `LANES` values.
        unsafe { _mm512_loadu_ps(values) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn times(left: __m512, right: __m512) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_mul_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn fused(left: __m512, right: __m512, addend: __m512) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_fmadd_ps(left, right, addend) }
    }

    #[inline(always)]
    unsafe fn at_least(values: __m512, thresholds: __m512) -> u32 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(values, thresholds)) }
    }

    compiled_for!("avx512f,avx512vnni");
}
