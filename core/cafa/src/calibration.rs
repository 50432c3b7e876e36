//! Calibration: turns scores into probabilities, so that of the terms with the score 0.7, seven in
//! ten are right.
//!
//! For each aspect, isotonic regression fits the rising function of the score that is nearest, by
//! the squared error, to the fraction of right terms among held-out predictions. It is computed with
//! the algorithm that pools adjacent violators (M. Ayer et al., Annals of Mathematical Statistics 26
//! (1955) 641). Between the pools the function is linear, and outside it is constant, as in
//! scikit-learn's `IsotonicRegression(out_of_bounds="clip")`. A rising function keeps the order of
//! the scores, so a term still scores at least as much as its descendants.
//!
//! It knows the ontology. It must not know how a runner predicts, or which proteins it holds out.

use std::collections::BTreeMap;

use protea_contracts::prelude::{Deserialize, Serialize, serde};

use crate::ontology::{Ontology, Term, random::split_mix_64};

const MILLION: f64 = 1e6;
/// With fewer predictions, the scores of an aspect stay as they are.
const FEWEST: u64 = 100;

/// A rising function from scores to probabilities, linear between its points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "self::serde")]
pub struct CalibrationCurve {
    /// Scores in ascending order, in [0, 1].
    scores: Vec<f64>,
    /// The probability at each score, never falling, in [0, 1].
    probabilities: Vec<f64>,
    /// The number of predictions that the curve was fitted to.
    predictions: u64,
}

impl CalibrationCurve {
    /// Fits a curve to scores, each with its number of predictions and the number of those that are
    /// right. Scores are in ascending order, without repetition. `None` without predictions.
    #[must_use]
    pub fn fit(counted: impl IntoIterator<Item = (f64, u64, u64)>) -> Option<Self> {
        /// Adjacent scores with the same probability.
        struct Pool {
            first: f64,
            last: f64,
            predictions: u64,
            right: u64,
        }
        impl Pool {
            /// Whether the mean is at least that of `later`. Exact, unlike a quotient.
            fn violates(&self, later: &Self) -> bool {
                u128::from(self.right) * u128::from(later.predictions)
                    >= u128::from(later.right) * u128::from(self.predictions)
            }
        }
        let mut pools: Vec<Pool> = Vec::new();
        for (score, predictions, right) in counted {
            if predictions == 0 {
                continue;
            }
            let mut pool = Pool {
                first: score,
                last: score,
                predictions,
                right,
            };
            while let Some(before) = pools.pop_if(|before| before.violates(&pool)) {
                pool.first = before.first;
                pool.predictions += before.predictions;
                pool.right += before.right;
            }
            pools.push(pool);
        }
        let mut curve = Self::default();
        for pool in &pools {
            let probability = pool.right as f64 / pool.predictions as f64;
            curve.predictions += pool.predictions;
            for score in [pool.first, pool.last] {
                if curve.scores.last() != Some(&score) {
                    curve.scores.push(score);
                    curve.probabilities.push(probability);
                }
            }
        }
        (!pools.is_empty()).then_some(curve)
    }

    /// The probability for a score.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        let above = self.scores.partition_point(|known| *known < score);
        let (Some(last), Some(before)) = (self.probabilities.last(), above.checked_sub(1)) else {
            return self.probabilities.first().copied().unwrap_or(score);
        };
        let (Some(&high), Some(&to)) = (self.scores.get(above), self.probabilities.get(above))
        else {
            return *last;
        };
        let (low, from) = (self.scores[before], self.probabilities[before]);
        if score == high {
            return to;
        }
        // Rounding must not lead out of the interval.
        (from + (to - from) * (score - low) / (high - low)).clamp(from, to)
    }

    /// Whether the curve can be applied: as many probabilities as scores, both in order and in
    /// [0, 1].
    fn is_valid(&self) -> bool {
        let rising = |values: &[f64]| {
            values.iter().all(|value| (0.0..=1.0).contains(value)) && values.is_sorted()
        };
        self.scores.len() == self.probabilities.len()
            && !self.scores.is_empty()
            && rising(&self.scores)
            && rising(&self.probabilities)
            && self.scores.windows(2).all(|pair| pair[0] < pair[1])
    }
}

