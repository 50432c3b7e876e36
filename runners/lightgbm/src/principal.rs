//! Principal components of embeddings.

use protea_cafa::neighbours::RowBlock;
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{folds::shuffled, references::embedding};

/// The most proteins that are used. If there are more, they are chosen at random.
const SAMPLE: usize = 20_000;
/// Additional directions, with which the iteration converges faster.
const EXTRA: usize = 8;
const ITERATIONS: usize = 12;
/// How many rows are summed up together. This fixes the order of addition, so that the result does
/// not depend on the threads.
const CHUNK: usize = 1_024;

/// The directions in which the embeddings of a training set vary most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub(crate) struct Principal {
    /// The mean embedding, which is subtracted.
    pub(crate) mean: Vec<f64>,
    /// The directions, of length 1, by descending variance.
    pub(crate) directions: Vec<Vec<f64>>,
}

impl Principal {
    /// Computes the first `count` directions of the rows `proteins` by subspace iteration (N. Halko
    /// et al., SIAM Review 53 (2011) 217), at most as many as the embeddings have columns. The
    /// result depends on the rows and the seed, not on the number of threads.
    pub(crate) fn fit(
        blocks: &[RowBlock<'_>],
        width: usize,
        proteins: &[usize],
        count: usize,
        seed: u64,
    ) -> Self {
        let count = count.min(width);
        if count == 0 || proteins.is_empty() {
            return Self::default();
        }
        let mut drawn: Vec<usize> = shuffled(proteins.len(), seed)
            .into_iter()
            .take(SAMPLE)
            .map(|at| proteins[at])
            .collect();
        drawn.sort_unstable();
        let sum = over_chunks(&drawn, width, |rows, sum| {
            for &row in rows {
                add(sum, &embedding(blocks, width, row), 1.0);
            }
        });
        let mean: Vec<f64> = sum.iter().map(|sum| sum / drawn.len() as f64).collect();
        let mut random = fastrand::Rng::with_seed(seed);
        let mut directions: Vec<Vec<f64>> = (0..(count + EXTRA).min(width))
            .map(|_| (0..width).map(|_| random.f64() - 0.5).collect())
            .collect();
        orthonormalise(&mut directions);
        for _ in 0..ITERATIONS {
            let product = over_chunks(&drawn, directions.len() * width, |rows, sum| {
                for &row in rows {
                    let centred = centred(embedding(blocks, width, row), &mean);
                    for (direction, sum) in directions.iter().zip(sum.chunks_mut(width)) {
                        add(sum, &centred, dot(&centred, direction));
                    }
                }
            });
            directions = product.chunks(width).map(<[f64]>::to_vec).collect();
            // The length of a product is the variance in its direction.
            directions.sort_by(|a, b| dot(b, b).total_cmp(&dot(a, a)));
            orthonormalise(&mut directions);
        }
        directions.truncate(count);
        for direction in &mut directions {
            // The sign of a direction is arbitrary: make its largest component positive.
            let largest = direction.iter().copied().fold(0.0, |largest: f64, value| {
                if value.abs() > largest.abs() {
                    value
                } else {
                    largest
                }
            });
            if largest < 0.0 {
                direction.iter_mut().for_each(|value| *value = -*value);
            }
        }
        Self { mean, directions }
    }

    /// The coordinates of an embedding in these directions.
    ///
    /// # Panics
    ///
    /// When the embedding has another width.
    pub(crate) fn project(&self, embedding: Vec<f64>) -> Vec<f64> {
        if self.directions.is_empty() {
            return Vec::new();
        }
        let centred = centred(embedding, &self.mean);
        let directions = self.directions.iter();
        directions
            .map(|direction| dot(&centred, direction))
            .collect()
    }

    /// Whether this is for embeddings of this width and has `count` directions.
    pub(crate) fn fits(&self, width: usize, count: usize) -> bool {
        self.directions.len() == count
            && (count == 0 || self.mean.len() == width)
            && self.directions.iter().all(|d| d.len() == width)
    }
}

/// The sum over all rows, added chunk by chunk in order.
fn over_chunks(
    rows: &[usize],
    numbers: usize,
    add_rows: impl Fn(&[usize], &mut [f64]) + Sync,
) -> Vec<f64> {
    let mut total = vec![0.0; numbers];
    let chunks: Vec<&[usize]> = rows.chunks(CHUNK).collect();
    // A few chunks at a time, because the sum of each is as large as the total.
    for batch in chunks.chunks(rayon::current_num_threads()) {
        let sums: Vec<Vec<f64>> = batch
            .par_iter()
            .map(|rows| {
                let mut sum = vec![0.0; numbers];
                add_rows(rows, &mut sum);
                sum
            })
            .collect();
        for sum in sums {
            add(&mut total, &sum, 1.0);
        }
    }
    total
}

fn centred(mut embedding: Vec<f64>, mean: &[f64]) -> Vec<f64> {
    add(&mut embedding, mean, -1.0);
    embedding
}

fn add(to: &mut [f64], values: &[f64], times: f64) {
    assert_eq!(to.len(), values.len(), "vectors of one width");
    for (to, value) in to.iter_mut().zip(values) {
        *to += times * value;
    }
}

/// The dot product, in eight partial sums: a fixed order that the compiler can vectorise.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (ones, others) = (one.chunks_exact(8), other.chunks_exact(8));
    let rest: f64 = ones
        .remainder()
        .iter()
        .zip(others.remainder())
        .map(|(one, other)| one * other)
        .sum();
    for (one, other) in ones.zip(others) {
        for at in 0..8 {
            sums[at] += one[at] * other[at];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Makes each vector perpendicular to those before it, and of length 1. A vector that depends on
/// those before it becomes 0.
fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for at in 0..vectors.len() {
        let (before, from) = vectors.split_at_mut(at);
        let vector = &mut from[0];
        let length = dot(vector, vector).sqrt();
        // Twice: the second pass removes the rounding errors of the first.
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(vector, other);
                add(vector, other, -along);
            }
        }
        let left = dot(vector, vector).sqrt();
        let scale = if left > 1e-12 * length {
            1.0 / left
        } else {
            0.0
        };
        vector.iter_mut().for_each(|value| *value *= scale);
    }
}

