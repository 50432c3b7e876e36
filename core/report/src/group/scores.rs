//! The scores of a search in any state, for pages other than the report.

use protea_core::workspace::RecordedRun;

use super::trials::Trials;

/// The trials of a search that have ended, also those that it reused from earlier runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SearchScores {
    /// What trials are compared by.
    pub metric: String,
    /// Whether a lower score is better.
    pub lowest_is_best: bool,
    /// How many trials the search has, if it recorded that.
    pub total: Option<usize>,
    /// Of the trials that have ended, how many were reused from earlier runs.
    pub reused: usize,
    /// The scores of the trials that have ended, in their order. `None` where there is none.
    pub scores: Vec<Option<f64>>,
    /// The number of the best trial, and its score. Of equals the first.
    pub best: Option<(String, f64)>,
}

/// The trials of a search that have ended. `None` if the run has no record of them besides its child
/// runs, as a search of an older version that was killed.
#[must_use]
pub fn search_scores(run: &RecordedRun) -> Option<SearchScores> {
    let (found, _) = Trials::recorded(run)?;
    let best = found.best().map(|at| &found.trials[at]);
    let best = best.and_then(|trial| Some((trial.number.clone(), trial.score?)));
    let reused = found.trials.iter().filter(|trial| trial.is_reused());
    Some(SearchScores {
        reused: reused.count(),
        scores: found.trials.iter().map(|trial| trial.score).collect(),
        best,
        total: found.total,
        metric: found.metric,
        lowest_is_best: found.lowest_is_best,
    })
}
