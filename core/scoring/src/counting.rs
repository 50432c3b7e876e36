//! The counts of one protein at every threshold. This is the hot loop of scoring.

use crate::{
    counts::{FN, FP, N, PR, RC, TP, VALUES, ratio},
    namespace_truth::NamespaceTruth,
    propagation::Propagator,
    single_protein::sums_of_single,
    sparse::{NamespacePredictions, Run},
    thresholds::Thresholds,
};

/// The input that all proteins of a namespace share.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub thresholds: &'a Thresholds,
    pub truth: &'a NamespaceTruth,
    pub predictions: &'a NamespacePredictions,
    /// The runs of the predictions, sorted by row.
    pub runs: &'a [Run],
    pub max_terms: Option<usize>,
    /// Whether each term of the namespace counts in the unweighted scores; `None` means all.
    pub interest: Option<&'a [bool]>,
    /// Weight of each term of the namespace; 0 for a term that does not count.
    pub weights: Option<&'a [f64]>,
}

impl Task<'_> {
    /// Number of values per row.
    pub fn width(&self) -> usize {
        self.thresholds.len() * VALUES * if self.weights.is_some() { 2 } else { 1 }
    }
}

/// Counts one protein after another, reusing its buffers.
pub(super) struct Counter<'a> {
    task: Task<'a>,
    propagator: Propagator<'a>,
    /// Terms of the ground truth, one bit each.
    truth: Vec<u64>,
    /// Number of terms of interest, by the number of thresholds that their score reaches.
    reached: Vec<u64>,
    /// The same, for the terms in the ground truth only.
    reached_true: Vec<u64>,
    predicted: Vec<f64>,
}

impl<'a> Counter<'a> {
    pub fn new(task: Task<'a>, propagator: Propagator<'a>, terms: usize) -> Counter<'a> {
        let taus = task.thresholds.len();
        Counter {
            task,
            propagator,
            truth: vec![0; terms.div_ceil(64)],
            reached: vec![0; taus + 1],
            reached_true: vec![0; taus + 1],
            predicted: vec![0.0; taus],
        }
    }

    /// Writes the values of a row. `values` must be all zeros.
    pub fn count(&mut self, row: usize, values: &mut [f64]) {
        if let Some(counter) = &self.task.predictions.counter {
            counter.add(1);
        }
        load(
            &mut self.propagator,
            self.task.predictions,
            self.task.runs,
            self.task.thresholds,
            self.task.max_terms,
            row,
        );
        let truth = self.task.truth.terms_of(row);
        for &term in truth {
            self.truth[term as usize / 64] |= 1 << (term % 64);
        }
        let (plain, weighted) = values.split_at_mut(self.task.thresholds.len() * VALUES);
        if let Some(weights) = self.task.weights {
            self.false_negatives(truth, weights, weighted);
        }
        let single = self
            .task
            .weights
            .filter(|_| self.task.truth.rows() == 1)
            .map(|weights| {
                let mut sums = vec![0.0; weighted.len()];
                let correct = |t: usize| self.truth[t / 64] >> (t % 64) & 1 == 1;
                let code = |t: usize| self.propagator.code(t as u32);
                let term_sums = sums_of_single(
                    weights,
                    self.task.thresholds.len(),
                    code,
                    correct,
                    &mut sums,
                );
                (sums, term_sums)
            });
        self.predictions(weighted);
        self.unweighted(truth, plain);
        if let Some(weights) = self.task.weights {
            let mut all = truth
                .iter()
                .map(|&t| weights[t as usize])
                .fold(0.0, |sum, w| sum + w);
            if let Some((sums, term_sums)) = single {
                weighted.copy_from_slice(&sums);
                (self.predicted, all) = term_sums;
            }
            self.ratios(all, weighted);
        }
        for &term in truth {
            self.truth[term as usize / 64] = 0;
        }
    }

    /// Sums the missed terms of every threshold in the order of the namespace, which is the order
    /// of summation in cafaeval.
    fn false_negatives(&self, truth: &[u32], weights: &[f64], values: &mut [f64]) {
        let taus = self.task.thresholds.len();
        let missed = &mut values[FN * taus..(FN + 1) * taus];
        for &term in truth {
            let reached = self.propagator.code(term).saturating_sub(1) as usize;
            let weight = weights[term as usize];
            for sum in &mut missed[reached..] {
                *sum += weight;
            }
        }
    }

    fn predictions(&mut self, weighted: &mut [f64]) {
        let taus = self.task.thresholds.len();
        let Task {
            interest, weights, ..
        } = self.task;
        let Counter {
            propagator,
            truth,
            reached,
            reached_true,
            predicted,
            ..
        } = self;
        reached.fill(0);
        reached_true.fill(0);
        predicted.fill(0.0);
        propagator.drain(|term, code| {
            let count = code.saturating_sub(1) as usize;
            if count == 0 {
                return;
            }
            let term = term as usize;
            let correct = truth[term / 64] >> (term % 64) & 1 == 1;
            if interest.is_none_or(|i| i[term]) {
                reached[count] += 1;
                reached_true[count] += u64::from(correct);
            }
            if let Some(weights) = weights {
                let weight = weights[term];
                if weight > 0.0 {
                    let sums = if correct { TP } else { FP } * taus;
                    for (all, sum) in predicted[..count]
                        .iter_mut()
                        .zip(&mut weighted[sums..sums + count])
                    {
                        *all += weight;
                        *sum += weight;
                    }
                }
            }
        });
    }

    fn unweighted(&mut self, truth: &[u32], values: &mut [f64]) {
        let taus = self.task.thresholds.len();
        let all = match self.task.interest {
            None => truth.len(),
            Some(interest) => truth.iter().filter(|&&t| interest[t as usize]).count(),
        };
        let (mut predicted, mut correct) = (0, 0);
        for tau in (0..taus).rev() {
            predicted += self.reached[tau + 1];
            correct += self.reached_true[tau + 1];
            values[TP * taus + tau] = correct as f64;
            values[FP * taus + tau] = (predicted - correct) as f64;
            values[FN * taus + tau] = (all as u64 - correct) as f64;
            values[PR * taus + tau] = ratio(correct as f64, predicted as f64);
            values[RC * taus + tau] = ratio(correct as f64, all as f64);
            values[N * taus + tau] = f64::from(u8::from(predicted > 0));
        }
    }

    fn ratios(&self, all: f64, values: &mut [f64]) {
        let taus = self.task.thresholds.len();
        for (tau, &predicted) in self.predicted.iter().enumerate() {
            let correct = values[TP * taus + tau];
            values[PR * taus + tau] = ratio(correct, predicted);
            values[RC * taus + tau] = ratio(correct, all);
            values[N * taus + tau] = f64::from(u8::from(predicted > 0.0));
        }
    }
}

/// Loads the predictions of a row into the propagator and propagates them.
pub(super) fn load(
    propagator: &mut Propagator<'_>,
    predictions: &NamespacePredictions,
    runs: &[Run],
    thresholds: &Thresholds,
    max_terms: Option<usize>,
    row: usize,
) {
    let row = row as u32;
    let most = max_terms.unwrap_or(usize::MAX);
    let mut loaded = 0;
    let first = runs.partition_point(|r| r.row < row);
    for &run in runs[first..].iter().take_while(|r| r.row == row) {
        for (term, score) in predictions.scores_of(run) {
            // `<=` accepts one term more than the option says, because cafaeval compares before it
            // adds.
            if loaded <= most {
                loaded += usize::from(propagator.raise(term, thresholds.code(score)));
            }
        }
    }
    propagator.propagate();
}
