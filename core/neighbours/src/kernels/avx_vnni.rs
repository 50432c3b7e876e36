//! 8-bit integers with AVX-VNNI, for processors without AVX-512: six references against one or two
//! registers of queries, four products per lane and instruction, summed exactly in 32 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, Byte, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, Sum},
};

/// Proof that the processor has AVX2, FMA and AVX-VNNI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AvxVnni(());

// SAFETY: `detect` asks the processor; `load` reads one register, and `broadcast` `PAIR` values.
unsafe impl InstructionSet for AvxVnni {
    type Packed = Byte;
    type Register = __m256i;

    const ROWS: usize = 6;
    const LINE: usize = 32;
    const PAIR: usize = 4;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("avxvnni");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const Byte) -> __m256i {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
        unsafe { _mm256_loadu_si256(queries.cast()) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const Byte) -> __m256i {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { _mm256_set1_epi32(values.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m256i, value: __m256i, queries: __m256i) -> __m256i {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_dpbusd_avx_epi32(sums, value, queries) }
    }

    compiled_for!("avx2,fma,avxvnni");
}
