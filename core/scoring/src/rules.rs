//! By whose rules predictions are scored.

use super::accretion::InformationAccretion;
use super::error::ScoringError;
use super::evaluation;
use super::options::ScoringOptions;
use super::partial::{self, PartialKnowledge};
use super::predictions::Predictions;
use super::result::Evaluation;

/// The evaluator whose scores come out.
#[derive(Clone, Copy, Debug, Default)]
pub enum Rules<'a> {
    /// cafaeval: every annotation counts.
    #[default]
    Cafaeval,
    /// CAFA-evaluator-PK, which leaves out what was known.
    PartialKnowledge(&'a PartialKnowledge<'a>),
}

/// As [`evaluate`](super::evaluate) and [`evaluate_partial`](super::evaluate_partial), which refuse predictions of nothing, as cafaeval does; here they
/// have the scores of silence: an Fmax of 0, and as Smin the mean information of the ground truth.
///
/// # Errors
/// Theirs but [`ScoringError::NoOverlap`].
pub fn evaluate_also_silence(
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
