//! The predicted terms of a protein, from scores to the file.

use protea_cafa::{
    calibration::{Calibration, calibrated},
    ontology::{Ontology, Term},
    prediction::PredictionSink,
};
use protea_contracts::prelude::*;

/// The terms of a protein, with scores before calibration.
pub(crate) struct Predicted<'p> {
    pub(crate) accession: &'p str,
    pub(crate) terms: Vec<(Term, f64)>,
}

impl<'p> Predicted<'p> {
    pub(crate) fn new(accession: &'p str, terms: Vec<(Term, f64)>) -> Self {
        Self { accession, terms }
    }

    /// Drops the terms with a lower score than this.
    pub(crate) fn drop_below(&mut self, minimum: f64) {
        self.terms.retain(|(_, score)| *score >= minimum);
    }

    /// Writes the terms with calibrated scores, and the evidence.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when they cannot be written.
    pub(crate) fn write(
        self,
        ontology: &Ontology,
        calibration: Option<&Calibration>,
        evidence: Option<Explanation>,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let score = |term, score| calibrated(calibration, ontology, term, score);
        let evidence = evidence.map(|mut evidence| {
            if calibration.is_some() {
                for (explained, &(term, raw)) in evidence.terms.iter_mut().zip(&self.terms) {
                    explained.score = score(term, raw);
                    explained.uncalibrated = Some(raw);
                }
            }
            evidence
        });
        let mut terms: Vec<(&str, f64)> = self
            .terms
            .iter()
            .map(|&(term, raw)| (ontology.id(term), score(term, raw)))
            .collect();
        predictions.add_explained(self.accession, &mut terms, evidence)
    }
}
