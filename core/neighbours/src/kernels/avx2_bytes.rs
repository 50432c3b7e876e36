//! Short bytes with AVX2, for leading coordinates: six references against one or two registers of
//! queries. Two instructions add four products per lane exactly: pairs in 16 bits, which numbers of at
//! most 90 do not overflow, and pairs of these in 32 bits.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BoundLanes, BoundRow, RowScale, ShortByte,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, Sum},
};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2Bytes(());

// SAFETY: `detect` asks the processor; `load` reads one register, and `broadcast` `PAIR` values.
unsafe impl InstructionSet for Avx2Bytes {
    type Packed = ShortByte;
    type Register = __m256i;

    const ROWS: usize = 6;
    const LINE: usize = 32;
    const PAIR: usize = 4;

    fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const ShortByte) -> __m256i {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
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

    compiled_for!("avx2,fma");
}
