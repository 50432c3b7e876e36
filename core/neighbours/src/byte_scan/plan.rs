//! Estimates from a sample whether multiplying rows as bytes is faster than other ways of searching.

use crate::{
    bounds::Size,
    index::{Index, vector_size},
    kernels::{Kernel, PackedValue, RowProduct, TileKernel},
    leading::Rates,
    metric::DistanceMetric,
    rows::Matrix,
};

/// References and queries in the sample.
const REFERENCES: usize = 320;
const QUERIES: usize = 20;
/// The least number of multiplications of a search for which the sample pays.
const LEAST_WORK: f64 = 1e9;
/// Nanoseconds for each pair besides the products, and for each number of a row that is rounded.
const PAIR: f64 = 0.2;
const ROUNDED: f64 = 0.3;
/// Nanoseconds for each reference that remains, and for each of its numbers: rows come from memory.
const CANDIDATE: f64 = 250.0;
const CANDIDATE_VALUE: f64 = 0.4;

/// Whether the search takes at most `share` of the time that multiplying the rows themselves takes.
pub(crate) fn pays<L: TileKernel>(
    index: &Index<'_>,
    queries: &Matrix<'_>,
    k: usize,
    kernel: Kernel,
    share: f64,
) -> bool {
    let (width, members) = (index.width() as f64, index.members.len());
    let pairs = members as f64 * queries.rows() as f64;
    if pairs * width < LEAST_WORK || members < REFERENCES || k > members / 16 {
        return false;
    }
    let rates = Rates::new(kernel);
    let whole = width * rates.whole;
    let build = width * ROUNDED / queries.rows() as f64;
    let known = build + width * rates.leading + PAIR;
    if known > share * whole {
        return false;
    }
    let left = share_left(index, queries, k, f64::from(L::Packed::LARGEST));
    known + left * (CANDIDATE + CANDIDATE_VALUE * width) <= share * whole
}

/// A row of the sample, and the norm of the error of rounding it to bytes.
struct Sampled {
    values: Vec<f32>,
    squared: f64,
    error: f64,
}

fn sampled(values: &[f32], size: Size, divisor: f64, largest: f64) -> Sampled {
    let factor = if divisor > 0.0 { 1.0 / divisor } else { 0.0 };
    let scaled = values
        .iter()
        .map(|&value| (f64::from(value) * factor) as f32);
    let step = f64::from(size.largest) * factor / largest;
    Sampled {
        values: scaled.collect(),
        squared: size.squared * factor * factor,
        // Errors are uniform within half a step.
        error: step * (values.len() as f64 / 12.0).sqrt(),
    }
}

/// The share of pairs whose upper bounds reach the `k`-th key, continued from the sample to the size of
/// the index as it falls within the sample.
fn share_left(index: &Index<'_>, queries: &Matrix<'_>, k: usize, largest: f64) -> f64 {
    let members = index.members.len();
    let mut scratch = Vec::new();
    let references: Vec<Sampled> = (0..REFERENCES)
        .map(|number| {
            let member = (number * members + members / 2) / REFERENCES;
            let row = index.references.row(index.members[member] as usize);
            let values = row.as_f32(&mut scratch);
            sampled(values, index.sizes[member], index.divisor(member), largest)
        })
        .collect();
    let product = RowProduct::detect();
    let mut left = [1_u32; 2];
    for number in 0..QUERIES {
        let row = queries.row(number * queries.rows() / QUERIES);
        let values = row.as_f32(&mut scratch);
        let size = vector_size(index.exact, values);
        let divisor = match index.metric {
            DistanceMetric::Cosine => size.norm(),
            DistanceMetric::L2 => index.divisor(0),
        };
        let query = sampled(values, size, divisor, largest);
        let keys: Vec<f64> = references
            .iter()
            .map(|reference| {
                let offset = match index.metric {
                    DistanceMetric::Cosine => 0.0,
                    DistanceMetric::L2 => reference.squared / 2.0,
                };
                f64::from(product.dot(&query.values, &reference.values)) - offset
            })
            .collect();
        // With the floor of a few of the references, and of all.
        let best = |stride| {
            keys.iter()
                .step_by(stride)
                .copied()
                .fold(f64::MIN, f64::max)
        };
        let floors = [best(8), best(1)];
        for (key, reference) in keys.iter().zip(&references) {
            let loose =
                query.squared.sqrt() * reference.error + query.error * reference.squared.sqrt();
            for (left, floor) in left.iter_mut().zip(floors) {
                *left += u32::from(key + loose >= floor);
            }
        }
    }
    let share = |count: u32| f64::from(count) / (QUERIES * REFERENCES) as f64;
    let slope = ((share(left[0]) / share(left[1])).ln() / 8.0_f64.ln()).clamp(0.0, 0.9);
    let competitors = members as f64 / k as f64;
    (share(left[1]) * (competitors / REFERENCES as f64).powf(-slope)).min(1.0)
}
