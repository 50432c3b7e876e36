//! Single precision with AVX-512: twelve references against `16 * V` queries in registers.
#![allow(unsafe_code)]

use super::{Precision, RowScale, TileKernel};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Witness that the processor has AVX-512F; only [`Avx512::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512<const V: usize>(());

const ROWS: usize = 12;
const LINE: usize = 16;

impl<const V: usize> Avx512<V> {
    pub(crate) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            return Some(Self(()));
        }
        None
    }
}

impl<const V: usize> TileKernel for Avx512<V> {
    type Packed = f32;
    type Sum = f32;

    const QUERIES: usize = 16 * V;
    const ROWS: usize = ROWS;
    const LINE: usize = LINE;
    const PAIR: usize = 1;
    const PRECISION: Precision = Precision::Single;

    #[inline]
    fn multiply(self, panel: &[f32], tile: &[f32], lines: usize, sums: &mut [f32], add: bool) {
        assert!(panel.len() >= lines * LINE * Self::QUERIES);
        assert!(tile.len() >= lines * LINE * ROWS);
        assert!(sums.len() >= ROWS * Self::QUERIES);
        // SAFETY: `self` proves AVX-512F; the assertions above cover every address read or written.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            multiply::<V>(panel.as_ptr(), tile.as_ptr(), lines, sums.as_mut_ptr(), add)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("no value of this type exists, add = {add}")
    }

    fn filter(
        self,
        sums: &[f32],
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
        // SAFETY: `self` proves AVX-512F; the assertions above cover every address read.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            let (sums, factors) = (sums.as_ptr(), offset_factors.as_ptr());
            filter::<V>(sums, rows, factors, thresholds.as_ptr(), masks)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("no value of this type exists")
    }

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [f32]) {
        // SAFETY: `self` proves AVX-512F.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            pack_row(values, scale, out)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!(
            "no value of this type exists, {scale} {} {}",
            values.len(),
            out.len()
        )
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn pack_row(values: &[f32], scale: f32, out: &mut [f32]) {
    super::pack_row_body::<f32, LINE>(values, scale, out, ROWS * LINE);
}

/// # Safety
/// `panel` has `lines * LINE * 16 * V` readable values, `tile` has `lines * LINE * ROWS`, and
/// `sums` has `ROWS * 16 * V` writable ones.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn multiply<const V: usize>(
    mut panel: *const f32,
    mut tile: *const f32,
    lines: usize,
    sums: *mut f32,
    add: bool,
) {
    let mut products = [[_mm512_setzero_ps(); V]; ROWS];
    for _ in 0..lines {
        for column in 0..LINE {
            // SAFETY: the caller vouches for `lines` lines of the panel and of the tile.
            unsafe {
                let mut queries = [_mm512_setzero_ps(); V];
                for (v, query) in queries.iter_mut().enumerate() {
                    *query = _mm512_loadu_ps(panel.add((column * V + v) * 16));
                }
                for (row, products) in products.iter_mut().enumerate() {
                    let value = _mm512_set1_ps(*tile.add(row * LINE + column));
                    for v in 0..V {
                        products[v] = _mm512_fmadd_ps(value, queries[v], products[v]);
                    }
                }
            }
        }
        // SAFETY: one line on; at most one past the end after the last.
        unsafe {
            panel = panel.add(LINE * V * 16);
            tile = tile.add(LINE * ROWS);
        }
    }
    for (row, products) in products.iter().enumerate() {
        for (v, product) in products.iter().enumerate() {
            // SAFETY: the caller vouches for `ROWS * V` vectors of sums.
            unsafe {
                let at = sums.add((row * V + v) * 16);
                let sum = if add {
                    _mm512_add_ps(_mm512_loadu_ps(at), *product)
                } else {
                    *product
                };
                _mm512_storeu_ps(at, sum);
            }
        }
    }
}

/// # Safety
/// `sums` has `rows.len() * 16 * V` readable values, `offset_factors` has `16 * V`, and `thresholds`
/// has `16 * V` for every class of `rows`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn filter<const V: usize>(
    mut sums: *const f32,
    rows: &[RowScale],
    offset_factors: *const f32,
    thresholds: *const f32,
    masks: &mut Vec<u32>,
) {
    masks.extend(rows.iter().map(|row| {
        let factor = _mm512_set1_ps(row.factor);
        let offset = _mm512_set1_ps(row.offset);
        let mut mask = 0;
        // SAFETY: the caller vouches for `V` vectors of sums per row, of factors, and of
        // thresholds per class.
        unsafe {
            let thresholds = thresholds.add(usize::from(row.class) * 16 * V);
            for v in 0..V {
                let shift = _mm512_mul_ps(offset, _mm512_loadu_ps(offset_factors.add(v * 16)));
                let sum = _mm512_loadu_ps(sums.add(v * 16));
                let key = _mm512_fmadd_ps(sum, factor, shift);
                let reached =
                    _mm512_cmp_ps_mask::<_CMP_GE_OQ>(key, _mm512_loadu_ps(thresholds.add(v * 16)));
                mask |= u32::from(reached) << (v * 16);
            }
            sums = sums.add(16 * V);
        }
        mask
    }));
}
