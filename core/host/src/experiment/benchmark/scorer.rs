//! The interface for scoring in a benchmark, implemented by a crate that knows the field.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Runner, experiment::finished_run::FinishedRun};

/// Scores what entrants predicted, all of them alike. The implementation knows the field; the host
/// does not.
pub trait Scorer {
    /// How it scores, as settings of the benchmark's run.
    fn settings(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Why it cannot score what this runner writes, known before the runner is called.
    fn refusal(&self, _runner: &Runner) -> Option<String> {
        None
    }

    /// Scores the run of an entrant, which has finished: one entry per group, every entrant in the
    /// same groups.
    ///
    /// # Errors
    ///
    /// [`ScorerError`]. A failure is that entrant's alone; the others are still scored.
    fn score(&mut self, entrant: &str, run: &FinishedRun) -> Result<Vec<GroupScores>, ScorerError>;

    /// How an entrant differs from the best one in a group, for entrants that
    /// [`score`](Self::score) has scored. None if that is not known.
    fn compare(&self, _group: &str, _entrant: &str, _best: &str) -> Option<Comparison> {
        None
    }
}

/// Why an entrant has no scores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScorerError {
    /// The user cancelled; the benchmark ends.
    #[error("cancelled")]
    Cancelled,
    /// This entrant cannot be scored.
    #[error("{0}")]
    Failed(String),
}

/// The scores of an entrant in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupScores {
    /// The group's name.
    pub group: String,
    /// How many items of the group were scored, such as proteins.
    pub items: usize,
    /// The metrics. The first is what entrants are ranked by: higher is better.
    pub metrics: Vec<MetricScore>,
}

impl GroupScores {
    /// The value of a metric, if it has one.
    #[must_use]
    pub fn value(&self, metric: &str) -> Option<f64> {
        let mut metrics = self.metrics.iter();
        metrics
            .find(|score| score.name == metric)
            .map(|score| score.value)
    }

    /// The metric that entrants are ranked by.
    #[must_use]
    pub fn principal(&self) -> Option<&MetricScore> {
        self.metrics.first()
    }
}

/// The value of one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricScore {
    /// The metric's name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The ends of its confidence interval, if one was computed.
    pub interval: Option<[f64; 2]>,
}

/// How an entrant differs from the best one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Its principal metric less that of the best.
    pub difference: f64,
    /// The ends of the difference's confidence interval.
    pub interval: [f64; 2],
    /// How likely such a difference is by chance.
    pub p_value: f64,
}
