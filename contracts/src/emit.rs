//! Events that a runner sends to the host during a call, and the host's wish to cancel.
//!
//! An event has a name such as `runner.knn.fit_start`, perhaps a message for people, fields (a JSON
//! object) and a [`Level`]. Sending one never fails and never blocks on the host's trackers; the
//! answer says whether the host wants the call cancelled. An event below the host's level costs
//! one comparison.

use std::{cell::Cell, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{RunnerError, abi::SinkHandle};

/// The name of the event that [`Emitter::progress`] sends.
pub const PROGRESS: &str = "progress";
/// The name of the event that [`Emitter::metric`] sends.
pub const METRIC: &str = "metric";

/// How much an event matters. Ordered: `Debug < Info < Warning < Error`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the author of the runner.
    Debug,
    /// For the user.
    #[default]
    Info,
    /// Something the user should look at; the result stands.
    Warning,
    /// Something went wrong.
    Error,
}

impl Level {
    /// The level of a number that crossed the boundary; what is beyond the last is an error.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Debug,
            1 => Self::Info,
            2 => Self::Warning,
            _ => Self::Error,
        }
    }
}

/// What the host answers to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Continue,
    /// The host wants the call to end; answer [`RunnerError::Cancelled`] soon.
    Cancel,
}

/// An event as the host receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Dotted name, such as `runner.knn.fit_start`.
    pub name: &'a str,
    /// For people.
    pub message: Option<&'a str>,
    /// A JSON object, as bytes. It comes from the runner: check before you believe it.
    pub fields: &'a [u8],
    /// How much it matters.
    pub level: Level,
}

/// The host's end: what becomes of the events of a call.
///
/// Called from whatever thread the runner emits on. A panic in it stays in it: the event is lost,
/// later ones are not sent, and the call goes on.
pub trait EventSink: Send + Sync {
    /// Events below this level are not sent. Asked once, when the [`Emitter`] is made.
    fn level(&self) -> Level {
        Level::Info
    }

    /// Takes an event.
    fn receive(&self, event: &Event<'_>);

    /// Whether the call should end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

struct Silence;

impl EventSink for Silence {
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
/// A clone may outlive the call; what it sends then is dropped by the host and counted as a
/// breach of the contract.
#[derive(Clone)]
pub struct Emitter {
    handle: SinkHandle,
    level: Level,
}

impl Emitter {
    /// An emitter that feeds `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn EventSink>) -> Self {
        Self::from_handle(SinkHandle::new(sink))
    }

    /// An emitter whose events go nowhere: for tests of a runner.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Arc::new(Silence))
    }

    pub(crate) fn from_handle(handle: SinkHandle) -> Self {
        let level = handle.level();
        Self { handle, level }
    }

    /// Sends an event. `fields` must serialise to a JSON object; numbers that are not finite
    /// become `null`.
    ///
    /// An event below the host's level is not sent and answered with [`Signal::Continue`].
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
        let signal = self.handle.emit(&Event {
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

    /// Tells how far the call has come: `done` of `total` (0 where unknown), both in the same unit.
    /// `done` never falls within a call for the same `total`.
    pub fn progress(&self, done: u64, total: u64) -> Signal {
        #[derive(Serialize)]
        struct Progress {
            done: u64,
            total: u64,
        }
        self.info(PROGRESS, &Progress { done, total })
    }

    /// Records a metric during the call, such as the loss after an epoch.
    pub fn metric(&self, name: &str, value: f64, step: u64) -> Signal {
        #[derive(Serialize)]
        struct Metric<'a> {
            name: &'a str,
            value: f64,
            step: u64,
        }
        self.info(METRIC, &Metric { name, value, step })
    }

    /// Whether the host wants the call to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.handle.is_cancelled()
    }

    /// Ends a call that the host wants cancelled: `emit.check()?` in a loop.
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
