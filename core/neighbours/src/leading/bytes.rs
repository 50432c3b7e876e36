//! The third level: whole rows as bytes, a quarter of their size.
//!
//! The bound needs no directions. With `y` the rounded reference and `x` the rounded query,
//! `q.r = x.y + (q - x).y + q.(r - y) <= x.y + |q - x| |y| + |q| |r - y|` (Cauchy-Schwarz).

use super::query_bound::QueryBound;
use crate::{
    bounds::{QueryScale, Size, U},
    index::Index,
    kernels::{BoundRow, PackedValue, Rounding},
    metric::DistanceMetric,
};

/// Bytes that the third level may use. Larger indexes read the rows themselves.
pub(super) const MOST_BYTES: usize = 1 << 30;
/// Norms between which single precision neither overflows nor underflows.
const PLAIN_NORMS: std::ops::Range<f64> = 1e-12..1e12;
/// A norm that is too small to matter.
const TINY: f64 = 1e-17;

/// Whether an index of this size has a third level.
pub(super) fn fits(index: &Index<'_>) -> bool {
    index.members.len().saturating_mul(index.width()) <= MOST_BYTES
}

/// Rounds a member to bytes. The tail of the result is the norm of the error.
pub(crate) fn round_reference<T: PackedValue>(
    rounding: Rounding,
    index: &Index<'_>,
    member: usize,
    values: &[f32],
    offset: f32,
    out: &mut [i8],
) -> BoundRow {
    let size = index.sizes[member];
    let (norm, divisor) = (size.norm(), index.divisor(member));
    let class = u32::from(index.class(member));
    if !PLAIN_NORMS.contains(&norm) || !PLAIN_NORMS.contains(&divisor) {
        // Rounded to zero.
        let tail = if divisor > 0.0 { norm / divisor } else { 0.0 };
        return BoundRow {
            factor: 0.0,
            tail: (tail * (1.0 + 1e-6)) as f32,
            offset,
            class,
        };
    }
    let step = size.largest / T::LARGEST * (1.0 + 4.0 * U as f32);
    let lost = f64::from(rounding.round_to_bytes(values, step, out)).sqrt();
    // The sum of squares has as many roundings as columns; the factor is rounded once.
    let lost = lost * (1.0 + 2.0 * values.len() as f64 * U) + 8.0 * U * norm;
    BoundRow {
        factor: (f64::from(step) / divisor) as f32,
        tail: (lost / divisor * (1.0 + 1e-6)) as f32,
        offset,
        class,
    }
}

/// What the key of a member adds to its product, times the factor of the query.
pub(crate) fn key_offset(index: &Index<'_>, member: usize) -> f32 {
    match index.metric {
        DistanceMetric::Cosine => 0.0,
        DistanceMetric::L2 => {
            let norm = index.sizes[member].norm() / index.divisor(member);
            (-norm * norm / 2.0) as f32
        }
    }
}

/// Rounds a query, times its factor, to 16-bit integers, so that no sum with bytes overflows.
pub(super) fn round_query(
    index: &Index<'_>,
    scale: QueryScale,
    size: Size,
    values: &[f32],
    out: &mut [i16],
) -> QueryBound {
    let width = values.len() as f64;
    let applied = f64::from(scale.scale);
    let norm = applied * size.norm();
    let largest = applied * f64::from(size.largest);
    // The norm of the bytes is at most 127 times the root of the width.
    let step = (norm / (f64::from(1 << 30) / (127.0 * width.sqrt())))
        .max(largest / 32_000.0)
        .max(1.0 / (1_u64 << 40) as f64) as f32;
    let inverse = 1.0 / step;
    for (out, value) in out.iter_mut().zip(values) {
        *out = (value * scale.scale * inverse + 12_582_912.0).to_bits() as i16;
    }
    let step = f64::from(step);
    let error = 0.51 * step * width.sqrt();
    let reference = index.largest_scaled_norm();
    let tail = norm * (1.0 + 1e-6) + TINY;
    let (offset, offset_size) = match index.metric {
        DistanceMetric::Cosine => (0.0, 0.0),
        DistanceMetric::L2 => {
            let factor = f64::from(scale.offset_factor);
            (factor, factor * reference * reference)
        }
    };
    let rounding = 16.0 * U * (tail * reference + offset_size);
    // Rounding makes a reference longer by at most half a step, a 254th of its norm, per column.
    QueryBound {
        step,
        tail: (tail / step) as f32,
        offset: (offset / step) as f32,
        error: error * reference * (1.0 + 0.005 * width.sqrt()) + rounding + TINY,
    }
}
