//! The counts of one protein at every threshold, without its known terms.
//!
//! CAFA-evaluator-PK adds the weights of the counted terms in a fixed order and in one of two ways.
//! Without known terms it sums the columns of a matrix, one term after another. With known terms,
//! or for a single protein, it sums one array per protein with `numpy.sum`, which adds pairwise.
//! Both ways are repeated here, because they differ in the last bits. Most terms have the weight 0,
//! which changes no sum, so only the others are stored.

use protea_ontology::Namespace;

use crate::{
    counting::load,
    counts::{FN, FP, N, PR, RC, TP, ratio},
    namespace_truth::{NONE, NamespaceTruth},
    options::ScoringOptions,
    pairwise::sum_sparse,
    propagation::Propagator,
    sparse::{NamespacePredictions, Run},
    thresholds::Thresholds,
};

/// The input that all proteins of a namespace share.
#[derive(Clone, Copy)]
pub(super) struct PartialTask<'a> {
    pub thresholds: &'a Thresholds,
    pub namespace: &'a Namespace,
    pub options: &'a ScoringOptions,
    pub truth: &'a NamespaceTruth,
    pub known: Option<&'a NamespaceTruth>,
    /// For each row of the ground truth, the row of the same protein in `known`, or [`NONE`]. Empty
    /// if `known` is `None`.
    pub known_row: &'a [u32],
    pub predictions: &'a NamespacePredictions,
    /// The runs of the predictions, sorted by row.
    pub runs: &'a [Run],
}

/// The terms that count in the scores.
pub(super) struct Counted<'w> {
    /// For each term of the namespace, its position in the order of summation, or [`NONE`] if the
    /// term does not count.
    pub place: Vec<u32>,
    /// Number of terms that count.
    pub terms: usize,
    /// Weight of each term of the namespace; `None` means 1 for all.
    pub weights: Option<&'w [f64]>,
}

/// A term of the current protein that is predicted, in the ground truth, or both.
#[derive(Clone, Copy)]
struct Entry {
    place: u32,
    weight: f64,
    /// Number of thresholds that its score reaches.
    reached: usize,
    correct: bool,
}

/// Counts one protein after another, reusing its buffers.
pub(super) struct PartialCounter<'a> {
    task: PartialTask<'a>,
    counted: &'a Counted<'a>,
    pairwise: bool,
    propagator: Propagator<'a>,
    truth: Vec<u64>,
    known: Vec<u64>,
    entries: Vec<Entry>,
    known_places: Vec<u32>,
    summands: Vec<(usize, f64)>,
    predicted: Vec<f64>,
}

impl<'a> PartialCounter<'a> {
    /// `rows` is the total number of proteins that will be counted.
    pub fn new(task: PartialTask<'a>, counted: &'a Counted<'a>, rows: usize) -> PartialCounter<'a> {
        let words = task.namespace.len().div_ceil(64);
        PartialCounter {
            task,
            counted,
            pairwise: task.known.is_some() || rows == 1,
            propagator: Propagator::new(task.namespace, task.options.prop),
            truth: vec![0; words],
            known: vec![0; words],
            entries: Vec::new(),
            known_places: Vec::new(),
            summands: Vec::new(),
            predicted: vec![0.0; task.thresholds.len()],
        }
    }

    /// Writes the values of a row. `values` must be all zeros.
    pub fn count(&mut self, row: usize, values: &mut [f64]) {
        if let Some(counter) = &self.task.predictions.counter {
            counter.add(1);
        }
        let known = self.known_terms(row);
        let truth = self.task.truth.terms_of(row);
        set(&mut self.truth, truth);
        set(&mut self.known, known);
        self.gather(row);
        // Counts are integers, so the order of summation does not matter.
        let all = if self.counted.weights.is_none() {
            self.sum_in_sequence(values)
        } else {
            let length = self.order_entries(known);
            if self.pairwise {
                self.sum_pairwise(length, values)
            } else {
                self.sum_in_sequence(values)
            }
        };
        let taus = self.task.thresholds.len();
        for (tau, &predicted) in self.predicted.iter().enumerate() {
            let correct = values[TP * taus + tau];
            values[PR * taus + tau] = ratio(correct, predicted);
            values[RC * taus + tau] = ratio(correct, all);
            values[N * taus + tau] = f64::from(u8::from(predicted > 0.0));
        }
        clear(&mut self.truth, truth);
        clear(&mut self.known, known);
    }

    fn known_terms(&self, row: usize) -> &'a [u32] {
        match (self.task.known, self.task.known_row.get(row)) {
            (Some(known), Some(&row)) if row != NONE => known.terms_of(row as usize),
            _ => &[],
        }
    }

