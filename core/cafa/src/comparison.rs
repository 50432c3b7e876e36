//! The scores by which methods are compared: per aspect, with confidence intervals.
//!
//! Every method is scored by the same rules against the same reference and resampled with the same
//! draws, so that the difference of two methods can be resampled in pairs.

use std::{ops::ControlFlow, path::Path};

use crate::{
    prediction::PREDICTIONS,
    reference::Reference,
    scoring::{
        Bootstrap, NamespaceEvaluation, Predictions, Resampled, ScoringError, ScoringOptions,
    },
};

/// The scores of one method in one aspect.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AspectScores {
    /// `MFO`, `BPO`, `CCO`, or the name of another namespace.
    pub aspect: String,
    /// Number of annotated proteins in the aspect.
    pub proteins: usize,
    /// Fmax, 0..=1: the largest harmonic mean of precision and recall over all thresholds.
    pub fmax: f64,
    /// Area under the precision-recall curve, 0..=1.
    pub auc_pr: f64,
    /// Fraction of the proteins that have predictions.
    pub coverage: f64,
    /// Fmax weighted by information accretion, if the dataset has information accretion.
    pub wfmax: Option<f64>,
    /// Smin, the smallest semantic distance in bits, if the dataset has information accretion.
    /// Lower is better.
    pub smin: Option<f64>,
    /// Largest micro-averaged F weighted by information accretion, 0..=1, if the dataset has
    /// information accretion.
    pub f_micro_w: Option<f64>,
    /// The resampled Fmax, if a bootstrap was requested.
    pub resampled: Option<Resampled>,
}

/// Scores the predictions in the file at `path`. Returns one entry per aspect that has annotated
/// proteins, MFO, BPO and CCO first. `progress` receives the number of finished resamples and their
/// total, and can cancel.
///
/// # Errors
///
/// [`ScoringError`] if the file cannot be read or has nothing that can be scored;
/// [`ScoringError::Cancelled`] if `progress` cancels.
pub fn score_predictions(
    reference: &Reference<'_>,
    path: &Path,
    bootstrap: Option<&Bootstrap>,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<AspectScores>, ScoringError> {
    let options = ScoringOptions::default();
    let predictions = Predictions::read(path, reference.truth(), PREDICTIONS)?;
    let evaluation = reference.evaluate(&predictions, &options)?;
    let resampled = match bootstrap {
        Some(bootstrap) => {
            let resampled = reference.resample(&predictions, &options, bootstrap, progress)?;
            resampled.into_iter().map(Some).collect()
        }
        None => vec![None; evaluation.namespaces.len()],
    };
    let mut aspects: Vec<(usize, AspectScores)> = evaluation
        .namespaces
        .into_iter()
        .zip(resampled)
        .map(|(evaluation, resampled)| {
            let order = evaluation
                .aspect
                .map_or(usize::MAX, |aspect| aspect as usize);
            (order, aspect_scores(&evaluation, resampled))
        })
        .collect();
    aspects.sort_by_key(|(order, _)| *order);
    Ok(aspects.into_iter().map(|(_, scores)| scores).collect())
}

fn aspect_scores(evaluation: &NamespaceEvaluation, resampled: Option<Resampled>) -> AspectScores {
    let aspect = evaluation
        .aspect
        .map_or(evaluation.namespace.as_str(), |aspect| aspect.name());
    AspectScores {
        aspect: aspect.to_owned(),
        proteins: evaluation.proteins,
        fmax: evaluation.fmax(),
        auc_pr: evaluation.auc_pr(),
        coverage: evaluation.coverage(),
        wfmax: evaluation.wfmax(),
        smin: evaluation.smin(),
        f_micro_w: evaluation.wfmicro(),
        resampled,
    }
}
