//! Tracks nothing.

use crate::{Event, RunPage, RunQuery, RunReference, RunSink, RunStart, Tracker, TrackerError};

/// A tracker that keeps nothing: for code that takes a tracker where none is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noop;

impl Tracker for Noop {
    fn backend(&self) -> &'static str {
        "noop"
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        Ok(Box::new(NoopRun(start.run_id.clone())))
    }

    fn list_runs(&self, _: &RunQuery) -> Result<RunPage, TrackerError> {
        Ok(RunPage::default())
    }
}

struct NoopRun(String);

impl RunSink for NoopRun {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.0.clone(),
            url: None,
        }
    }

    fn apply(&mut self, _: &[Event<'_>]) -> Result<(), TrackerError> {
        Ok(())
    }
}
