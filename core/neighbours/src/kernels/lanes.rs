//! What a register of sums or of numbers can do, whatever its sums are made of.
#![allow(unsafe_code)]

use super::SumValue;

/// A register of `LANES` sums.
///
/// # Safety
///
/// `load` reads `LANES` sums, `store` writes `LANES` sums, and no method accesses other memory.
pub(crate) unsafe trait SumLanes: Copy {
    type Sum: SumValue;
    type Floats: FloatLanes;

    /// Number of sums, and of numbers in `Floats`.
    const LANES: usize;

    /// # Safety
    ///
    /// The processor must have the instructions of the register, and pointers must be valid for what
    /// the documentation of the trait says. This holds for all following methods.
    unsafe fn zero() -> Self;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn load(sums: *const Self::Sum) -> Self;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn store(self, sums: *mut Self::Sum);
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn add(self, other: Self) -> Self;
    /// The sums in single precision.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn floats(self) -> Self::Floats;
}

/// A register of numbers in single precision.
///
/// # Safety
///
/// `load` reads one number per lane, and no method accesses other memory.
pub(crate) unsafe trait FloatLanes: Copy {
    /// # Safety
    ///
    /// The processor must have the instructions of the register, and pointers must be valid for what
    /// the documentation of the trait says. This holds for all following methods.
    unsafe fn load(values: *const f32) -> Self;
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn splat(value: f32) -> Self;
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn times(self, other: Self) -> Self;
    /// `self * factor + addend`, rounded once.
    ///
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn fused(self, factor: Self, addend: Self) -> Self;
    /// Which values are at least their threshold: one bit per lane.
    ///
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn at_least(self, thresholds: Self) -> u32;
}
