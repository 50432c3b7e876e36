//! 16-bit integers with AVX-512 VNNI: twelve references against `16 * V` queries in registers,
//! two products per lane and instruction, summed exactly in 32 bits.
#![allow(unsafe_code)]

use super::{Precision, RowScale, TileKernel};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// Witness that the processor has AVX-512F and VNNI; only [`Vnni::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vnni<const V: usize>(());

const ROWS: usize = 12;
const LINE: usize = 32;
const PAIR: usize = 2;

impl<const V: usize> Vnni<V> {
    pub(crate) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
            return Some(Self(()));
        }
        None
    }
}

impl<const V: usize> TileKernel for Vnni<V> {
    type Packed = i16;
    type Sum = i32;

    const QUERIES: usize = 16 * V;
    const ROWS: usize = ROWS;
    const LINE: usize = LINE;
    const PAIR: usize = PAIR;
    const PRECISION: Precision = Precision::Int16;

    #[inline]
    fn multiply(self, panel: &[i16], tile: &[i16], lines: usize, sums: &mut [i32], add: bool) {
        assert!(panel.len() >= lines * LINE * Self::QUERIES);
        assert!(tile.len() >= lines * LINE * ROWS);
        assert!(sums.len() >= ROWS * Self::QUERIES);
        // SAFETY: `self` proves AVX-512F and VNNI; the assertions above cover every address read or written.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            multiply::<V>(panel.as_ptr(), tile.as_ptr(), lines, sums.as_mut_ptr(), add)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("no value of this type exists, add = {add}")
    }

    fn filter(
        self,
        sums: &[i32],
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
        // SAFETY: `self` proves AVX-512F and VNNI; the assertions above cover every address read.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            let (sums, factors) = (sums.as_ptr(), offset_factors.as_ptr());
            filter::<V>(sums, rows, factors, thresholds.as_ptr(), masks)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("no value of this type exists")
    }

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [i16]) {
        // SAFETY: `self` proves AVX-512F and VNNI.
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
#[target_feature(enable = "avx512f,avx512vnni")]
fn pack_row(values: &[f32], scale: f32, out: &mut [i16]) {
    super::pack_row_body::<i16, LINE>(values, scale, out, ROWS * LINE);
}

/// # Safety
/// `panel` has `lines * LINE * 16 * V` readable values, `tile` has `lines * LINE * ROWS`, and
/// `sums` has `ROWS * 16 * V` writable ones.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn multiply<const V: usize>(
    mut panel: *const i16,
    mut tile: *const i16,
    lines: usize,
    sums: *mut i32,
    add: bool,
) {
    let mut products = [[_mm512_setzero_si512(); V]; ROWS];
    for _ in 0..lines {
        for pair in 0..LINE / PAIR {
            // SAFETY: the caller vouches for `lines` lines of the panel and of the tile.
            unsafe {
                let mut queries = [_mm512_setzero_si512(); V];
                for (v, query) in queries.iter_mut().enumerate() {
                    *query = _mm512_loadu_si512(panel.add((pair * V + v) * 16 * PAIR).cast());
                }
                for (row, products) in products.iter_mut().enumerate() {
                    let pair = tile.add(row * LINE + pair * PAIR).cast::<i32>();
                    let value = _mm512_set1_epi32(pair.read_unaligned());
                    for v in 0..V {
                        products[v] = _mm512_dpwssd_epi32(products[v], value, queries[v]);
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
                    _mm512_add_epi32(_mm512_loadu_si512(at.cast()), *product)
                } else {
                    *product
                };
                _mm512_storeu_si512(at.cast(), sum);
            }
        }
    }
}

/// # Safety
/// `sums` has `rows.len() * 16 * V` readable values, `offset_factors` has `16 * V`, and `thresholds`
/// has `16 * V` for every class of `rows`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn filter<const V: usize>(
    mut sums: *const i32,
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
                let sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums.add(v * 16).cast()));
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
