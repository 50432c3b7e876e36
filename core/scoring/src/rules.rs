//! By whose rules predictions are scored.

use super::PartialKnowledge;

/// The evaluator whose scores come out.
#[derive(Clone, Copy, Debug, Default)]
pub enum Rules<'a> {
    /// cafaeval: every annotation counts.
    #[default]
    Cafaeval,
    /// CAFA-evaluator-PK, which leaves out what was known.
    PartialKnowledge(&'a PartialKnowledge<'a>),
}
