//! Records nothing.

use crate::{RunEvent, RunPage, RunQuery, RunReference, RunSink, RunStart, Tracker, TrackerError};

/// A tracker that records nothing, for code that requires a tracker.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noop;

impl Tracker for Noop {
    fn backend(&self) -> &'static str {
        "noop"
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        Ok(Box::new(NoopSink(start.run_id.to_string())))
    }

    fn list_runs(&self, _: &RunQuery) -> Result<RunPage, TrackerError> {
        Ok(RunPage::default())
    }
}

struct NoopSink(String);

impl RunSink for NoopSink {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.0.clone(),
            url: None,
        }
    }

    fn apply(&mut self, _: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        Ok(())
    }
}
