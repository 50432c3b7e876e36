//! The inner loops, written once for all SIMD instruction sets.
//!
//! One file per instruction set implements [`InstructionSet`] with intrinsics. [`Simd`] turns it
//! into a [`TileKernel`]. The loops in this file are inlined into functions that are compiled with
//! the target features of the instruction set ([`compiled_for`]), so the intrinsics are inlined
//! too.
#![allow(unsafe_code)]

use super::{
    BoundLanes, BoundRow, KeyKernel, PackedValue, Precision, RowScale, SumValue, TileKernel,
};

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
    /// [`reach`], compiled for the instruction set.
    ///
    /// # Safety
    ///
    /// See [`reach`].
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
        unsafe fn compiled_reach<const V: usize>(
            panel: *const Self::Packed,
            tile: *const Self::Packed,
            lines: usize,
            rows: &[BoundRow],
            lanes: &BoundLanes<'_, Self::Sum>,
            sums: *mut Self::Sum,
            masks: *mut u32,
        ) {
            // SAFETY: the caller guarantees what `reach` requires.
            unsafe {
                $crate::kernels::simd::reach::<Self, V, { Self::ROWS }>(
                    panel, tile, lines, rows, lanes, sums, masks,
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

    #[inline]
    fn reach(
        self,
        panel: &[I::Packed],
        tile: &[I::Packed],
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, I::Sum>,
        sums: &mut [I::Sum],
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

/// An instruction set that multiplies whole rows.
pub(crate) trait KeyPrecision {
    const PRECISION: Precision;
}

impl<I: InstructionSet + KeyPrecision, const V: usize> KeyKernel for Simd<I, V> {
    const PRECISION: Precision = I::PRECISION;
}

/// `start` plus the products of a panel and a tile, in registers. `ROWS` is that of the instruction
/// set.
///
/// # Safety
///
/// `panel` has `lines * LINE * LANES * V` readable values and `tile` has `lines * LINE * ROWS`. The
/// processor has the instructions.
#[inline(always)]
unsafe fn products<I: InstructionSet, const V: usize, const ROWS: usize>(
    mut panel: *const I::Packed,
    mut tile: *const I::Packed,
    lines: usize,
    start: [I::Register; V],
) -> [[I::Register; V]; ROWS] {
    let mut products = [start; ROWS];
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
    products
}

/// The loop of [`TileKernel::multiply`]. `ROWS` is that of the instruction set.
///
/// # Safety
///
/// `panel` has `lines * LINE * LANES * V` readable values, `tile` has `lines * LINE * ROWS`, and
/// `sums` has `ROWS * LANES * V` writable ones. The processor has the instructions.
#[inline(always)]
pub(super) unsafe fn multiply<I: InstructionSet, const V: usize, const ROWS: usize>(
    panel: *const I::Packed,
    tile: *const I::Packed,
    lines: usize,
    sums: *mut I::Sum,
    add: bool,
) {
    // SAFETY: the caller guarantees the instructions.
    let start = unsafe { [I::zero(); V] };
    // SAFETY: the caller guarantees what `products` requires.
    let products = unsafe { products::<I, V, ROWS>(panel, tile, lines, start) };
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

/// The loop of [`TileKernel::reach`]. `ROWS` is that of the instruction set.
///
/// # Safety
///
/// `panel` and `tile` are as for [`multiply`], `rows` has `ROWS` entries, and `sums` has
/// `ROWS * LANES * V` writable values and `masks` `ROWS`. Each slice of `lanes` has `LANES * V`
/// values, the thresholds for every class of `rows`. The processor has the instructions.
#[inline(always)]
pub(super) unsafe fn reach<I: InstructionSet, const V: usize, const ROWS: usize>(
    panel: *const I::Packed,
    tile: *const I::Packed,
    lines: usize,
    rows: &[BoundRow],
    lanes: &BoundLanes<'_, I::Sum>,
    sums: *mut I::Sum,
    masks: *mut u32,
) {
    // SAFETY: the caller guarantees all addresses and the instructions.
    unsafe {
        let mut start = [I::zero(); V];
        let mut tails = [I::splat(0.0); V];
        let mut offsets = tails;
        for v in 0..V {
            start[v] = I::load_sums(lanes.starts.as_ptr().add(v * I::LANES));
            tails[v] = I::load_floats(lanes.tails.as_ptr().add(v * I::LANES));
            offsets[v] = I::load_floats(lanes.offsets.as_ptr().add(v * I::LANES));
        }
        let products = products::<I, V, ROWS>(panel, tile, lines, start);
        for (number, products) in products.iter().enumerate() {
            let row = rows.as_ptr().add(number);
            let (factor, tail) = (I::splat((*row).factor), I::splat((*row).tail));
            let offset = I::splat((*row).offset);
            let thresholds = lanes.thresholds.as_ptr();
            let thresholds = thresholds.add((*row).class as usize * I::LANES * V);
            let mut mask = 0;
            for v in 0..V {
                let lane = v * I::LANES;
                I::store_sums(sums.add(number * V * I::LANES + lane), products[v]);
                let shift = I::fused(tail, tails[v], I::times(offset, offsets[v]));
                let bound = I::fused(I::floats(products[v]), factor, shift);
                mask |= I::at_least(bound, I::load_floats(thresholds.add(lane))) << lane;
            }
            *masks.add(number) = mask;
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
                let factors = I::load_floats(offset_factors.add(lane));
                let shift = I::times(I::splat(row.offset), factors);
                let sums = I::floats(I::load_sums(sums.add(lane)));
                let key = I::fused(sums, I::splat(row.factor), shift);
                mask |= I::at_least(key, I::load_floats(thresholds.add(lane))) << lane;
            }
            sums = sums.add(I::LANES * V);
        }
        masks.push(mask);
    }
}
