//! The inner loops, written once for all SIMD instruction sets.
//!
//! One file per instruction set implements [`InstructionSet`] with intrinsics. [`Simd`] turns it
//! into a [`TileKernel`]. The loops in this file are inlined into functions that are compiled with
//! the target features of the instruction set ([`compiled_for`]), so the intrinsics are inlined
//! too.
#![allow(unsafe_code)]

use super::{PackedValue, Precision, RowScale, SumValue, TileKernel};

/// An instruction set. A value of the type proves that this processor supports it.
///
/// # Safety
///
/// [`detect`](Self::detect) returns a value only on a processor that has the instructions. `load`,
/// `broadcast`, `load_sums` and `reached` read `LANES` sums, or the packed values of `LANES`
/// queries, and nothing else. `store_sums` writes `LANES` sums.
pub(crate) unsafe trait InstructionSet: Copy + Send + Sync {
    type Packed: PackedValue;
    type Sum: SumValue;
    /// A register: packed values of queries, a broadcast value, or sums.
    type Register: Copy;

    /// Sums in a register.
    const LANES: usize;
    /// Number of references in a tile: as many as keep all sums in registers.
    const ROWS: usize;
    /// Number of columns in a packed line of a reference.
    const LINE: usize;
    /// Number of adjacent columns that one instruction multiplies and adds.
    const PAIR: usize;
    const PRECISION: Precision;

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
    /// Which keys, `sum * factor + offset * offset_factor`, are at least their threshold: one bit
    /// per lane.
    ///
    /// # Safety
    ///
    /// See [`zero`](Self::zero).
    unsafe fn reached(
        sums: *const Self::Sum,
        row: &RowScale,
        offset_factors: *const f32,
        thresholds: *const f32,
    ) -> u32;

    /// [`multiply`], compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`multiply`].
    unsafe fn compiled_multiply<const V: usize>(
        panel: *const Self::Packed,
        tile: *const Self::Packed,
        lines: usize,
        sums: *mut Self::Sum,
        add: bool,
    );
    /// [`filter`], compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`filter`].
    unsafe fn compiled_filter<const V: usize>(
        sums: *const Self::Sum,
        rows: &[RowScale],
        offset_factors: *const f32,
        thresholds: *const f32,
        masks: &mut Vec<u32>,
    );
    /// [`pack_row_body`](super::pack_row_body), compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// The processor must have the instructions.
    unsafe fn compiled_pack_row(values: &[f32], scale: f32, out: &mut [Self::Packed]);
}

/// The functions of an [`InstructionSet`] that are compiled with its target features.
macro_rules! compiled_for {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        unsafe fn compiled_multiply<const V: usize>(
            panel: *const Self::Packed,
            tile: *const Self::Packed,
            lines: usize,
            sums: *mut Self::Sum,
            add: bool,
        ) {
            // SAFETY: the caller guarantees what `multiply` requires.
            unsafe {
                $crate::kernels::simd::multiply::<Self, V, { Self::ROWS }>(
                    panel, tile, lines, sums, add,
                )
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn compiled_filter<const V: usize>(
            sums: *const Self::Sum,
            rows: &[RowScale],
            offset_factors: *const f32,
            thresholds: *const f32,
            masks: &mut Vec<u32>,
        ) {
            // SAFETY: the caller guarantees what `filter` requires.
            unsafe {
                $crate::kernels::simd::filter::<Self, V>(
                    sums,
                    rows,
                    offset_factors,
                    thresholds,
                    masks,
                )
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn compiled_pack_row(values: &[f32], scale: f32, out: &mut [Self::Packed]) {
            $crate::kernels::pack_row_body::<Self::Packed, { Self::LINE }>(
                values,
                scale,
                out,
                Self::ROWS * Self::LINE,
            );
        }
    };
}
pub(super) use compiled_for;

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
    type Sum = I::Sum;

    const QUERIES: usize = I::LANES * V;
    const ROWS: usize = I::ROWS;
    const LINE: usize = I::LINE;
    const PAIR: usize = I::PAIR;
    const PRECISION: Precision = I::PRECISION;

    #[inline]
    fn multiply(
        self,
        panel: &[I::Packed],
        tile: &[I::Packed],
        lines: usize,
        sums: &mut [I::Sum],
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
        sums: &[I::Sum],
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

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [I::Packed]) {
        // SAFETY: `self` proves the instructions.
        unsafe {
            I::compiled_pack_row(values, scale, out);
        }
    }
}

/// The loop of [`TileKernel::multiply`]. `ROWS` is that of the instruction set.
///
/// # Safety
///
/// `panel` has `lines * LINE * LANES * V` readable values, `tile` has `lines * LINE * ROWS`, and
/// `sums` has `ROWS * LANES * V` writable ones. The processor has the instructions.
#[inline(always)]
pub(super) unsafe fn multiply<I: InstructionSet, const V: usize, const ROWS: usize>(
    mut panel: *const I::Packed,
    mut tile: *const I::Packed,
    lines: usize,
    sums: *mut I::Sum,
    add: bool,
) {
    // SAFETY: the caller guarantees the instructions.
    let mut products = unsafe { [[I::zero(); V]; ROWS] };
    for _ in 0..lines {
        for column in (0..I::LINE).step_by(I::PAIR) {
            // SAFETY: the caller guarantees `lines` lines of the panel and of the tile.
            unsafe {
                let mut queries = [I::zero(); V];
                for (v, query) in queries.iter_mut().enumerate() {
                    *query = I::load(panel.add(column * V * I::LANES + v * I::LANES * I::PAIR));
                }
                for (row, products) in products.iter_mut().enumerate() {
                    let value = I::broadcast(tile.add(row * I::LINE + column));
                    for v in 0..V {
                        products[v] = I::multiply_add(products[v], value, queries[v]);
                    }
                }
            }
        }
        // SAFETY: moves to the next line; after the last line, at most one past the end.
        unsafe {
            panel = panel.add(I::LINE * V * I::LANES);
            tile = tile.add(I::LINE * ROWS);
        }
    }
    for (row, products) in products.iter().enumerate() {
        for (v, product) in products.iter().enumerate() {
            // SAFETY: the caller guarantees `ROWS * V` registers of sums.
            unsafe {
                let at = sums.add((row * V + v) * I::LANES);
                let sum = if add {
                    I::add(I::load_sums(at), *product)
                } else {
                    *product
                };
                I::store_sums(at, sum);
            }
        }
    }
}

/// The loop of [`TileKernel::filter`].
///
/// # Safety
///
/// `sums` has `rows.len() * LANES * V` readable values, `offset_factors` has `LANES * V`, and
/// `thresholds` has `LANES * V` for every class of `rows`. The processor has the instructions.
#[inline(always)]
pub(super) unsafe fn filter<I: InstructionSet, const V: usize>(
    mut sums: *const I::Sum,
    rows: &[RowScale],
    offset_factors: *const f32,
    thresholds: *const f32,
    masks: &mut Vec<u32>,
) {
    for row in rows {
        let mut mask = 0;
        // SAFETY: the caller guarantees `V` registers of sums per row, of factors, and of
        // thresholds per class.
        unsafe {
            let thresholds = thresholds.add(usize::from(row.class) * I::LANES * V);
            for v in 0..V {
                let lane = v * I::LANES;
                let (sums, factors) = (sums.add(lane), offset_factors.add(lane));
                mask |= I::reached(sums, row, factors, thresholds.add(lane)) << lane;
            }
            sums = sums.add(I::LANES * V);
        }
        masks.push(mask);
    }
}
