//! The emitter's handle as it crosses the boundary: a reference-counted pointer to the host's sink,
//! with the host's functions for it.

use abi_stable::{
    StableAbi,
    std_types::{ROption, RSlice},
};

use crate::{
    event::{Event, Level, Signal},
    host_sink::Connection,
};

/// The host's functions. New ones are added at the end, and older hosts lack them.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = SinkFunctionsRef)))]
pub struct SinkFunctions {
    pub(super) retain: unsafe extern "C" fn(*const ()),
    pub(super) release: unsafe extern "C" fn(*const ()),
    pub(super) level: unsafe extern "C" fn(*const ()) -> u8,
    pub(super) is_cancelled: unsafe extern "C" fn(*const ()) -> bool,
    #[sabi(last_prefix_field)]
    pub(super) emit: unsafe extern "C" fn(
        *const (),
        RSlice<'_, u8>,
        ROption<RSlice<'_, u8>>,
        RSlice<'_, u8>,
        u8,
    ) -> bool,
}

/// A reference-counted pointer to a [`HostSink`](crate::host_sink::HostSink), as it crosses the boundary.
#[repr(C)]
#[derive(StableAbi)]
pub struct SinkHandle {
    pub(super) context: *const (),
    pub(super) functions: SinkFunctionsRef,
}

// SAFETY: the context is an `Arc` of a `Send + Sync` sink, touched only through the host's functions.
unsafe impl Send for SinkHandle {}
// SAFETY: as above.
unsafe impl Sync for SinkHandle {}

impl Connection for SinkHandle {
    fn level(&self) -> Level {
        // SAFETY: the context is the one these functions were made for, and alive while the handle is.
        Level::from_number(unsafe { self.functions.level()(self.context) })
    }

    fn send(&self, event: &Event<'_>) -> Signal {
        let message = event.message.map(|text| text.as_bytes().into()).into();
        // SAFETY: as above; the borrowed strings outlive the call.
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

    fn is_cancelled(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.functions.is_cancelled()(self.context) }
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
