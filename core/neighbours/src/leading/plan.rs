//! Decides from a sample how many directions lead, or that every row is multiplied.
//!
//! The sample gives the share of pairs that the bounds of each number of directions would leave.
//! A simple model of the cost of both ways of searching then picks the cheaper one. The constants
//! are nanoseconds of one core. Those of the kernels with AVX are from AMD EPYC (Zen 4); that of the
//! portable kernel and those of single pairs are rough. Only their ratios matter.

use super::product::Vectors;
use crate::{
    index::{Index, vector_size},
    kernels::{Kernel, KeyKernel, RowProduct},
    metric::DistanceMetric,
    rows::Matrix,
};

/// Rows whose similarities show whether the vectors have leading directions at all.
const SPREAD_SAMPLE: usize = 48;
/// References and queries in the sample of pairs.
const REFERENCES: usize = 512;
const QUERIES: usize = 32;
/// The numbers of directions in `CHOICES` are multiples of this.
const STEP: usize = 32;
/// The least number of multiplications of a search for which the sample pays.
const LEAST_WORK: f64 = 1e10;
/// The search by leading directions must be this much cheaper.
const MARGIN: f64 = 0.8;

/// From this number of directions on, a second level excludes too little to pay.
const LEAST_SINGLE: usize = 100;
/// Numbers of directions that are tried: of the first and of the second level.
const CHOICES: [(usize, usize); 9] = [
    (32, 96),
    (64, 64),
    (64, 128),
    (96, 96),
    (96, 128),
    (128, 128),
    (96, 192),
    (128, 192),
    (128, 256),
];

/// Numbers of directions: of the first and of the second level. There is no second level if they are
/// equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directions {
    pub(super) first: usize,
    pub(super) all: usize,
}

impl Directions {
    /// The levels for a number of directions of the first.
    pub(super) fn new(first: usize) -> Self {
        let first = first.clamp(1, super::MOST_DIRECTIONS);
        Self {
            first,
            all: if first < LEAST_SINGLE {
                2 * first
            } else {
                first
            },
        }
    }
}

/// What the plan knows about a search without its vectors.
pub(super) struct Task<'t, 'a> {
    pub(super) index: &'t Index<'a>,
    pub(super) queries: &'t Matrix<'t>,
    pub(super) k: usize,
    pub(super) kernel: Kernel,
}

impl Task<'_, '_> {
    fn pairs(&self) -> f64 {
        self.index.members.len() as f64 * self.queries.rows() as f64
    }

    /// The number of directions worth finding: more for larger searches.
    pub(super) fn most_directions(&self) -> usize {
        if self.pairs() > 5e8 { 256 } else { 128 }
    }

    /// Whether the search is large enough for a sample, and the vectors vary more in some directions
    /// than in others.
    pub(super) fn is_promising(&self) -> bool {
        let width = self.index.width();
        let members = self.index.members.len();
        if self.pairs() * (width as f64) < LEAST_WORK
            || self.queries.rows() < 4 * 32
            || members < 1024
            || self.k > members / 16
            || width < 128
        {
            return false;
        }
        // The variance of the cosine of two rows is one over the number of directions in which
        // vectors vary, if they vary equally in all of these.
        let product = RowProduct::detect();
        let rows: Vec<Vec<f32>> = self.rows(SPREAD_SAMPLE, true);
        let mut cosines = Vec::with_capacity(SPREAD_SAMPLE * SPREAD_SAMPLE / 2);
        for (number, left) in rows.iter().enumerate() {
            let others = rows[..number].iter();
            cosines.extend(others.map(|right| f64::from(product.dot(left, right))));
        }
        let count = cosines.len() as f64;
        let mean = cosines.iter().sum::<f64>() / count;
        let variance = cosines.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / count;
        (1.0 - mean) * (1.0 - mean) < variance * width as f64 / 4.0
    }