    /// Collects the counted terms of the row that are predicted or in the ground truth.
    fn gather(&mut self, row: usize) {
        let PartialTask {
            thresholds,
            options,
            predictions,
            runs,
            ..
        } = self.task;
        load(
            &mut self.propagator,
            predictions,
            runs,
            thresholds,
            options.max_terms,
            row,
        );
        let Self {
            counted,
            propagator,
            truth,
            known,
            entries,
            task,
            ..
        } = self;
        let entry = |term: u32, reached, correct| {
            let place = counted.place[term as usize];
            (place != NONE && !has(known, term)).then(|| Entry {
                place,
                weight: counted.weights.map_or(1.0, |w| w[term as usize]),
                reached,
                correct,
            })
        };
        entries.clear();
        let missed = task.truth.terms_of(row).iter().copied();
        let missed = missed.filter(|&term| propagator.code(term) == 0);
        entries.extend(missed.filter_map(|term| entry(term, 0, true)));
        propagator.drain(|term, code| {
            let (reached, correct) = (code.saturating_sub(1) as usize, has(truth, term));
            if reached > 0 || correct {
                entries.extend(entry(term, reached, correct));
            }
        });
    }

    /// Sorts the entries in the order of summation, closes the gaps that the known terms leave, and
    /// returns the number of positions.
    fn order_entries(&mut self, known: &[u32]) -> usize {
        let places = known.iter().map(|&term| self.counted.place[term as usize]);
        self.known_places.clear();
        self.known_places.extend(places.filter(|&p| p != NONE));
        self.known_places.sort_unstable();
        for entry in &mut self.entries {
            entry.place -= self.known_places.partition_point(|&p| p < entry.place) as u32;
        }
        self.entries.sort_unstable_by_key(|entry| entry.place);
        self.counted.terms - self.known_places.len()
    }

    fn sum_in_sequence(&mut self, values: &mut [f64]) -> f64 {
        let taus = self.task.thresholds.len();
        self.predicted.fill(0.0);
        let mut all = 0.0;
        let add = |values: &mut [f64], weight: f64| {
            for value in values {
                *value += weight;
            }
        };
        for entry in &self.entries {
            add(&mut self.predicted[..entry.reached], entry.weight);
            let sums = if entry.correct { TP } else { FP } * taus;
            add(&mut values[sums..sums + entry.reached], entry.weight);
            if entry.correct {
                add(
                    &mut values[FN * taus + entry.reached..(FN + 1) * taus],
                    entry.weight,
                );
                all += entry.weight;
            }
        }
        all
    }

    fn sum_pairwise(&mut self, length: usize, values: &mut [f64]) -> f64 {
        let taus = self.task.thresholds.len();
        let Self {
            entries,
            summands,
            predicted,
            ..
        } = self;
        let mut sum_where = |condition: &dyn Fn(&Entry) -> bool| {
            summands.clear();
            let selected = entries.iter().filter(|entry| condition(entry));
            summands.extend(selected.map(|entry| (entry.place as usize, entry.weight)));
            sum_sparse(length, summands)
        };
        // The sums at a threshold differ from those before only if some score reaches the threshold
        // before as its last.
        let mut changes = vec![false; taus + 1];
        for entry in entries.iter() {
            changes[entry.reached] = true;
        }
        for tau in 0..taus {
            if tau > 0 && !changes[tau] {
                predicted[tau] = predicted[tau - 1];
                for value in [TP, FP, FN] {
                    values[value * taus + tau] = values[value * taus + tau - 1];
                }
                continue;
            }
            predicted[tau] = sum_where(&|e| e.reached > tau);
            values[TP * taus + tau] = sum_where(&|e| e.reached > tau && e.correct);
            values[FP * taus + tau] = sum_where(&|e| e.reached > tau && !e.correct);
            values[FN * taus + tau] = sum_where(&|e| e.reached <= tau && e.correct);
        }
        sum_where(&|e| e.correct)
    }
}

fn has(bits: &[u64], term: u32) -> bool {
    bits[term as usize / 64] >> (term % 64) & 1 == 1
}

fn set(bits: &mut [u64], terms: &[u32]) {
    for &term in terms {
        bits[term as usize / 64] |= 1 << (term % 64);
    }
}

fn clear(bits: &mut [u64], terms: &[u32]) {
    for &term in terms {
        bits[term as usize / 64] = 0;
    }
}
