//! The host's end of an emitter during one call: it contains panics of the embedding program's
//! sink, and counts the events that come after the call has ended.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::event::{Event, EventSink, Level, Signal};

/// How an emitter reaches the host: directly, or across the boundary.
pub(crate) trait Connection: Send + Sync {
    /// The lowest level that the host wants.
    fn level(&self) -> Level;
    /// Sends an event, whatever its level.
    fn send(&self, event: &Event<'_>) -> Signal;
    /// Whether the host wants the call to end.
    fn is_cancelled(&self) -> bool;
}

/// A sink during one call.
pub(crate) struct HostSink {
    sink: Arc<dyn EventSink>,
    closed: AtomicBool,
    broken: AtomicBool,
    late: AtomicU64,
}

impl HostSink {
    pub(crate) fn new(sink: Arc<dyn EventSink>) -> Self {
        Self {
            sink,
            closed: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            late: AtomicU64::new(0),
        }
    }

    /// Ends the call: events sent from now on are dropped and counted.
    #[cfg(feature = "host")]
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// The number of events that came after [`close`](Self::close).
    #[cfg(feature = "host")]
    pub(crate) fn late_events(&self) -> u64 {
        self.late.load(Ordering::SeqCst)
    }

    /// Whether the sink panicked.
    #[cfg(feature = "host")]
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Calls the sink unless it has panicked before; a panic now is contained here.
    fn contain<T>(&self, call: impl FnOnce(&dyn EventSink) -> T) -> Option<T> {
        if self.broken.load(Ordering::Relaxed) {
            return None;
        }
        catch_unwind(AssertUnwindSafe(|| call(&*self.sink)))
            .inspect_err(|_| self.broken.store(true, Ordering::SeqCst))
            .ok()
    }
}

impl Connection for HostSink {
    fn level(&self) -> Level {
        self.contain(|sink| sink.level()).unwrap_or(Level::Error)
    }

    fn send(&self, event: &Event<'_>) -> Signal {
        if self.closed.load(Ordering::SeqCst) {
            self.late.fetch_add(1, Ordering::SeqCst);
            return Signal::Cancel;
        }
        let cancel = self.contain(|sink| {
            sink.receive(event);
            sink.is_cancelled()
        });
        if cancel.unwrap_or(false) {
            Signal::Cancel
        } else {
            Signal::Continue
        }
    }

    fn is_cancelled(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
            || self.contain(|sink| sink.is_cancelled()).unwrap_or(false)
    }
}
