//! Reliability: how often predictions with a score are right.
//!
//! It knows the ground truth of an evaluation. It must not know how a runner predicts.

use protea_contracts::prelude::serde_json::{Map, Value, json};

use crate::{ontology::Ontology, scoring::GroundTruth};

/// The number of bins between 0 and 1.
const BINS: usize = 10;

/// Predictions with about the same score.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    predictions: u64,
    right: u64,
    scores: f64,
}

/// Counts the predictions in each bin of scores, by namespace. Only those of proteins that have
/// known terms in the namespace count. Memory does not grow with their number.
#[derive(Debug)]
pub(crate) struct Reliability<'t> {
    truth: &'t GroundTruth<'t>,
    bins: Vec<[Bin; BINS]>,
}

impl<'t> Reliability<'t> {
    pub(crate) fn new(truth: &'t GroundTruth<'t>) -> Self {
        let namespaces = truth.ontology().namespaces().len();
        Self {
            truth,
            bins: vec![[Bin::default(); BINS]; namespaces],
        }
    }

    /// Adds a prediction, with the score as it is written.
    pub(crate) fn add(&mut self, accession: &str, term: &str, score: f64) {
        let ontology = self.truth.ontology();
        let Some(term) = ontology.primary(term) else {
            return;
        };
        let Some(is_right) = self.truth.is_true(accession, term) else {
            return;
        };
        let bin = ((score * BINS as f64) as usize).min(BINS - 1);
        let bin = &mut self.bins[ontology.namespace_of(term)][bin];
        bin.predictions += 1;
        bin.right += u64::from(is_right);
        bin.scores += score;
    }

    /// The table, by the names of the aspects in metrics: the bins with predictions, and the expected
    /// calibration error, which is the mean difference between score and fraction of right
    /// predictions, weighted by the number of predictions in a bin.
    pub(crate) fn to_json(&self) -> Value {
        let ontology: &Ontology = self.truth.ontology();
        let mut table = Map::new();
        for (bins, namespace) in self.bins.iter().zip(ontology.namespaces()) {
            let all: u64 = bins.iter().map(|bin| bin.predictions).sum();
            if all == 0 {
                continue;
            }
            let name = namespace.aspect().map_or(namespace.name(), |a| a.name());
            let mut error = 0.0;
            let rows: Vec<Value> = bins
                .iter()
                .enumerate()
                .filter(|(_, bin)| bin.predictions > 0)
                .map(|(at, bin)| {
                    let predictions = bin.predictions as f64;
                    let (score, right) = (bin.scores / predictions, bin.right as f64 / predictions);
                    error += (score - right).abs() * predictions / all as f64;
                    json!({
                        "from": at as f64 / BINS as f64,
                        "to": (at + 1) as f64 / BINS as f64,
                        "predictions": bin.predictions,
                        "mean_score": score,
                        "true_fraction": right,
                    })
                })
                .collect();
            table.insert(
                name.to_owned(),
                json!({
                    "predictions": all,
                    "expected_calibration_error": error,
                    "bins": rows,
                }),
            );
        }
        Value::Object(table)
    }
}
