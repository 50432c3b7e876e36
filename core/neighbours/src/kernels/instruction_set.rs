//! What one instruction set provides: a few operations on registers.
#![allow(unsafe_code)]

use super::{BoundLanes, BoundRow, PackedValue, Precision, RowScale, lanes::SumLanes};

/// The sums of an instruction set.
pub(crate) type Sum<I> = <<I as InstructionSet>::Register as SumLanes>::Sum;

/// An instruction set. A value of the type proves that this processor supports it.
///
/// # Safety
///
/// [`detect`](Self::detect) returns a value only on a processor that has the instructions. `load` reads
/// the packed values of `LANES` queries, `broadcast` reads `PAIR` packed values, and no other memory
/// is accessed.
pub(crate) unsafe trait InstructionSet: Copy + Send + Sync + 'static {
    type Packed: PackedValue;
    /// A register: packed values of queries, a broadcast value, or sums.
    type Register: SumLanes;

    /// Sums in a register.
    const LANES: usize = Self::Register::LANES;
    /// Number of references in a tile: as many as keep all sums in registers.
    const ROWS: usize;
    /// Number of columns in a packed line of a reference.
    const LINE: usize;
    /// Number of adjacent columns that one instruction multiplies and adds.
    const PAIR: usize;

    fn detect() -> Option<Self>;

    /// The packed values of `LANES` queries.
    ///
    /// # Safety
    ///
    /// The caller must run on a processor with the instructions and must pass pointers to as much
    /// memory as the documentation of the trait requires. This holds for all following methods.
    unsafe fn load(queries: *const Self::Packed) -> Self::Register;
    /// `PAIR` adjacent values of one reference, in every lane.
    ///
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn broadcast(values: *const Self::Packed) -> Self::Register;
    /// `sums` with the products of `value` and `queries` added.
    ///
    /// # Safety
    ///
    /// See [`load`](Self::load).
    unsafe fn multiply_add(
        sums: Self::Register,
        value: Self::Register,
        queries: Self::Register,
    ) -> Self::Register;

    /// [`TileKernel::multiply`](super::TileKernel::multiply), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`TileKernel::multiply`](super::TileKernel::multiply).
    unsafe fn compiled_multiply<const V: usize>(
        panel: *const Self::Packed,
        tile: *const Self::Packed,
        lines: usize,
        sums: *mut Sum<Self>,
        add: bool,
    );
    /// [`TileKernel::filter`](super::TileKernel::filter), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`TileKernel::filter`](super::TileKernel::filter).
    unsafe fn compiled_filter<const V: usize>(
        sums: *const Sum<Self>,
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
        lanes: &BoundLanes<'_, Sum<Self>>,
        sums: *mut Sum<Self>,
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
