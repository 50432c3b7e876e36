//! Makes kernels of instruction sets.
//!
//! One file per instruction set implements [`InstructionSet`] with intrinsics. [`Simd`] turns it
//! into a [`TileKernel`].
#![allow(unsafe_code)]

use super::{
    BoundLanes, BoundRow, KeyKernel, Precision, RowScale, TileKernel,
    instruction_set::{InstructionSet, KeyPrecision, Sum},
};

/// The kernel of an instruction set, with `V` registers of queries in a panel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simd<I, const V: usize>(I);

impl<I: InstructionSet, const V: usize> Simd<I, V> {
    pub(crate) fn detect() -> Option<Self> {
        I::detect().map(Self)
    }
}

impl<I: InstructionSet, const V: usize> TileKernel for Simd<I, V> {
    type Packed = I::Packed;
    type Sum = Sum<I>;
    type Session = ();

    const QUERIES: usize = I::LANES * V;
    const ROWS: usize = I::ROWS;
    const LINE: usize = I::LINE;
    const PAIR: usize = I::PAIR;

    fn session(self) {}

    #[inline]
    fn multiply(
        self,
        panel: &[I::Packed],
        tile: &[I::Packed],
        lines: usize,
        sums: &mut [Sum<I>],
        add: bool,
    ) {
        assert!(panel.len() >= lines * I::LINE * Self::QUERIES);
        assert!(tile.len() >= lines * I::LINE * I::ROWS);
        assert!(sums.len() >= I::ROWS * Self::QUERIES);
        // SAFETY: `self` proves the instructions; the assertions above cover every address that is
        // read or written.
        unsafe {
            I::compiled_multiply::<V>(panel.as_ptr(), tile.as_ptr(), lines, sums.as_mut_ptr(), add);
        }
    }

    fn filter(
        self,
        sums: &[Sum<I>],
        rows: &[RowScale],
        offset_factors: &[f32],
        thresholds: &[f32],
        masks: &mut Vec<u32>,
    ) {
        let classes = thresholds.len() / Self::QUERIES;
        assert!(sums.len() >= rows.len() * Self::QUERIES);
        assert!(offset_factors.len() >= Self::QUERIES);
        assert!(rows.iter().all(|row| usize::from(row.class) < classes));
        masks.clear();
        let (sums, factors) = (sums.as_ptr(), offset_factors.as_ptr());
        // SAFETY: `self` proves the instructions; the assertions above cover every address read.
        unsafe {
            I::compiled_filter::<V>(sums, rows, factors, thresholds.as_ptr(), masks);
        }
    }

    #[inline]
    fn reach(
        self,
        panel: &[I::Packed],
        tile: &[I::Packed],
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, Sum<I>>,
        sums: &mut [Sum<I>],
        masks: &mut [u32],
    ) {
        assert!(panel.len() >= lines * I::LINE * Self::QUERIES);
        assert!(tile.len() >= lines * I::LINE * I::ROWS);
        assert!(sums.len() >= I::ROWS * Self::QUERIES);
        assert!(rows.len() == I::ROWS && masks.len() >= I::ROWS);
        assert!(lanes.starts.len() >= Self::QUERIES);
        assert!(lanes.tails.len() >= Self::QUERIES && lanes.offsets.len() >= Self::QUERIES);
        let classes = lanes.thresholds.len() / Self::QUERIES;
        assert!(rows.iter().all(|row| (row.class as usize) < classes));
        let (sums, masks) = (sums.as_mut_ptr(), masks.as_mut_ptr());
        // SAFETY: `self` proves the instructions; the assertions above cover every address that is
        // read or written.
        unsafe {
            I::compiled_reach::<V>(
                panel.as_ptr(),
                tile.as_ptr(),
                lines,
                rows,
                lanes,
                sums,
                masks,
            );
        }
    }

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [I::Packed]) {
        // SAFETY: `self` proves the instructions.
        unsafe {
            I::compiled_pack_row(values, scale, out);
        }
    }
}

impl<I: InstructionSet + KeyPrecision, const V: usize> KeyKernel for Simd<I, V> {
    const PRECISION: Precision = I::PRECISION;
}
