//! Single precision with NEON: six references against sixteen queries in registers.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{
    BoundLanes, BoundRow, Precision, RowScale,
    compiled_for::compiled_for,
    instruction_set::{InstructionSet, KeyPrecision, Sum},
};

/// Proof that the processor has NEON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neon(());

// SAFETY: `detect` asks the processor; `load` reads one register and `broadcast` one value.
unsafe impl InstructionSet for Neon {
    type Packed = f32;
    type Register = float32x4_t;

    const ROWS: usize = 6;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn load(queries: *const f32) -> float32x4_t {
        // SAFETY: the caller guarantees one register of packed values, and the instructions.
        unsafe { vld1q_f32(queries) }
    }

    #[inline(always)]
    unsafe fn broadcast(values: *const f32) -> float32x4_t {
        // SAFETY: the caller guarantees `PAIR` values.
        unsafe { vld1q_dup_f32(values) }
    }

    #[inline(always)]
    unsafe fn multiply_add(
        sums: float32x4_t,
        value: float32x4_t,
        queries: float32x4_t,
    ) -> float32x4_t {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vfmaq_f32(sums, value, queries) }
    }

    compiled_for!("neon");
}

impl KeyPrecision for Neon {
    const PRECISION: Precision = Precision::Single;
}
