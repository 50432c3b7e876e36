//! The emitter's handle: a counted pointer to the host's sink with the host's functions for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use abi_stable::{
    StableAbi,
    prefix_type::WithMetadata,
    std_types::{ROption, RSlice},
};

use crate::emit::{Event, EventSink, Level, Signal};

/// The host's functions. New ones are added at the end.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = SinkFunctionsRef)))]
pub struct SinkFunctions {
    retain: unsafe extern "C" fn(*const ()),
    release: unsafe extern "C" fn(*const ()),
    level: unsafe extern "C" fn(*const ()) -> u8,
    is_cancelled: unsafe extern "C" fn(*const ()) -> bool,
    #[sabi(last_prefix_field)]
    emit: unsafe extern "C" fn(
        *const (),
        RSlice<'_, u8>,
        ROption<RSlice<'_, u8>>,
        RSlice<'_, u8>,
        u8,
    ) -> bool,
}

/// A counted reference to a [`HostSink`], as it crosses the boundary.
#[repr(C)]
#[derive(StableAbi)]
pub struct SinkHandle {
    context: *const (),
    functions: SinkFunctionsRef,
}

// SAFETY: the context is an `Arc` of a `Send + Sync` sink, touched only through the host's functions.
unsafe impl Send for SinkHandle {}
// SAFETY: as above.
unsafe impl Sync for SinkHandle {}

/// The host's end of an emitter during one call.
pub(crate) struct HostSink {
    sink: Arc<dyn EventSink>,
    closed: AtomicBool,
    broken: AtomicBool,
    late: AtomicU64,
}

impl SinkHandle {
    pub(crate) fn new(sink: Arc<dyn EventSink>) -> Self {
        Self::of(Arc::new(HostSink::new(sink)))
    }

    pub(crate) fn of(sink: Arc<HostSink>) -> Self {
        Self {
            context: Arc::into_raw(sink).cast(),
            functions: FUNCTIONS,
        }
    }

    pub(crate) fn level(&self) -> Level {
        // SAFETY: the context is the one these functions were made for, and alive while the handle is.
        Level::from_number(unsafe { self.functions.level()(self.context) })
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.functions.is_cancelled()(self.context) }
    }

    pub(crate) fn emit(&self, event: &Event<'_>) -> Signal {
        let message = event.message.map(|text| text.as_bytes().into()).into();
        // SAFETY: as above; the borrowed texts outlive the call.
        let cancel = unsafe {
            self.functions.emit()(
                self.context,
                event.name.as_bytes().into(),
                message,
                event.fields.into(),
                event.level as u8,
            )
        };
        if cancel {
            Signal::Cancel
        } else {
            Signal::Continue
        }
    }
}

impl Clone for SinkHandle {
    fn clone(&self) -> Self {
        // SAFETY: the context is alive while `self` is; the new handle releases what is retained here.
        unsafe { self.functions.retain()(self.context) };
        Self {
            context: self.context,
            functions: self.functions,
        }
    }
}

impl Drop for SinkHandle {
    fn drop(&mut self) {
        // SAFETY: this handle holds one count and is not used again.
        unsafe { self.functions.release()(self.context) };
    }
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

    /// Ends the call: what is sent from now on is dropped and counted.
    #[cfg(feature = "host")]
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// How many events came after [`close`](Self::close).
    #[cfg(feature = "host")]
    pub(crate) fn late_events(&self) -> u64 {
        self.late.load(Ordering::SeqCst)
    }

    /// Whether the sink panicked.
    #[cfg(feature = "host")]
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// The lowest level that is wanted.
    pub(crate) fn level(&self) -> Level {
        self.contain(|sink| sink.level()).unwrap_or(Level::Error)
    }

    /// Takes an event as it crossed, and says whether the call should end.
    ///
    /// Bytes, not text: a runner in another language may send what is not UTF-8.
    pub(crate) fn receive_bytes(
        &self,
        name: &[u8],
        message: Option<&[u8]>,
        fields: &[u8],
        level: Level,
    ) -> bool {
        let name = String::from_utf8_lossy(name);
        let message = message.map(String::from_utf8_lossy);
        self.receive(&Event {
            name: &name,
            message: message.as_deref(),
            fields,
            level,
        })
    }

    fn receive(&self, event: &Event<'_>) -> bool {
        if self.closed.load(Ordering::SeqCst) {
            self.late.fetch_add(1, Ordering::SeqCst);
            return true;
        }
        self.contain(|sink| {
            sink.receive(event);
            sink.is_cancelled()
        })
        .unwrap_or(false)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
            || self.contain(|sink| sink.is_cancelled()).unwrap_or(false)
    }

    /// Calls the sink unless it has panicked before; a panic now is kept here.
    fn contain<T>(&self, call: impl FnOnce(&dyn EventSink) -> T) -> Option<T> {
        if self.broken.load(Ordering::Relaxed) {
            return None;
        }
        catch_unwind(AssertUnwindSafe(|| call(&*self.sink)))
            .inspect_err(|_| self.broken.store(true, Ordering::SeqCst))
            .ok()
    }
}

const FUNCTIONS: SinkFunctionsRef = {
    const TABLE: &WithMetadata<SinkFunctions> = &WithMetadata::new(SinkFunctions {
        retain,
        release,
        level,
        is_cancelled,
        emit,
    });
    SinkFunctionsRef(TABLE.static_as_prefix())
};

unsafe extern "C" fn retain(context: *const ()) {
    // SAFETY: `context` came from `Arc::into_raw` of a `HostSink` and is alive.
    unsafe { Arc::increment_strong_count(context.cast::<HostSink>()) }
}

unsafe extern "C" fn release(context: *const ()) {
    // SAFETY: as in `retain`; the caller gives up one count.
    let sink = unsafe { Arc::from_raw(context.cast::<HostSink>()) };
    // The last one drops the embedder's sink, which may panic.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(sink)));
}

unsafe extern "C" fn level(context: *const ()) -> u8 {
    // SAFETY: as in `retain`.
    unsafe { &*context.cast::<HostSink>() }.level() as u8
}

unsafe extern "C" fn is_cancelled(context: *const ()) -> bool {
    // SAFETY: as in `retain`.
    unsafe { &*context.cast::<HostSink>() }.is_cancelled()
}

unsafe extern "C" fn emit(
    context: *const (),
    name: RSlice<'_, u8>,
    message: ROption<RSlice<'_, u8>>,
    fields: RSlice<'_, u8>,
    level: u8,
) -> bool {
    // SAFETY: as in `retain`.
    let sink = unsafe { &*context.cast::<HostSink>() };
    let message = message.into_option();
    sink.receive_bytes(
        name.as_slice(),
        message.as_ref().map(RSlice::as_slice),
        fields.as_slice(),
        Level::from_number(level),
    )
}
