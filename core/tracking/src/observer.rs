//! Callbacks for the events of a run.

use std::path::Path;

use crate::{RunId, RunStart, RunStatus};

/// Callbacks for the events of a run, for progress displays and tests.
///
/// Every method does nothing by default. They are called after the event was written, on the
/// thread that logged it; a panic in one reaches the caller of the logging method.
pub trait RunObserver: Send + Sync {
    /// The run started.
    fn on_start(&self, _run: &RunStart) {}

    /// Values were logged for another step than the last ones.
    fn on_step(&self, _run_id: &RunId, _step: u64) {}

    /// A metric got a value.
    fn on_metric(&self, _run_id: &RunId, _step: u64, _name: &str, _value: f64) {}

    /// A file, a directory or a model was added.
    fn on_artifact(&self, _run_id: &RunId, _name: &str, _path: &Path) {}

    /// The run ended.
    fn on_end(&self, _run_id: &RunId, _status: RunStatus) {}
}
