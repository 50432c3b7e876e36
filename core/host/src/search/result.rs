//! What a search found.

use std::path::PathBuf;

use protea_contracts::{Metrics, metrics::Direction};
use protea_tracking::RunId;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::workspace::Status;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SearchResult {
    /// What the trials were compared by.
    pub metric: String,
    /// Whether higher or lower is better.
    pub direction: Direction,
    /// `grid`, `random` or `tpe`.
    pub strategy: &'static str,
    /// The seed, if trials were chosen at random.
    pub seed: u64,
    /// The best trial; of several with the same score the first.
    pub best: Trial,
    /// Number of trials reused from earlier runs.
    pub taken_over: usize,
    /// How many trials have no score.
    pub failed: usize,
    /// All trials, in their order.
    pub trials: Vec<Trial>,
    /// The same as a table, tab-separated, in the directory of the search's run.
    pub table: PathBuf,
}

/// A trial of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Trial {
    /// Its place in the search, from 0.
    pub number: usize,
    /// The settings that were varied.
    pub params: Map<String, Value>,
    /// All settings, as `fit` got them; `null` if the runner refused them.
    pub spec: Value,
    /// Its score. `None` if it failed or did not return the metric.
    pub score: Option<f64>,
    /// All metrics that it returned.
    pub metrics: Metrics,
    /// How it ended.
    pub status: Status,
    /// The origin of its scores.
    pub origin: Origin,
    /// Wall time of its steps.
    pub seconds: f64,
    /// Its run, if there is one.
    pub run_id: Option<RunId>,
    /// The run's directory.
    pub directory: Option<PathBuf>,
    /// Why it has no score.
    pub error: Option<String>,
}

/// The origin of the scores of a trial or a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A new run.
    Computed,
    /// An earlier run that was reused.
    TakenOver,
    /// An earlier trial of the same search with the same settings.
    Repeated,
}

impl Origin {
    /// `computed`, `taken_over` or `repeated`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Computed => "computed",
            Self::TakenOver => "taken_over",
            Self::Repeated => "repeated",
        }
    }
}

impl Trial {
    pub(crate) fn proposed(number: usize, params: Map<String, Value>) -> Self {
        Self {
            number,
            params,
            spec: Value::Null,
            score: None,
            metrics: Map::new(),
            status: Status::Failed,
            origin: Origin::Computed,
            seconds: 0.0,
            run_id: None,
            directory: None,
            error: None,
        }
    }

    /// Takes the result of an earlier trial with the same settings.
    pub(crate) fn repeat(&mut self, earlier: Self) {
        *self = Self {
            number: self.number,
            params: std::mem::take(&mut self.params),
            origin: Origin::Repeated,
            ..earlier
        };
    }
}
