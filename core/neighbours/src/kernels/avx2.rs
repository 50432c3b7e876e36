//! Single precision with AVX2 and FMA: six references against sixteen queries in registers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision, Sum},
};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

// SAFETY: `detect` asks the processor; `load` reads one register, and `broadcast` `PAIR` values.
unsafe impl InstructionSet for Avx2 {
    type Packed = f32;
    type Register = __m256;

    const ROWS: usize = 6;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const f32) -> __m256 {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
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

    compiled_for!("avx2,fma");
}

impl KeyPrecision for Avx2 {
    const PRECISION: Precision = Precision::Single;
}