/// The curves of a model, by namespace of the ontology. A namespace without a curve keeps its
/// scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "self::serde", transparent)]
pub struct Calibration(BTreeMap<String, CalibrationCurve>);

impl Calibration {
    /// The score of a term after calibration.
    #[must_use]
    pub fn apply(&self, ontology: &Ontology, term: Term, score: f64) -> f64 {
        let namespace = ontology.namespaces()[ontology.namespace_of(term)].name();
        match self.0.get(namespace) {
            Some(curve) => curve.apply(score),
            None => score,
        }
    }

    /// Whether every curve can be applied. A model may come from someone else.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.0.values().all(CalibrationCurve::is_valid)
    }

    /// Adds the curve of a namespace.
    pub fn insert(&mut self, namespace: &str, curve: CalibrationCurve) {
        self.0.insert(namespace.to_owned(), curve);
    }

    /// The namespaces with a curve, and the number of predictions that it was fitted to.
    pub fn predictions(&self) -> impl Iterator<Item = (&str, u64)> {
        let curves = self.0.iter();
        curves.map(|(namespace, curve)| (namespace.as_str(), curve.predictions))
    }
}

/// The score of a term after calibration, if the model has one.
#[must_use]
pub fn calibrated(
    calibration: Option<&Calibration>,
    ontology: &Ontology,
    term: Term,
    score: f64,
) -> f64 {
    calibration.map_or(score, |curves| curves.apply(ontology, term, score))
}

/// Counts held-out predictions, for a [`Calibration`]. Memory does not grow with their number.
#[derive(Debug)]
pub struct HeldOut<'o> {
    ontology: &'o Ontology,
    /// By namespace and score in millionths, the predictions and those that are right.
    counts: Vec<BTreeMap<u32, (u64, u64)>>,
}

impl<'o> HeldOut<'o> {
    /// Without predictions.
    #[must_use]
    pub fn new(ontology: &'o Ontology) -> Self {
        Self {
            ontology,
            counts: vec![BTreeMap::new(); ontology.namespaces().len()],
        }
    }

    /// Adds the predictions of a protein: terms with scores in [0, 1]. `known` are the terms of the
    /// protein with all ancestors, in ascending order. Where the protein has no known term in a
    /// namespace, nobody can say which predictions are right, so they are not counted.
    pub fn add(&mut self, known: &[Term], predictions: impl IntoIterator<Item = (Term, f64)>) {
        let mut studied = vec![false; self.counts.len()];
        for &term in known {
            studied[self.ontology.namespace_of(term)] = true;
        }
        for (term, score) in predictions {
            let namespace = self.ontology.namespace_of(term);
            if studied[namespace] {
                let right = u64::from(known.binary_search(&term).is_ok());
                self.count(namespace, score, 1, right);
            }
        }
    }

    /// Adds predictions with the same score, of which `right` are right.
    pub fn count(&mut self, namespace: usize, score: f64, predictions: u64, right: u64) {
        let millionths = (score.clamp(0.0, 1.0) * MILLION).round() as u32;
        let counted = self.counts[namespace].entry(millionths).or_default();
        counted.0 += predictions;
        counted.1 += right;
    }

    /// Fits a curve in each namespace with at least 100 predictions.
    #[must_use]
    pub fn fit(&self) -> Calibration {
        let mut calibration = Calibration::default();
        for (counts, namespace) in self.counts.iter().zip(self.ontology.namespaces()) {
            let counted = counts.iter().map(|(millionths, (predictions, right))| {
                (f64::from(*millionths) / MILLION, *predictions, *right)
            });
            if let Some(curve) = CalibrationCurve::fit(counted)
                && curve.predictions >= FEWEST
            {
                calibration.insert(namespace.name(), curve);
            }
        }
        calibration
    }
}

/// At most `most` of the numbers below `count`, drawn with `seed`, in ascending order.
#[must_use]
pub fn drawn(count: usize, most: usize, seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    if most < count {
        numbers.sort_by_cached_key(|&number| split_mix_64(seed, number as u64));
        numbers.truncate(most);
        numbers.sort_unstable();
    }
    numbers
}
