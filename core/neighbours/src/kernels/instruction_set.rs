//! What one instruction set provides: a few operations on registers.
#![allow(unsafe_code)]

use super::{BoundLanes, BoundRow, PackedValue, Precision, RowScale, SumValue};

/// An instruction set. A value of the type proves that this processor supports it.
///
/// # Safety
///
/// [`detect`](Self::detect) returns a value only on a processor that has the instructions. `load`,
/// `load_sums` and `load_floats` read `LANES` numbers, or the packed values of `LANES` queries, and
/// nothing else; `broadcast` reads `PAIR` packed values. `store_sums` writes `LANES` sums.
pub(crate) unsafe trait InstructionSet: Copy + Send + Sync + 'static {
    type Packed: PackedValue;
    type Sum: SumValue;
    /// A register: packed values of queries, a broadcast value, or sums.
    type Register: Copy;
    /// `LANES` numbers in single precision.
    type Floats: Copy;

    /// Sums in a register.
    const LANES: usize;
    /// Number of references in a tile: as many as keep all sums in registers.
    const ROWS: usize;
    /// Number of columns in a packed line of a reference.
    const LINE: usize;
    /// Number of adjacent columns that one instruction multiplies and adds.
    const PAIR: usize;

    fn detect() -> Option<Self>;

    /// # Safety
    ///
    /// The caller must run on a processor with the instructions and must pass pointers to as much
    /// memory as the documentation of the trait requires. This holds for all following methods.
    unsafe fn zero() -> Self::Register;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn load(queries: *const Self::Packed) -> Self::Register;
    /// `PAIR` adjacent values of one reference, in every lane.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn broadcast(values: *const Self::Packed) -> Self::Register;
    /// `sums` with the products of `value` and `queries` added.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn multiply_add(
        sums: Self::Register,
        value: Self::Register,
        queries: Self::Register,
    ) -> Self::Register;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn add(left: Self::Register, right: Self::Register) -> Self::Register;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn load_sums(sums: *const Self::Sum) -> Self::Register;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn store_sums(sums: *mut Self::Sum, register: Self::Register);
    /// The sums in single precision.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn floats(sums: Self::Register) -> Self::Floats;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn load_floats(values: *const f32) -> Self::Floats;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn splat(value: f32) -> Self::Floats;
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn times(left: Self::Floats, right: Self::Floats) -> Self::Floats;
    /// `left * right + addend`, rounded once.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn fused(left: Self::Floats, right: Self::Floats, addend: Self::Floats) -> Self::Floats;
    /// Which values are at least their threshold: one bit per lane.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn at_least(values: Self::Floats, thresholds: Self::Floats) -> u32;

    /// [`TileKernel::multiply`](super::TileKernel::multiply), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`TileKernel::multiply`](super::TileKernel::multiply).
    unsafe fn compiled_multiply<const V: usize>(
        panel: *const Self::Packed,
        tile: *const Self::Packed,
        lines: usize,
        sums: *mut Self::Sum,
        add: bool,
    );
    /// [`TileKernel::filter`](super::TileKernel::filter), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`TileKernel::filter`](super::TileKernel::filter).
    unsafe fn compiled_filter<const V: usize>(
        sums: *const Self::Sum,
        rows: &[RowScale],
        offset_factors: *const f32,
        thresholds: *const f32,
        masks: &mut Vec<u32>,
    );
    /// [`TileKernel::reach`](super::TileKernel::reach), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`TileKernel::reach`](super::TileKernel::reach).
    unsafe fn compiled_reach<const V: usize>(
        panel: *const Self::Packed,
        tile: *const Self::Packed,
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, Self::Sum>,
        sums: *mut Self::Sum,
        masks: *mut u32,
    );
    /// [`pack_row_body`](super::pack_row_body), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// The processor must have the instructions.
    unsafe fn compiled_pack_row(values: &[f32], scale: f32, out: &mut [Self::Packed]);
}

/// An instruction set that multiplies whole rows.
pub(crate) trait KeyPrecision {
    const PRECISION: Precision;
}
