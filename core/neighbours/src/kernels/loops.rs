//! The inner loops, written once for all SIMD instruction sets.
//!
//! They are inlined into functions that are compiled with the target features of the instruction
//! set ([`compiled_for`](super::compiled_for)), so the intrinsics are inlined too.
#![allow(unsafe_code)]

use super::{
    BoundLanes, BoundRow, RowScale,
    instruction_set::{InstructionSet, Sum},
    lanes::{FloatLanes, SumLanes},
};

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
                let mut queries = [I::Register::zero(); V];
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
    sums: *mut Sum<I>,
    add: bool,
) {
    // SAFETY: the caller guarantees the instructions.
    let start = unsafe { [I::Register::zero(); V] };
    // SAFETY: the caller guarantees what `products` requires.
    let products = unsafe { products::<I, V, ROWS>(panel, tile, lines, start) };
    for (row, products) in products.iter().enumerate() {
        for (v, product) in products.iter().enumerate() {
            // SAFETY: the caller guarantees `ROWS * V` registers of sums.
            unsafe {
                let at = sums.add((row * V + v) * I::LANES);
                let sum = if add {
                    I::Register::load(at).add(*product)
                } else {
                    *product
                };
                sum.store(at);
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
    lanes: &BoundLanes<'_, Sum<I>>,
    sums: *mut Sum<I>,
    masks: *mut u32,
) {
    // SAFETY: the caller guarantees all addresses and the instructions.
    unsafe {
        let mut start = [I::Register::zero(); V];
        for (v, start) in start.iter_mut().enumerate() {
            *start = I::Register::load(lanes.starts.as_ptr().add(v * I::LANES));
        }
        let factors = QueryFactors::<I::Register, V>::load(lanes);
        let products = products::<I, V, ROWS>(panel, tile, lines, start);
        for (number, products) in products.iter().enumerate() {
            for (v, products) in products.iter().enumerate() {
                products.store(sums.add((number * V + v) * I::LANES));
            }
            *masks.add(number) = factors.mask(*products, rows.get_unchecked(number), lanes);
        }
    }
}

/// The part of [`reach`] after the products, which are `sums`.
///
/// # Safety
///
/// As for [`reach`].
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline(always)]
pub(super) unsafe fn bounds<R: SumLanes, const V: usize>(
    sums: *const R::Sum,
    rows: &[BoundRow],
    lanes: &BoundLanes<'_, R::Sum>,
    masks: *mut u32,
) {
    // SAFETY: the caller guarantees all addresses and the instructions.
    unsafe {
        let factors = QueryFactors::<R, V>::load(lanes);
        for (number, row) in rows.iter().enumerate() {
            let mut products = [R::zero(); V];
            for (v, products) in products.iter_mut().enumerate() {
                *products = R::load(sums.add((number * V + v) * R::LANES));
            }
            *masks.add(number) = factors.mask(products, row, lanes);
        }
    }
}

/// What turns sums into bounds, for a panel of queries.
struct QueryFactors<R: SumLanes, const V: usize> {
    tails: [R::Floats; V],
    offsets: [R::Floats; V],
}

impl<R: SumLanes, const V: usize> QueryFactors<R, V> {
    /// # Safety
    ///
    /// As for [`reach`].
    #[inline(always)]
    unsafe fn load(lanes: &BoundLanes<'_, R::Sum>) -> Self {
        // SAFETY: the caller guarantees all addresses and the instructions.
        unsafe {
            let mut tails = [R::Floats::splat(0.0); V];
            let mut offsets = tails;
            for v in 0..V {
                tails[v] = R::Floats::load(lanes.tails.as_ptr().add(v * R::LANES));
                offsets[v] = R::Floats::load(lanes.offsets.as_ptr().add(v * R::LANES));
            }
            Self { tails, offsets }
        }
    }

    /// The queries for which the bound of a reference is at least the threshold.
    ///
    /// # Safety
    ///
    /// As for [`reach`].
    #[inline(always)]
    unsafe fn mask(&self, sums: [R; V], row: &BoundRow, lanes: &BoundLanes<'_, R::Sum>) -> u32 {
        // SAFETY: the caller guarantees all addresses and the instructions.
        unsafe {
            let (factor, tail) = (R::Floats::splat(row.factor), R::Floats::splat(row.tail));
            let offset = R::Floats::splat(row.offset);
            let thresholds = lanes.thresholds.as_ptr();
            let thresholds = thresholds.add(row.class as usize * R::LANES * V);
            let mut mask = 0;
            for (v, sums) in sums.into_iter().enumerate() {
                let lane = v * R::LANES;
                let shift = tail.fused(self.tails[v], offset.times(self.offsets[v]));
                let bound = sums.floats().fused(factor, shift);
                mask |= bound.at_least(R::Floats::load(thresholds.add(lane))) << lane;
            }
            mask
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
pub(super) unsafe fn filter<R: SumLanes, const V: usize>(
    mut sums: *const R::Sum,
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
            let thresholds = thresholds.add(usize::from(row.class) * R::LANES * V);
            for v in 0..V {
                let lane = v * R::LANES;
                let factors = R::Floats::load(offset_factors.add(lane));
                let shift = R::Floats::splat(row.offset).times(factors);
                let sums = R::load(sums.add(lane)).floats();
                let key = sums.fused(R::Floats::splat(row.factor), shift);
                mask |= key.at_least(R::Floats::load(thresholds.add(lane))) << lane;
            }
            sums = sums.add(R::LANES * V);
        }
        masks.push(mask);
    }
}
