//! A batch of queries as bytes, and the bounds of their keys.

use super::references::ByteRows;
use crate::{
    aligned::Aligned,
    bounds::{QueryScale, Scaling, Size, U},
    index::{Index, vector_size},
    kernels::{PackedValue, Rounding, SumValue, TileKernel},
    leading::QueryBound,
    metric::DistanceMetric,
    rows::{Matrix, Row},
};

/// The least step, so that bounds in units of it are finite.
const LEAST_STEP: f32 = 1.0 / (1_u64 << 40) as f32;
/// A norm that is too small to matter.
const TINY: f64 = 1e-17;

/// Queries that one thread scans at a time.
pub(super) struct Batch<L: TileKernel> {
    /// Number of the first query.
    pub(super) first: usize,
    pub(super) queries: usize,
    pub(super) panels: Aligned<L::Packed>,
    pub(super) starts: Vec<L::Sum>,
    pub(super) tails: Vec<f32>,
    pub(super) offsets: Vec<f32>,
    /// One per query; `None` for a query with a value that is not finite.
    pub(super) scales: Vec<Option<QueryScale>>,
    pub(super) squared_norms: Vec<f64>,
    pub(super) bounds: Vec<QueryBound>,
    /// The queries in half precision, converted, each at its place; empty if there are none.
    converted: Vec<f32>,
}

impl<L: TileKernel> Batch<L> {
    pub(super) fn new(
        index: &Index<'_>,
        rows: &ByteRows<L>,
        scaling: &Scaling,
        queries: &Matrix<'_>,
        (first, count): (usize, usize),
    ) -> Self {
        let lanes = count.next_multiple_of(L::QUERIES);
        let width = index.width();
        let mut batch = Self {
            first,
            queries: count,
            panels: Aligned::new(lanes * rows.width),
            starts: vec![L::Sum::default(); lanes],
            tails: vec![0.0; lanes],
            offsets: vec![0.0; lanes],
            scales: Vec::with_capacity(count),
            squared_norms: Vec::with_capacity(count),
            bounds: vec![QueryBound::default(); count],
            converted: Vec::new(),
        };
        let rounding = Rounding::detect();
        let (mut converted, mut scaled) = (Vec::new(), Vec::new());
        let mut bytes = vec![0_i8; rows.width];
        for query in 0..count {
            let row = queries.row(first + query);
            let values = row.as_f32(&mut converted);
            if matches!(row, Row::F16(_)) {
                batch.converted.resize(count * width, 0.0);
                batch.converted[query * width..][..width].copy_from_slice(values);
            }
            let size = vector_size(index.exact, values);
            batch.squared_norms.push(size.squared);
            if !size.squared.is_finite() {
                batch.scales.push(None);
                continue;
            }
            let scale = scaling.query(size);
            batch.scales.push(Some(scale));
            scaled.clear();
            scaled.extend(values.iter().map(|value| value * scale.scale));
            let largest = scale.scale * size.largest;
            let step = (largest / L::Packed::LARGEST * (1.0 + 4.0 * U as f32)).max(LEAST_STEP);
            let lost = rounding.round_to_bytes(&scaled, step, &mut bytes[..width]);
            let bound = query_bound(index, rows, scale, size, (step, f64::from(lost).sqrt()));
            batch.set(query, bound, &bytes, rows.width);
        }
        batch
    }

    fn set(&mut self, query: usize, bound: QueryBound, bytes: &[i8], width: usize) {
        self.bounds[query] = bound;
        self.tails[query] = bound.tail;
        self.offsets[query] = bound.offset;
        let sum: i32 = bytes.iter().map(|&byte| i32::from(byte)).sum();
        self.starts[query] = L::Sum::from_i32(-L::Packed::SHIFT * sum);
        let lane = query % L::QUERIES;
        let panel = &mut self.panels[query / L::QUERIES * L::QUERIES * width..];
        for (group, bytes) in bytes.chunks_exact(L::PAIR).enumerate() {
            let out = &mut panel[(group * L::QUERIES + lane) * L::PAIR..][..L::PAIR];
            for (out, &byte) in out.iter_mut().zip(bytes) {
                *out = L::Packed::query_integer(byte);
            }
        }
    }

    /// A query of the batch in single precision.
    pub(super) fn row<'q>(&'q self, queries: &'q Matrix<'_>, query: usize) -> &'q [f32] {
        match queries.row(self.first + query) {
            Row::F32(values) => values,
            Row::F16(values) => &self.converted[query * values.len()..][..values.len()],
        }
    }
}

/// The bound of a query that was rounded, times its scale, to steps with an error of norm `lost`.
fn query_bound<L: TileKernel>(
    index: &Index<'_>,
    rows: &ByteRows<L>,
    scale: QueryScale,
    size: Size,
    (step, lost): (f32, f64),
) -> QueryBound {
    let width = index.width() as f64;
    let step = f64::from(step);
    let norm = f64::from(scale.scale) * size.norm();
    // The sum of squares has as many roundings as columns.
    let lost = lost * (1.0 + 2.0 * width * U) + 8.0 * U * norm + TINY;
    let reference = index.largest_scaled_norm();
    let tail = norm * (1.0 + 1e-6) + TINY;
    let (offset, offset_size) = match index.metric {
        DistanceMetric::Cosine => (0.0, 0.0),
        DistanceMetric::L2 => {
            let factor = f64::from(scale.offset_factor);
            (factor, factor * reference * reference)
        }
    };
    let longest = reference + rows.largest_error;
    QueryBound {
        step,
        tail: (tail / step) as f32,
        // Too large only if all references are zero, and then it is multiplied with zero.
        offset: ((offset / step) as f32).min(f32::MAX),
        error: lost * longest + 32.0 * U * (tail * longest + offset_size) + TINY,
    }
}
