//! The contribution of each protein to the curve.

use protea_ontology::Namespace;
use rayon::{
    iter::{IndexedParallelIterator, ParallelIterator},
    slice::ParallelSliceMut,
};

use crate::{
    counting::{Counter, Task},
    counts::{N, PR, RC, VALUES},
    curve::Scores,
    options::{Norm, Propagation},
    pairwise::add_rows,
    partial_counting::{Counted, PartialCounter, PartialTask},
    propagation::Propagator,
};

/// Number of proteins per unit of work of a thread.
const CHUNK: usize = 64;

/// The precision and recall of every protein at every threshold.
pub(super) struct Contributions {
    taus: usize,
    /// For each protein, its precision at every threshold, then its recall at every threshold.
    values: Vec<f64>,
    /// For each protein, the number of thresholds, from the lowest, at which it has a prediction.
    reached: Vec<u32>,
    /// For each protein, whether it counts in the divisor: whether it has a term left to predict.
    counts: Vec<bool>,
}

const _: () = assert!(RC == PR + 1);

impl Contributions {
    pub fn count(task: Task<'_>, namespace: &Namespace, propagation: Propagation) -> Self {
        let proteins = task.truth.rows();
        Self::collect(
            task.thresholds.len(),
            vec![true; proteins],
            task.width(),
            || {
                let propagator = Propagator::new(namespace, propagation);
                let mut counter = Counter::new(task, propagator, namespace.len());
                move |protein, counted: &mut [f64]| counter.count(protein, counted)
            },
        )
    }

    pub fn count_partial(
        task: PartialTask<'_>,
        terms: &Counted<'_>,
        rows: &[u32],
        counts: Vec<bool>,
    ) -> Self {
        let taus = task.thresholds.len();
        Self::collect(taus, counts, VALUES * taus, || {
            let mut counter = PartialCounter::new(task, terms, rows.len());
            move |protein: usize, counted: &mut [f64]| {
                counter.count(rows[protein] as usize, counted);
            }
        })
    }

    /// `counter` creates a function that writes the values of a protein into a slice of `width`
    /// zeros.
    fn collect<F: FnMut(usize, &mut [f64])>(
        taus: usize,
        counts: Vec<bool>,
        width: usize,
        counter: impl Fn() -> F + Sync,
    ) -> Self {
        let proteins = counts.len();
        let mut values = vec![0.0; proteins * 2 * taus];
        let mut reached = vec![0; proteins];
        values
            .par_chunks_mut(CHUNK * 2 * taus)
            .zip(reached.par_chunks_mut(CHUNK))
            .enumerate()
            .for_each(|(chunk, (values, reached))| {
                let mut count = counter();
                let mut counted = vec![0.0; width];
                let rows = values.chunks_exact_mut(2 * taus).zip(reached);
                for (at, (values, reached)) in rows.enumerate() {
                    counted.fill(0.0);
                    count(chunk * CHUNK + at, &mut counted);
                    values.copy_from_slice(&counted[PR * taus..][..2 * taus]);
                    let predicted = &counted[N * taus..][..taus];
                    *reached = predicted.partition_point(|&n| n > 0.0) as u32;
                }
            });
        Self {
            taus,
            values,
            reached,
            counts,
        }
    }

    /// Number of proteins that count in the divisor.
    pub fn counting(&self) -> usize {
        self.counts.iter().filter(|counts| **counts).count()
    }

    pub fn proteins(&self) -> usize {
        self.reached.len()
    }

    /// Fmax of a resample in which protein *p* occurs `counts[p]` times. The sum of the counts is
    /// the number of proteins.
    pub fn fmax(&self, counts: &[u32], norm: Norm) -> f64 {
        let taus = self.taus;
        let counting = counts.iter().zip(&self.counts);
        let counting = counting.filter(|(_, counts)| **counts);
        let proteins = counting.map(|(&count, _)| count as usize).sum();
        let ratios = add_rows(0..self.proteins(), 2 * taus, &|| {
            |protein: usize, sums: &mut [f64]| {
                let count = counts[protein];
                if count > 0 {
                    let count = f64::from(count);
                    let values = &self.values[protein * 2 * taus..][..2 * taus];
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum += count * value;
                    }
                }
            }
        });
        let mut sums = vec![0.0; VALUES * taus];
        sums[PR * taus..][..2 * taus].copy_from_slice(&ratios);
        let mut ending = vec![0; taus + 1];
        for (&count, &reached) in counts.iter().zip(&self.reached) {
            ending[reached as usize] += count;
        }
        let mut predicted = 0;
        for tau in (0..taus).rev() {
            predicted += ending[tau + 1];
            sums[N * taus + tau] = f64::from(predicted);
        }
        (0..taus)
            .map(|tau| Scores::from_sums(&sums, taus, tau, proteins, norm).f)
            .fold(0.0, f64::max)
    }
}
