//! Callbacks for what happens in a run.

use std::path::Path;

use crate::{RunStart, RunStatus};

/// Is told of what happens in a run, as it happens. Called from whatever thread logs; a panic in
/// it is the caller's.
///
/// Every method does nothing by default.
pub trait RunObserver: Send + Sync {
    /// The run started.
    fn on_start(&self, _run: &RunStart) {}

    /// Values were logged for a step for the first time.
    fn on_step(&self, _run_id: &str, _step: u64) {}

    /// A metric has a value.
    fn on_metric(&self, _run_id: &str, _step: u64, _name: &str, _value: f64) {}

    /// A file or directory, or a model, was added.
    fn on_artifact(&self, _run_id: &str, _name: &str, _path: &Path) {}

    /// The run ended.
    fn on_end(&self, _run_id: &str, _status: RunStatus) {}
}
