//! Records runs in memory, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    RunEvent, RunPage, RunQuery, RunReference, RunSink, RunStart, RunSummary, Tracker,
    TrackerError, query::page, summary::summarise,
};

/// A tracker that records runs in memory. Clones share their runs.
///
/// ```
/// use protea_tracking::{EventKind, Memory, RunStart, RunStatus, Tracker};
///
/// let tracker = Memory::default();
/// tracker.start_run(RunStart::new("knn"))?.finish(RunStatus::Finished)?;
/// let runs = tracker.runs();
/// assert!(matches!(runs[0].events[1].kind, EventKind::Finish { .. }));
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Memory {
    runs: Arc<Mutex<Vec<MemoryRecord>>>,
}

/// A run that [`Memory`] has recorded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MemoryRecord {
    /// The description of the run at its start.
    pub start: RunStart,
    /// The events in their order, each once.
    pub events: Vec<RunEvent<'static>>,
}

impl Memory {
    /// The runs, in the order of their start.
    #[must_use]
    pub fn runs(&self) -> Vec<MemoryRecord> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<MemoryRecord>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracker for Memory {
    fn backend(&self) -> &'static str {
        "memory"
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        let mut runs = self.lock();
        let known = runs.iter().position(|run| run.start.run_id == start.run_id);
        let index = known.unwrap_or(runs.len());
        if known.is_none() {
            runs.push(MemoryRecord {
                start: start.clone(),
                events: Vec::new(),
            });
        }
        Ok(Box::new(MemorySink {
            tracker: self.clone(),
            index,
            run_id: start.run_id.to_string(),
        }))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        let summaries: Vec<RunSummary> = self
            .lock()
            .iter()
            .map(|run| summarise(&run.start, &run.events))
            .collect();
        page(summaries, query)
    }
}

struct MemorySink {
    tracker: Memory,
    index: usize,
    run_id: String,
}

impl RunSink for MemorySink {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.run_id.clone(),
            url: None,
        }
    }

    fn applied(&self) -> Option<u64> {
        let runs = self.tracker.lock();
        runs[self.index].events.last().map(|event| event.seq)
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let mut runs = self.tracker.lock();
        let recorded = &mut runs[self.index].events;
        for event in events {
            if recorded.last().is_none_or(|last| last.seq < event.seq) {
                recorded.push(event.clone().into_owned());
            }
        }
        Ok(())
    }
}
