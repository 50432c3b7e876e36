//! The scores that methods are compared by: those of a file of predictions, by aspect, with
//! confidence intervals.
//!
//! Every method is scored by the same rules against the same reference, and resampled with the same
//! draws, so that the difference of two methods can be resampled too.

use std::{ops::ControlFlow, path::Path};

use crate::{
    assessment::PREDICTIONS,
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
    /// How many proteins are annotated in it.
    pub proteins: usize,
    /// Fmax: the largest harmonic mean of precision and recall.
    pub fmax: f64,
    /// Area under the curve of precision and recall.
    pub auc_pr: f64,
    /// The share of the proteins that have predictions.
    pub coverage: f64,
    /// Fmax weighted by information accretion, if the dataset has that.
    pub wfmax: Option<f64>,
    /// The smallest semantic distance, if the dataset has information accretion. Lower is better.
    pub smin: Option<f64>,
    /// Fmax of the resamples, if there are any.
    pub resampled: Option<Resampled>,
}

/// Scores the file of predictions at `path`: one entry per aspect that has annotated proteins; MFO,
/// BPO and CCO first. `watch` is told how many resamples are done, of how many, and may cancel.
///
/// # Errors
///
/// [`ScoringError`] when the file cannot be read or nothing of it can be scored;
/// [`ScoringError::Cancelled`].
pub fn score_predictions(
    reference: &Reference<'_>,
    path: &Path,
    bootstrap: Option<&Bootstrap>,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<AspectScores>, ScoringError> {
    let options = ScoringOptions::default();
    let predictions = Predictions::read(path, reference.truth(), PREDICTIONS)?;
    let evaluation = reference.evaluate(&predictions, &options)?;
    let resampled = match bootstrap {
        Some(bootstrap) => {
            let resampled = reference.resample(&predictions, &options, bootstrap, watch)?;
            resampled.into_iter().map(Some).collect()
        }
        None => vec![None; evaluation.namespaces.len()],
    };
    let mut aspects: Vec<(usize, AspectScores)> = evaluation
        .namespaces
        .into_iter()
        .zip(resampled)
        .map(|(evaluation, resampled)| {
            let place = evaluation
                .aspect
                .map_or(usize::MAX, |aspect| aspect as usize);
            (place, scores(&evaluation, resampled))
        })
        .collect();
    aspects.sort_by_key(|(place, _)| *place);
    Ok(aspects.into_iter().map(|(_, scores)| scores).collect())
}

fn scores(evaluation: &NamespaceEvaluation, resampled: Option<Resampled>) -> AspectScores {
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
        resampled,
    }
}
