//! The registers of NEON.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::lanes::{FloatLanes, SumLanes};

// SAFETY: `load` reads one register.
unsafe impl FloatLanes for float32x4_t {
    #[inline(always)]
    unsafe fn load(values: *const f32) -> Self {
        // SAFETY: the caller guarantees one number per lane.
        unsafe { vld1q_f32(values) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vmulq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn fused(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vfmaq_f32(addend, self, factor) }
    }

    #[inline(always)]
    unsafe fn at_least(self, thresholds: Self) -> u32 {
        // SAFETY: the caller guarantees the instructions.
        unsafe {
            const BITS: [u32; 4] = [1, 2, 4, 8];
            vaddvq_u32(vandq_u32(
                vcgeq_f32(self, thresholds),
                vld1q_u32(BITS.as_ptr()),
            ))
        }
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for float32x4_t {
    type Sum = f32;
    type Floats = float32x4_t;

    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn load(sums: *const f32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { vld1q_f32(sums) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut f32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { vst1q_f32(sums, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> Self {
        self
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for int32x4_t {
    type Sum = i32;
    type Floats = float32x4_t;

    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn load(sums: *const i32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { vld1q_s32(sums) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut i32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { vst1q_s32(sums, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vaddq_s32(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> float32x4_t {
        // SAFETY: the caller guarantees the instructions.
        unsafe { vcvtq_f32_s32(self) }
    }
}
