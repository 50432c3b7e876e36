//! Single precision with AVX-512: twelve references against one or two registers of queries.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision, Sum},
};

/// Proof that the processor has AVX-512F.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

// SAFETY: `detect` asks the processor; `load` reads one register, and `broadcast` `PAIR` values.
unsafe impl InstructionSet for Avx512 {
    type Packed = f32;
    type Register = __m512;

    const ROWS: usize = 12;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const f32) -> __m512 {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
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

    compiled_for!("avx512f");
}

impl KeyPrecision for Avx512 {
    const PRECISION: Precision = Precision::Single;
}
