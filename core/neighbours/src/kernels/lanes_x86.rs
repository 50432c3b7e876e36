//! The registers of AVX2 and AVX-512.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes::{FloatLanes, SumLanes};

// SAFETY: `load` reads one register.
unsafe impl FloatLanes for __m256 {
    #[inline(always)]
    unsafe fn load(values: *const f32) -> Self {
        // SAFETY: the caller guarantees one number per lane.
        unsafe { _mm256_loadu_ps(values) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn fused(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn at_least(self, thresholds: Self) -> u32 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(self, thresholds)) as u32 }
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for __m256 {
    type Sum = f32;
    type Floats = __m256;

    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(sums: *const f32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_loadu_ps(sums) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut f32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_storeu_ps(sums, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> Self {
        self
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for __m256i {
    type Sum = i32;
    type Floats = __m256;

    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn load(sums: *const i32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_loadu_si256(sums.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut i32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm256_storeu_si256(sums.cast(), self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_add_epi32(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> __m256 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm256_cvtepi32_ps(self) }
    }
}

// SAFETY: `load` reads one register.
unsafe impl FloatLanes for __m512 {
    #[inline(always)]
    unsafe fn load(values: *const f32) -> Self {
        // SAFETY: the caller guarantees one number per lane.
        unsafe { _mm512_loadu_ps(values) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn fused(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_fmadd_ps(self, factor, addend) }
    }

    #[inline(always)]
    unsafe fn at_least(self, thresholds: Self) -> u32 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(self, thresholds)) }
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for __m512 {
    type Sum = f32;
    type Floats = __m512;

    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(sums: *const f32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_loadu_ps(sums) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut f32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_storeu_ps(sums, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> Self {
        self
    }
}

// SAFETY: `load` and `store` access one register.
unsafe impl SumLanes for __m512i {
    type Sum = i32;
    type Floats = __m512;

    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(sums: *const i32) -> Self {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_loadu_si512(sums.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, sums: *mut i32) {
        // SAFETY: the caller guarantees `LANES` sums.
        unsafe { _mm512_storeu_si512(sums.cast(), self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_add_epi32(self, other) }
    }

    #[inline(always)]
    unsafe fn floats(self) -> __m512 {
        // SAFETY: the caller guarantees the instructions.
        unsafe { _mm512_cvtepi32_ps(self) }
    }
}
