//! The host's functions behind an emitter's handle.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use abi_stable::{
    prefix_type::WithMetadata,
    std_types::{ROption, RSlice},
};

use super::sink::{SinkFunctions, SinkFunctionsRef, SinkHandle};
use crate::{
    event::{Event, Level, Signal},
    host_sink::{Connection, HostSink},
};

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

impl SinkHandle {
    pub(super) fn new(sink: Arc<HostSink>) -> Self {
        Self {
            context: Arc::into_raw(sink).cast(),
            functions: FUNCTIONS,
        }
    }
}

/// Takes an event as it crossed, and says whether the call should end.
///
/// Bytes, not strings: a runner in another language may send what is not UTF-8.
pub(super) fn receive(
    sink: &HostSink,
    name: &[u8],
    message: Option<&[u8]>,
    fields: &[u8],
    level: Level,
) -> bool {
    let name = String::from_utf8_lossy(name);
    let message = message.map(String::from_utf8_lossy);
    let signal = sink.send(&Event {
        name: &name,
        message: message.as_deref(),
        fields,
        level,
    });
    signal == Signal::Cancel
}

unsafe extern "C" fn retain(context: *const ()) {
    // SAFETY: `context` came from `Arc::into_raw` of a `HostSink` and is alive.
    unsafe { Arc::increment_strong_count(context.cast::<HostSink>()) }
}

unsafe extern "C" fn release(context: *const ()) {
    // SAFETY: as in `retain`; the caller gives up one count.
    let sink = unsafe { Arc::from_raw(context.cast::<HostSink>()) };
    // The last one drops the embedding program's sink, which may panic.
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
    receive(
        sink,
        name.as_slice(),
        message.as_ref().map(RSlice::as_slice),
        fields.as_slice(),
        Level::from_number(level),
    )
}