#[cfg(test)]
mod tests {
    use protea_cafa::neighbours::Values;

    use super::*;

    /// Points that vary most along (3, 4, 0) / 5, then along (0, 0, 1), and hardly otherwise.
    fn cloud() -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(1);
        let mut numbers = Vec::new();
        for _ in 0..3_000 {
            let (a, b, c) = (random.f32() - 0.5, random.f32() - 0.5, random.f32() - 0.5);
            let (long, middle, short) = (10.0 * a, 3.0 * b, 0.1 * c);
            numbers.extend([
                1.0 + 0.6 * long - 0.8 * short,
                2.0 + 0.8 * long + 0.6 * short,
                3.0 + middle,
            ]);
        }
        numbers
    }

    fn fit(numbers: &[f32], count: usize) -> Principal {
        let rows = numbers.len() / 3;
        let block = RowBlock {
            first_row: 0,
            rows,
            values: Values::F32(numbers),
        };
        Principal::fit(&[block], 3, &Vec::from_iter(0..rows), count, 7)
    }

    #[test]
    fn directions_have_the_largest_variance() {
        let numbers = cloud();
        let found = fit(&numbers, 2);
        for (direction, expected) in found
            .directions
            .iter()
            .zip([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
        {
            for (value, expected) in direction.iter().zip(expected) {
                assert!((value - expected).abs() < 0.02, "{direction:?}");
            }
        }
        let place = found.project(vec![
            found.mean[0] + 0.6,
            found.mean[1] + 0.8,
            found.mean[2] - 2.0,
        ]);
        assert!(
            (place[0] - 1.0).abs() < 0.1 && (place[1] + 2.0).abs() < 0.1,
            "{place:?}"
        );
        assert!(found.fits(3, 2) && !found.fits(4, 2) && !found.fits(3, 1));
    }

    #[test]
    fn directions_do_not_depend_on_threads() {
        let numbers = cloud();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads can be started")
                .install(|| fit(&numbers, 9))
        };
        let one = with(1);
        assert_eq!(one.directions.len(), 3);
        assert_eq!(one, with(3));
        assert_eq!(fit(&numbers, 0), Principal::default());
    }
}
