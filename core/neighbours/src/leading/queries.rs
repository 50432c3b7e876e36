//! The leading coordinates of a batch of queries, and the bounds of their keys.

use super::{
    bytes::round_query,
    coordinates::{Coordinates, Rounder},
    product::Products,
    query_bound::QueryBound,
    references::{Largest, Leading},
};
use crate::{
    aligned::Aligned,
    bounds::{QueryScale, Scaling, Size, U, packing_error, packing_scale},
    index::{Index, vector_size},
    kernels::{ByteProduct, KeyKernel, PackedValue, SumValue, TileKernel},
    metric::DistanceMetric,
    rows::{Matrix, Row},
};

/// The least step of a query, so that bounds in units of it are finite.
const LEAST_STEP: f32 = 1.0 / (1_u64 << 40) as f32;

/// Queries that one thread scans at a time.
pub(super) struct Batch<L: TileKernel> {
    /// Number of the first query.
    pub(super) first: usize,
    pub(super) queries: usize,
    pub(super) panels: Aligned<L::Packed>,
    pub(super) starts: Vec<L::Sum>,
    /// The same for the products of seeds, which have fewer columns.
    pub(super) seed_starts: Vec<L::Sum>,
    pub(super) tails: Vec<f32>,
    pub(super) offsets: Vec<f32>,
    /// One per query; `None` for a query with a value that is not finite.
    pub(super) scales: Vec<Option<QueryScale>>,
    pub(super) squared_norms: Vec<f64>,
    /// The bounds of each query, from the coordinates in `panels`.
    pub(super) bounds: Vec<QueryBound>,
    /// All coordinates, one query after another, more accurate than in `panels`.
    pub(super) wide: Vec<i16>,
    /// The bounds of each query, from the coordinates in `wide`.
    pub(super) wide_bounds: Vec<QueryBound>,
    /// Whole rows, packed, one query after another; empty if there is no third level.
    pub(super) integers: Vec<i16>,
    /// The bounds of each query, from `integers`.
    pub(super) integer_bounds: Vec<QueryBound>,
    /// The queries in half precision, converted, each at its place; empty if there are none.
    converted: Vec<f32>,
}

impl<L: TileKernel> Batch<L> {
    pub(super) fn new<K: KeyKernel>(
        kernel: K,
        index: &Index<'_>,
        leading: &Leading<K, L>,
        scaling: &Scaling,
        queries: &Matrix<'_>,
        first: usize,
        count: usize,
    ) -> Self {
        let lanes = count.next_multiple_of(L::QUERIES);
        let width = index.width();
        let directions = &leading.directions;
        let mut batch = Self {
            first,
            queries: count,
            panels: Aligned::new(lanes * leading.width),
            starts: vec![L::Sum::default(); lanes],
            seed_starts: vec![L::Sum::default(); lanes],
            tails: vec![0.0; lanes],
            offsets: vec![0.0; lanes],
            scales: Vec::with_capacity(count),
            squared_norms: Vec::with_capacity(count),
            bounds: vec![QueryBound::default(); count],
            wide: vec![0; count * leading.wide_width],
            wide_bounds: vec![QueryBound::default(); count],
            integers: Vec::new(),
            integer_bounds: vec![QueryBound::default(); count],
            converted: Vec::new(),
        };
        let integer_width = ByteProduct::query_width(width);
        if !leading.bytes.as_slice().is_empty() {
            batch.integers.resize(count * integer_width, 0);
        }
        let rounder = Rounder::new(leading.deviation, LEAST_STEP);
        let byte_product = ByteProduct::detect();
        let mut products = Products::new(directions, count);
        let mut scratch = Vec::new();
        let mut sizes = Vec::with_capacity(count);
        for query in 0..count {
            let row = queries.row(first + query);
            let values = row.as_f32(&mut scratch);
            if matches!(row, Row::F16(_)) {
                batch.converted.resize(count * width, 0.0);
                batch.converted[query * width..][..width].copy_from_slice(values);
            }
            let size = vector_size(index.exact, values);
            let finite = size.squared.is_finite();
            let scale = finite.then(|| scaling.query(size));
            let packed = packing_scale(K::PRECISION, size);
            if finite {
                products.pack(kernel, directions, query, values, packed);
            }
            batch.scales.push(scale);
            batch.squared_norms.push(size.squared);
            sizes.push((size, packed));
        }
        products.multiply(kernel, directions);
        let mut coordinates = vec![0.0; leading.wide_width.max(leading.width)];
        for (query, (size, packed)) in sizes.into_iter().enumerate() {
            if let Some(scale) = batch.scales[query] {
                let factor = (f64::from(scale.scale) / f64::from(packed)) as f32;
                let read = &mut coordinates[..directions.count()];
                products.read(directions, query, factor, read);
                batch.set(
                    query,
                    scale,
                    (size, packed),
                    leading,
                    (index, rounder),
                    &mut coordinates,
                );
                if !leading.bytes.as_slice().is_empty() {
                    let values = match queries.row(first + query) {
                        Row::F32(values) => values,
                        Row::F16(_) => &batch.converted[query * width..][..width],
                    };
                    let out = &mut batch.integers[query * integer_width..][..integer_width];
                    batch.integer_bounds[query] = round_query(index, scale, size, values, out);
                    byte_product.pack(out, width);
                }
            }
        }
        batch
    }

