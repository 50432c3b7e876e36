//! 16-bit integers with AVX-512 VNNI: twelve references against one or two registers of queries,
//! two products per lane and instruction, summed exactly in 32 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision, Sum},
};

/// Proof that the processor has AVX-512F and VNNI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vnni(());

// SAFETY: `detect` asks the processor; `load` reads one register, and `broadcast` `PAIR` values.
unsafe impl InstructionSet for Vnni {
    type Packed = i16;
    type Register = __m512i;

    const ROWS: usize = 12;
    const LINE: usize = 32;
    const PAIR: usize = 2;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const i16) -> __m512i {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
        unsafe { _mm512_loadu_si512(queries.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const i16) -> __m512i {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm512_set1_epi32(values.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m512i, value: __m512i, queries: __m512i) -> __m512i {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_dpwssd_epi32(sums, value, queries) }
    }

    compiled_for!("avx512f,avx512vnni");
}

impl KeyPrecision for Vnni {
    const PRECISION: Precision = Precision::Int16;
}