    /// Evenly spaced members in the scale of their keys, or with norm 1.
    fn rows(&self, count: usize, unit: bool) -> Vec<Vec<f32>> {
        let members = self.index.members.len();
        let count = count.min(members);
        let mut scratch = Vec::new();
        (0..count)
            .map(|number| {
                // Not the rows of the sample that gave the directions.
                let member = (number * members + members / 2) / count;
                let norm = self.index.sizes[member].norm();
                let divisor = if unit {
                    norm
                } else {
                    self.index.divisor(member)
                };
                let row = self
                    .index
                    .references
                    .row(self.index.members[member] as usize);
                scaled(row.as_f32(&mut scratch), divisor)
            })
            .collect()
    }

    fn sampled_queries(&self) -> Vec<Vec<f32>> {
        let rows = self.queries.rows();
        let mut scratch = Vec::new();
        (0..QUERIES)
            .map(|number| {
                let row = self.queries.row(number * rows / QUERIES);
                let values = row.as_f32(&mut scratch);
                let divisor = match self.index.metric {
                    DistanceMetric::Cosine => vector_size(self.index.exact, values).norm(),
                    DistanceMetric::L2 => self.index.divisor(0),
                };
                scaled(values, divisor)
            })
            .collect()
    }

    /// The cheapest levels, or `None` if it is cheaper to multiply every row.
    pub(super) fn levels<K: KeyKernel>(&self, kernel: K, basis: &[f32]) -> Option<Directions> {
        let width = self.index.width();
        let available = basis.len() / width;
        let vectors = Vectors::<K>::new(basis, width);
        let sample = Sample::new(self, kernel, &vectors);
        let rates = Rates::new(self.kernel);
        let pairs = self.pairs();
        let rows = self.index.members.len() as f64 + self.queries.rows() as f64;
        let whole = width as f64 * rates.whole;
        let mut best = None;
        let mut least = whole * MARGIN;
        let shares = sample.shares(available);
        let share = |directions: usize| shares[directions / STEP - 1];
        for (first, all) in CHOICES {
            if all > available {
                continue;
            }
            let build = rows * width as f64 * (all as f64 * rates.whole + 1.5) / pairs;
            let scan = (first + first.min(64)) as f64 * rates.leading + 0.3;
            let second = if all > first { 25.0 } else { 0.0 };
            let left = share(first) * (8.0 + second) + share(all) * (30.0 + 0.06 * width as f64);
            let cost = build + scan + left;
            if cost < least {
                least = cost;
                best = Some(Directions { first, all });
            }
        }
        best
    }
}

fn scaled(values: &[f32], divisor: f64) -> Vec<f32> {
    let factor = if divisor > 0.0 { 1.0 / divisor } else { 0.0 };
    let scaled = values
        .iter()
        .map(|&value| (f64::from(value) * factor) as f32);
    scaled.collect()
}

/// Nanoseconds per multiplication.
pub(crate) struct Rates {
    pub(crate) whole: f64,
    /// Of bytes, if the kernel has them.
    pub(crate) leading: f64,
}

impl Rates {
    pub(crate) fn new(kernel: Kernel) -> Self {
        let (whole, leading) = match kernel {
            Kernel::Portable => (0.2, 0.2),
            Kernel::Avx2 => (0.022, 0.015),
            Kernel::AvxVnni => (0.022, 0.008),
            Kernel::Avx512 => (0.022, 0.022),
            Kernel::Avx512Vnni => (0.011, 0.006),
            Kernel::Amx => (0.011, 0.0004),
            // Not measured: four 128-bit units do as much as two of 256 bits.
            Kernel::Neon => (0.022, 0.010),
        };
        Self { whole, leading }
    }
}

/// Pairs of the sample: their coordinates and keys.
struct Sample {
    /// For each query, for each reference.
    keys: Vec<Vec<f32>>,
    queries: Vec<Coordinates>,
    references: Vec<Coordinates>,
    /// Number of references that compete for one place among the neighbours.
    competitors: f64,
}

