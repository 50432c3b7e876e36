//! The clock of a call: how long the host works on what a runner returned.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use protea_contracts::{RunnerError, event::EventSink};
use protea_files::{FilesError, Stop};

use super::{DispatchError, Isolation};

/// The time limit of a call and the user's cancellation, for work that follows the runner's own: a
/// runner can return as much to check, hash and publish as it wants.
pub(crate) struct StepClock {
    began: Instant,
    limit: Option<Duration>,
    sink: Arc<dyn EventSink>,
}

impl StepClock {
    /// Starts now.
    pub(crate) fn start(isolation: &Isolation, sink: &Arc<dyn EventSink>) -> Self {
        Self {
            began: Instant::now(),
            limit: match isolation {
                Isolation::InProcess => None,
                #[cfg(unix)]
                Isolation::Worker(options) => options.limits.time,
            },
            sink: Arc::clone(sink),
        }
    }

    /// Why the work should stop, if it should.
    pub(crate) fn overrun(&self) -> Option<DispatchError> {
        #[cfg(unix)]
        if let Some(limit) = self.limit
            && self.began.elapsed() >= limit
        {
            let error = protea_isolation::WorkerError::TimedOut { limit };
            return Some(DispatchError::Worker(error));
        }
        if self.sink.is_cancelled() {
            return Some(RunnerError::Cancelled.into());
        }
        None
    }

    /// The error of looking through an output.
    pub(super) fn output_error(&self, error: FilesError) -> DispatchError {
        match error {
            FilesError::Stopped { .. } => {
                let reason = self.overrun();
                reason.unwrap_or_else(|| RunnerError::Cancelled.into())
            }
            error => DispatchError::Output(error),
        }
    }
}

impl Stop for StepClock {
    fn should_stop(&self) -> bool {
        self.overrun().is_some()
    }
}
