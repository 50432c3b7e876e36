//! A unit of work that fits and evaluates, and its result.

use super::finished_run::FinishedRun;
use crate::{Dataset, ResolvedSpec};

/// A run that is to fit and to evaluate.
pub(super) struct Work<'w> {
    /// The directory below `artifacts/`.
    pub(super) pipeline: &'static str,
    /// Its name below that of its parent.
    pub(super) name: String,
    pub(super) spec: ResolvedSpec,
    pub(super) train: &'w Dataset,
    pub(super) eval: &'w Dataset,
}

/// A run that did so.
pub(super) struct Worked {
    pub(super) run: FinishedRun,
    /// Whether an earlier run was reused.
    pub(super) taken_over: bool,
}
