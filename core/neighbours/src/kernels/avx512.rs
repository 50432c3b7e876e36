//! Single precision with AVX-512: twelve references against one or two registers of queries.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision},
};

/// Proof that the processor has AVX-512F.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

// SAFETY: `detect` asks the processor; each method accesses the memory of one register.
unsafe impl InstructionSet for Avx512 {
    type Packed = f32;
    type Sum = f32;
    type Register = __m512;
    type Floats = __m512;

    const LANES: usize = 16;
    const ROWS: usize = 12;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller guarantees the instructions, in all methods.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(queries: *const f32) -> __m512 {
        // SAFETY: the caller guarantees one register of packed values.
        unsafe { _mm512_loadu_ps(queries) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const f32) -> __m512 {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm512_set1_ps(*values) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m512, value: __m512, queries: __m512) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_fmadd_ps(value, queries, sums) }
    }

    #[inline(always)]
    unsafe fn add(left: __m512, right: __m512) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_add_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn load_sums(sums: *const f32) -> __m512 {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_loadu_ps(sums) }
    }

    #[inline(always)]
    unsafe fn store_sums(sums: *mut f32, register: __m512) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_storeu_ps(sums, register) }
    }

    #[inline(always)]
    unsafe fn floats(sums: Self::Register) -> __m512 {
        sums
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

    compiled_for!("avx512f");
}

impl KeyPrecision for Avx512 {
    const PRECISION: Precision = Precision::Single;
}