    /// A query of the batch in single precision.
    pub(super) fn row<'q>(&'q self, queries: &'q Matrix<'_>, query: usize) -> &'q [f32] {
        match queries.row(self.first + query) {
            Row::F32(values) => values,
            Row::F16(values) => &self.converted[query * values.len()..][..values.len()],
        }
    }

    fn set<K: KeyKernel>(
        &mut self,
        query: usize,
        scale: QueryScale,
        (size, packed): (Size, f32),
        leading: &Leading<K, L>,
        (index, rounder): (&Index<'_>, Rounder),
        coordinates: &mut [f32],
    ) {
        let applied = f64::from(scale.scale);
        let count = leading.directions.count();
        let own = packing_error(K::PRECISION, index.width(), count, size, packed);
        let deviation = leading.deviation;
        let squared = applied * applied * size.squared;
        let product_error = own * (1.0 + deviation);
        let mut first = coordinates[..leading.width].to_vec();
        let found = rounder.round::<L::Packed>(&mut first, squared, product_error);
        // The sum of products, if it is not an exact integer.
        let gamma = match L::Packed::LARGEST {
            0.0 => 2.0 * (leading.width as f64 + 2.0) * U,
            _ => 0.0,
        };
        let bound = query_bound(found, scale, index, deviation, gamma, leading.largest);
        self.bounds[query] = bound;
        self.tails[query] = bound.tail;
        self.offsets[query] = bound.offset;
        let panel = query / L::QUERIES * L::QUERIES * leading.width;
        let lane = query % L::QUERIES;
        let (mut sum, mut seed_sum) = (0, 0);
        for (column, &value) in first.iter().enumerate() {
            let at = (column / L::PAIR * L::QUERIES + lane) * L::PAIR + column % L::PAIR;
            let number = L::Packed::from_scaled(value);
            if L::Packed::SHIFT != 0 {
                sum += number.number() as i32;
            }
            if column + 1 == leading.seed_width {
                seed_sum = sum;
            }
            self.panels[panel + at] = number;
        }
        self.starts[query] = L::Sum::from_i32(-L::Packed::SHIFT * sum);
        self.seed_starts[query] = L::Sum::from_i32(-L::Packed::SHIFT * seed_sum);
        if leading.wide_width == 0 {
            return;
        }
        let found = rounder.round::<i16>(coordinates, squared, product_error);
        self.wide_bounds[query] =
            query_bound(found, scale, index, deviation, 0.0, leading.wide_largest);
        let wide = &mut self.wide[query * leading.wide_width..][..leading.wide_width];
        for (out, value) in wide.iter_mut().zip(coordinates) {
            *out = i16::from_scaled(*value);
        }
    }
}

/// The bound of a query with the coordinates `found`. `gamma` is the relative error of a sum of
/// products.
fn query_bound(
    found: Coordinates,
    scale: QueryScale,
    index: &Index<'_>,
    deviation: f64,
    gamma: f64,
    largest: Largest,
) -> QueryBound {
    let step = f64::from(found.step);
    let (offset, offset_size) = match index.metric {
        DistanceMetric::Cosine => (found.norm, 0.0),
        DistanceMetric::L2 => {
            let factor = f64::from(scale.offset_factor);
            let norm = index.largest_scaled_norm();
            (factor, factor * norm * norm)
        }
    };
    let rounding = 8.0 * U * (found.norm * largest.norm + found.tail * largest.tail + offset_size);
    QueryBound {
        step,
        tail: (found.tail / step * (1.0 + 1e-7)) as f32,
        offset: (offset / step) as f32,
        error: found.error * largest.norm
            + found.norm * largest.error
            + (3.0 * deviation + gamma) * found.norm * largest.norm
            + rounding
            + 1e-17,
    }
}
