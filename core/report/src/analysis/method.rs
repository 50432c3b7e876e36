//! The scores of one method with their intervals and the counts behind them.

use std::ops::ControlFlow;

use protea_cafa::{
    reference::Reference,
    scoring::{
        Bootstrap, NamespaceDetails, NamespaceEvaluation, Predictions, Resampled, ScoringError,
        ScoringOptions,
    },
};
use protea_core::contracts::error::with_causes;

/// A scored method.
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its results, MFO, BPO and CCO first.
    pub aspects: Vec<AspectResult>,
}

/// The results of a method in one aspect.
pub struct AspectResult {
    /// `MFO`, `BPO`, `CCO`, or the name of another namespace.
    pub aspect: String,
    /// The scores.
    pub evaluation: NamespaceEvaluation,
    /// The resampled Fmax, if it was resampled.
    pub resampled: Option<Resampled>,
    /// The counts at the threshold of Fmax.
    pub details: NamespaceDetails,
}

/// Why a method has no scores.
pub enum ScoreError {
    /// The user cancelled.
    Cancelled,
    /// It cannot be scored.
    Failed(String),
}

impl From<ScoringError> for ScoreError {
    fn from(error: ScoringError) -> Self {
        match error {
            ScoringError::Cancelled => Self::Cancelled,
            error => Self::Failed(with_causes(&error)),
        }
    }
}

impl Method {
    /// Its results in an aspect.
    pub fn aspect(&self, name: &str) -> Option<&AspectResult> {
        self.aspects.iter().find(|result| result.aspect == name)
    }
}

/// The place of an aspect among others: MFO, BPO, CCO, then the rest by name.
pub fn aspect_order(name: &str) -> (usize, String) {
    let known = ["MFO", "BPO", "CCO"]
        .iter()
        .position(|aspect| *aspect == name);
    (known.unwrap_or(3), name.to_owned())
}

/// Scores predictions exactly as a benchmark does. `progress` gets the number of finished resamples
/// and their total, and can cancel.
///
/// # Errors
///
/// [`ScoreError`].
pub fn score(
    name: &str,
    reference: &Reference<'_>,
    predictions: &Predictions<'_>,
    bootstrap: Option<&Bootstrap>,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Method, ScoreError> {
    let options = ScoringOptions::default();
    let evaluation = reference.evaluate(predictions, &options)?;
    let details = reference.details(predictions, &options, &evaluation)?;
    let mut resampled = match bootstrap {
        Some(bootstrap) => reference.resample(predictions, &options, bootstrap, progress)?,
        None => Vec::new(),
    };
    let mut aspects: Vec<AspectResult> = evaluation
        .namespaces
        .into_iter()
        .zip(details)
        .map(|(evaluation, details)| {
            let found = resampled.iter();
            let at = found
                .enumerate()
                .find(|(_, r)| r.namespace == evaluation.namespace);
            let at = at.map(|(at, _)| at);
            let aspect = evaluation.aspect.map(|aspect| aspect.name().to_owned());
            AspectResult {
                aspect: aspect.unwrap_or_else(|| evaluation.namespace.clone()),
                resampled: at.map(|at| resampled.swap_remove(at)),
                evaluation,
                details,
            }
        })
        .collect();
    aspects.sort_by_cached_key(|result| aspect_order(&result.aspect));
    Ok(Method {
        name: name.to_owned(),
        aspects,
    })
}
