//! One protein's counts at every threshold, without what was known of it.
//!
//! The terms that count have an order, and CAFA-evaluator-PK adds their weights in one of two ways. Without known terms it sums the
//! columns of a matrix, one term after the other; with them, and for a single protein, one array per protein, as numpy sums one:
//! in pairs. Only few of the terms have a weight there, all others being zeros, which change no sum.

use protea_ontology::Namespace;

use super::counting::load;
use super::counts::{FN, FP, N, PR, RC, TP, ratio};
use super::options::ScoringOptions;
use super::pairwise::sum_sparse;
use super::propagation::Propagator;
use super::sparse::{NamespacePredictions, Run};
use super::thresholds::Thresholds;
use super::truth::{NONE, NamespaceTruth};

/// What is the same for all proteins of a namespace.
#[derive(Clone, Copy)]
pub(super) struct PartialTask<'a> {
    pub thresholds: &'a Thresholds,
    pub namespace: &'a Namespace,
    pub options: &'a ScoringOptions,
    pub truth: &'a NamespaceTruth,
    pub known: Option<&'a NamespaceTruth>,
    /// By row of the ground truth, the row of what is known; empty where nothing is known of any protein.
    pub known_row: &'a [u32],
    pub predictions: &'a NamespacePredictions,
    /// The runs of the predictions by row.
    pub runs: &'a [Run],
}

/// The terms that count.
pub(super) struct Counted<'w> {
    /// Place of each term of the namespace in the order of summing; [`NONE`] for one that does not count.
    pub place: Vec<u32>,
    /// How many count.
    pub terms: usize,
    /// Weight of each term of the namespace; `None`: 1.
    pub weights: Option<&'w [f64]>,
}

/// A term of the protein at hand that was predicted, or is true, or both.
#[derive(Clone, Copy)]
struct Entry {
    place: u32,
    weight: f64,
    /// Thresholds that its score reaches.
    reached: usize,
    correct: bool,
}

/// Room for one protein after another.
pub(super) struct PartialCounter<'a> {
    task: PartialTask<'a>,
    counted: &'a Counted<'a>,
    in_pairs: bool,
    propagator: Propagator<'a>,
    truth: Vec<u64>,
    known: Vec<u64>,
    entries: Vec<Entry>,
    known_places: Vec<u32>,
    some: Vec<(usize, f64)>,
    predicted: Vec<f64>,
}

impl<'a> PartialCounter<'a> {
    /// `rows` is how many proteins there are in all.
    pub fn new(task: PartialTask<'a>, counted: &'a Counted<'a>, rows: usize) -> PartialCounter<'a> {
        let words = task.namespace.len().div_ceil(64);
        PartialCounter {
            task,
            counted,
            in_pairs: task.known.is_some() || rows == 1,
            propagator: Propagator::new(task.namespace, task.options.prop),
            truth: vec![0; words],
            known: vec![0; words],
            entries: Vec::new(),
            known_places: Vec::new(),
            some: Vec::new(),
            predicted: vec![0.0; task.thresholds.len()],
        }
    }

    /// Adds the values of a row to zeros.
    pub fn count(&mut self, row: usize, values: &mut [f64]) {
        let known = self.known_of(row);
        let truth = self.task.truth.terms_of(row);
        set(&mut self.truth, truth);
        set(&mut self.known, known);
        self.gather(row);
        // Counts are whole numbers: their order does not matter.
        let all = if self.counted.weights.is_none() {
            self.one_after_the_other(values)
        } else {
            let length = self.move_up(known);
            if self.in_pairs {
                self.in_pairs(length, values)
            } else {
                self.one_after_the_other(values)
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

    fn known_of(&self, row: usize) -> &'a [u32] {
        match (self.task.known, self.task.known_row.get(row)) {
            (Some(known), Some(&row)) if row != NONE => known.terms_of(row as usize),
            _ => &[],
        }
    }

    /// Collects the terms of the row that count.
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

    /// Puts the entries in the order of summing, places moved up where known terms are taken out, and gives the number of places.
    fn move_up(&mut self, known: &[u32]) -> usize {
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

    fn one_after_the_other(&mut self, values: &mut [f64]) -> f64 {
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

    fn in_pairs(&mut self, length: usize, values: &mut [f64]) -> f64 {
        let taus = self.task.thresholds.len();
        let Self {
            entries,
            some,
            predicted,
            ..
        } = self;
        let mut sum_where = |holds: &dyn Fn(&Entry) -> bool| {
            some.clear();
            let held = entries.iter().filter(|entry| holds(entry));
            some.extend(held.map(|entry| (entry.place as usize, entry.weight)));
            sum_sparse(length, some)
        };
        // Sums change only after a threshold that some score reaches as its last.
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