struct Coordinates {
    values: Vec<f32>,
    squared: f32,
    /// Subtracted from the product.
    offset: f32,
}

impl Sample {
    fn new<K: KeyKernel>(task: &Task<'_, '_>, kernel: K, vectors: &Vectors<K>) -> Self {
        let product = RowProduct::detect();
        let (queries, references) = (task.sampled_queries(), task.rows(REFERENCES, false));
        let l2 = task.index.metric == DistanceMetric::L2;
        let keys = queries
            .iter()
            .map(|query| {
                let keys = references.iter().map(|reference| {
                    let offset = if l2 {
                        product.dot(reference, reference) / 2.0
                    } else {
                        0.0
                    };
                    product.dot(query, reference) - offset
                });
                keys.collect()
            })
            .collect();
        let coordinates = |rows: &[Vec<f32>]| {
            let flat = rows.concat();
            let width = task.index.width();
            let all = super::basis::products(kernel, &flat, width, vectors);
            rows.iter()
                .zip(all.chunks_exact(vectors.count()))
                .map(|(row, values)| {
                    let squared = product.dot(row, row);
                    Coordinates {
                        values: values.to_vec(),
                        squared,
                        offset: if l2 { squared / 2.0 } else { 0.0 },
                    }
                })
                .collect()
        };
        Self {
            queries: coordinates(&queries),
            references: coordinates(&references),
            keys,
            competitors: task.index.members.len() as f64 / task.k as f64,
        }
    }

    /// For each multiple of `STEP` directions, at most `most`, the share of pairs whose bound reaches
    /// the floor, continued to the size of the index as the share falls within the sample.
    fn shares(&self, most: usize) -> Vec<f64> {
        let large = self.references.len();
        let small = large / 8;
        let product = RowProduct::detect();
        let steps = most / STEP;
        let parts = |all: &[Coordinates]| all.iter().map(|c| c.tails(steps)).collect::<Vec<_>>();
        let (own, others) = (parts(&self.queries), parts(&self.references));
        // With the floor of a few of the references, and of all.
        let mut left = vec![[1_u32; 2]; steps];
        for ((query, keys), own) in self.queries.iter().zip(&self.keys).zip(&own) {
            let largest = |stride| {
                keys.iter()
                    .step_by(stride)
                    .copied()
                    .fold(f32::MIN, f32::max)
            };
            let floors = [largest(keys.len() / small), largest(1)];
            // The rounding of coordinates to 8 bits adds about a hundredth.
            let loose = 0.015 * query.squared.sqrt();
            for (reference, tails) in self.references.iter().zip(&others) {
                let mut sum = loose - reference.offset;
                for (step, left) in left.iter_mut().enumerate() {
                    let range = step * STEP..(step + 1) * STEP;
                    sum += product.dot(&query.values[range.clone()], &reference.values[range]);
                    let bound = sum + own[step] * tails[step];
                    for (left, floor) in left.iter_mut().zip(floors) {
                        *left += u32::from(bound >= floor);
                    }
                }
            }
        }
        let pairs = (self.queries.len() * large) as f64;
        let share = |[few, many]: [u32; 2]| {
            let (few, many) = (f64::from(few) / pairs, f64::from(many) / pairs);
            let slope = ((few / many).ln() / (large as f64 / small as f64).ln()).clamp(0.0, 0.8);
            (many * (self.competitors / large as f64).powf(-slope)).min(1.0)
        };
        left.into_iter().map(share).collect()
    }
}

impl Coordinates {
    /// The norm of what the leading coordinates leave out, for each multiple of `STEP`.
    fn tails(&self, steps: usize) -> Vec<f32> {
        let mut rest = self.squared;
        self.values
            .chunks(STEP)
            .take(steps)
            .map(|values| {
                rest -= values.iter().map(|value| value * value).sum::<f32>();
                rest.max(0.0).sqrt()
            })
            .collect()
    }
}
