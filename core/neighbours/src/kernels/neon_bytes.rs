//! Bytes with the dot products of NEON, for leading coordinates: six references against sixteen
//! queries, four products per lane and instruction, summed exactly in 32 bits.
#![allow(unsafe_code)]

use std::arch::{aarch64::*, asm};

use super::{
    BoundLanes, BoundRow, RowScale, SignedByte,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, Sum},
};

/// Proof that the processor has NEON with dot products (`FEAT_DotProd`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct NeonBytes(());

// SAFETY: `detect` asks the processor; `load` reads one register and `broadcast` four values.
unsafe impl InstructionSet for NeonBytes {
    type Packed = SignedByte;
    type Register = int32x4_t;

    const ROWS: usize = 6;
    const LINE: usize = 32;
    const PAIR: usize = 4;

    fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const SignedByte) -> int32x4_t {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
        unsafe { vreinterpretq_s32_s8(vld1q_s8(queries.cast())) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const SignedByte) -> int32x4_t {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { vdupq_n_s32(values.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn multiply_add(mut sums: int32x4_t, value: int32x4_t, queries: int32x4_t) -> int32x4_t {
        // `vdotq_s32` is not stable (rust-lang/rust#117224).
        // SAFETY: the caller guarantees the instruction; it accesses registers only.
        unsafe {
            asm!(
                "sdot {sums:v}.4s, {value:v}.16b, {queries:v}.16b",
                sums = inout(vreg) sums,
                value = in(vreg) value,
                queries = in(vreg) queries,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }

    compiled_for!("neon,dotprod");
}
