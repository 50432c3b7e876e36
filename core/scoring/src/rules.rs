//! The choice of the rules of scoring.

use crate::{
    accretion::InformationAccretion,
    best_scores::Evaluation,
    error::ScoringError,
    evaluation,
    options::ScoringOptions,
    partial::{self, PartialKnowledge},
    predictions::Predictions,
};

/// The evaluator whose rules are used.
#[derive(Clone, Copy, Debug, Default)]
pub enum Rules<'a> {
    /// cafaeval: every annotation counts.
    #[default]
    Cafaeval,
    /// CAFA-evaluator-PK: known annotations do not count.
    PartialKnowledge(&'a PartialKnowledge<'a>),
}

/// Scores predictions like [`evaluate`](crate::evaluate) and
/// [`evaluate_partial`](crate::evaluate_partial), but also accepts an empty set of predictions,
/// which both functions and cafaeval refuse. An empty set has an Fmax of 0, and its Smin is the
/// mean information content of the ground truth.
///
/// # Errors
///
/// The errors of these functions except [`ScoringError::NoOverlap`].
pub fn evaluate_allowing_empty(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    rules: Rules<'_>,
) -> Result<Evaluation, ScoringError> {
    let thresholds = evaluation::check(predictions, accretion, options)?;
    match rules {
        Rules::Cafaeval => Ok(evaluation::score_all(
            predictions,
            accretion,
            options,
            &thresholds,
        )),
        Rules::PartialKnowledge(knowledge) => {
            partial::score_all(predictions, accretion, options, &thresholds, knowledge)
        }
    }
}
