//! The emitter: sends events to the host during a call, and says whether the host wants to cancel.
//!
//! Sending an event never fails and never blocks on the host's trackers. The answer says whether
//! the host wants the call cancelled. An event below the host's level costs one comparison.

use std::{cell::Cell, sync::Arc};

use serde::Serialize;

pub use crate::{
    cancel::CANCEL_WITHIN,
    event::{Event, EventSink, Level, METRIC, PROGRESS, STAGE, Signal, StageEvent},
};
use crate::{
    error::RunnerError,
    event::{MetricEvent, ProgressEvent},
    host_sink::{Connection, HostSink},
};

/// A sink that drops every event.
struct Discard;

impl EventSink for Discard {
    fn level(&self) -> Level {
        Level::Error
    }

    fn receive(&self, _: &Event<'_>) {}
}

thread_local! {
    static FIELDS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The runner's end: sends events to the host. Cheap to clone, usable from any thread.
///
/// A clone may outlive the call. The host drops what it sends then, and counts it as a violation of
/// the contract.
#[derive(Clone)]
pub struct Emitter {
    connection: Arc<dyn Connection>,
    level: Level,
}

impl Emitter {
    /// An emitter that feeds `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn EventSink>) -> Self {
        Self::connected(HostSink::new(sink))
    }

    /// An emitter that drops every event, for tests of a runner.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Arc::new(Discard))
    }

    pub(crate) fn connected(connection: impl Connection + 'static) -> Self {
        let level = connection.level();
        Self {
            connection: Arc::new(connection),
            level,
        }
    }

    /// Sends an event. `fields` must serialise to a JSON object; numbers that are not finite
    /// become `null`.
    ///
    /// An event below the host's level is not sent, and the answer is [`Signal::Continue`].
    ///
    /// ```
    /// use protea_contracts::{Emitter, Level, Signal};
    ///
    /// let emit = Emitter::silent();
    /// let fields = serde_json::json!({ "references": 9632 });
    /// assert_eq!(emit.emit("runner.knn.fit_start", None, &fields, Level::Info), Signal::Continue);
    /// ```
    pub fn emit(
        &self,
        event: &str,
        message: Option<&str>,
        fields: &impl Serialize,
        level: Level,
    ) -> Signal {
        if level < self.level {
            return Signal::Continue;
        }
        // Taken rather than borrowed: a sink may itself emit on this thread.
        let mut bytes = FIELDS.take();
        bytes.clear();
        if let Err(error) = serde_json::to_writer(&mut bytes, fields) {
            bytes.clear();
            let reason = serde_json::json!({ "unserialisable_fields": error.to_string() });
            bytes.extend_from_slice(reason.to_string().as_bytes());
        }
        let signal = self.connection.send(&Event {
            name: event,
            message,
            fields: &bytes,
            level,
        });
        FIELDS.set(bytes);
        signal
    }

    /// [`emit`](Self::emit) at [`Level::Debug`], without a message.
    pub fn debug(&self, event: &str, fields: &impl Serialize) -> Signal {
        self.emit(event, None, fields, Level::Debug)
    }

    /// [`emit`](Self::emit) at [`Level::Info`], without a message.
    pub fn info(&self, event: &str, fields: &impl Serialize) -> Signal {
        self.emit(event, None, fields, Level::Info)
    }

    /// [`emit`](Self::emit) at [`Level::Warning`], with a message for the user.
    pub fn warning(&self, event: &str, message: &str, fields: &impl Serialize) -> Signal {
        self.emit(event, Some(message), fields, Level::Warning)
    }

    /// Begins a stage of the call. The progress that follows is that of the stage.
    pub fn stage(&self, stage: &StageEvent<'_>) -> Signal {
        self.info(STAGE, stage)
    }

    /// Reports how far the call, or its current [stage](Self::stage), has come: `done` of `total` (0
    /// if unknown), both in the same unit. Within a stage, `done` must not decrease for the same
    /// `total`.
    pub fn progress(&self, done: u64, total: u64) -> Signal {
        self.info(PROGRESS, &ProgressEvent::new(done, total))
    }

    /// Records a metric during the call, such as the loss after an epoch.
    pub fn metric(&self, name: &str, value: f64, step: u64) -> Signal {
        self.info(METRIC, &MetricEvent::new(name, value, step))
    }

    /// Whether the host wants the call to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.connection.is_cancelled()
    }

    /// Ends a call that the host wants cancelled: write `emit.check()?` in a loop.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Cancelled`] once the host asks for it.
    pub fn check(&self) -> Result<(), RunnerError> {
        if self.is_cancelled() {
            Err(RunnerError::Cancelled)
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Emitter")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
