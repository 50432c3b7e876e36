//! The host's side of the C face. Nothing that comes from a runner in C is believed.

use std::{
    ffi::{c_char, c_void},
    mem::{offset_of, size_of},
    ptr,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::de::DeserializeOwned;

use super::{
    c::{self, Answer, CallFunction, DescribeFunction, FreeFunction, Host, Runner, TEXT_LIMIT},
    host::{CallError, decode},
    sink::HostSink,
};
use crate::{Capabilities, emit::Level};

/// No table will ever be this long; what says so is not one.
const LONGEST_TABLE: usize = 64 << 10;

/// The functions of a runner in C; those of contract 1.0.0 are there.
#[derive(Clone, Copy)]
pub(super) struct CRunner {
    describe: DescribeFunction,
    pub(super) fit: CallFunction,
    pub(super) evaluate: CallFunction,
    pub(super) export_model: CallFunction,
    free_answer: FreeFunction,
    pub(super) explain: Option<CallFunction>,
}

impl CRunner {
    /// Reads the table at `symbol`, for what this host knows of it.
    ///
    /// # Safety
    ///
    /// `symbol` is where a library that stays open holds [`c::SYMBOL`].
    pub(super) unsafe fn read(symbol: *const Runner) -> Result<Self, String> {
        if symbol.is_null() || !symbol.is_aligned() {
            return Err(format!("its {} is not a protea_runner", c::SYMBOL));
        }
        // SAFETY: not null and aligned; the caller vouches for the rest.
        let size = unsafe { (&raw const (*symbol).struct_size).read() };
        // What is required is what version 1.0.0 has, whatever is added to the struct later.
        let required = offset_of!(Runner, free_answer) + size_of::<Option<FreeFunction>>();
        if !(required..=LONGEST_TABLE).contains(&size) {
            return Err(format!(
                "its protea_runner says it has {size} bytes, not {required} or a few more; set \
                 struct_size to sizeof(protea_runner)"
            ));
        }
        let mut table = Runner::default();
        // SAFETY: both are at least that long, and a `Runner` may hold any bytes.
        unsafe {
            ptr::copy_nonoverlapping(
                symbol.cast::<u8>(),
                (&raw mut table).cast::<u8>(),
                size.min(size_of::<Runner>()),
            );
        }
        // A table that ends before a function, or in the middle of it, does not have it.
        let has_explain = offset_of!(Runner, explain) + size_of::<Option<CallFunction>>() <= size;
        let lacking = |name: &str| format!("its protea_runner lacks the function {name}");
        Ok(Self {
            describe: table.describe.ok_or_else(|| lacking("describe"))?,
            fit: table.fit.ok_or_else(|| lacking("fit"))?,
            evaluate: table.evaluate.ok_or_else(|| lacking("evaluate"))?,
            export_model: table.export_model.ok_or_else(|| lacking("export_model"))?,
            free_answer: table.free_answer.ok_or_else(|| lacking("free_answer"))?,
            explain: table.explain.filter(|_| has_explain),
        })
    }

    pub(super) fn describe(&self) -> Result<Capabilities, CallError> {
        // SAFETY: the runner's own function, with an answer that is alive during the call.
        self.answer(|answer| unsafe { (self.describe)(answer) })
    }

    pub(super) fn call<T: DeserializeOwned>(
        &self,
        function: CallFunction,
        request: &[u8],
        sink: &Arc<HostSink>,
    ) -> Result<T, CallError> {
        let context = Context::new(Arc::clone(sink));
        let host = &raw const context.host;
        // SAFETY: the runner's own function; request, host and answer are alive during the call.
        let result = self.answer(|answer| unsafe {
            function(request.as_ptr().cast(), request.len(), host, answer)
        });
        match context.breach.get() {
            Some(breach) => Err(CallError::Protocol(breach.clone())),
            None => result,
        }
    }

    fn answer<T: DeserializeOwned>(
        &self,
        call: impl FnOnce(*mut Answer) -> u32,
    ) -> Result<T, CallError> {
        let mut answer = Answer {
            struct_size: size_of::<Answer>(),
            json: ptr::null_mut(),
            length: 0,
        };
        let status = call(&raw mut answer);
        let result = read(status, &answer);
        // SAFETY: the runner's own function, with the answer that it filled, once.
        unsafe { (self.free_answer)(&raw mut answer) };
        result
    }
}

fn read<T: DeserializeOwned>(status: u32, answer: &Answer) -> Result<T, CallError> {
    let broken = |message: String| Err(CallError::Protocol(message));
    // A runner in C cannot answer a panic.
    let (c::OK | c::ERROR) = status else {
        return broken(format!("it answered with the unknown status {status}"));
    };
    if answer.json.is_null() {
        return broken(format!("it answered status {status} with NULL for a text"));
    }
    if answer.length > TEXT_LIMIT {
        return broken(format!(
            "it answered {} bytes; at most {TEXT_LIMIT} are allowed",
            answer.length
        ));
    }
    // SAFETY: not null, of a length that can be; that so much is there is the runner's word.
    let body = unsafe { std::slice::from_raw_parts(answer.json.cast::<u8>(), answer.length) };
    if let Err(error) = std::str::from_utf8(body) {
        return broken(format!(
            "its answer is not UTF-8 from byte {} on",
            error.valid_up_to()
        ));
    }
    decode(status as u8, body)
}

/// What `protea_host.context` leads to, with the struct that the runner sees.
struct Context {
    host: Host,
    sink: Arc<HostSink>,
    level: Level,
    retained: AtomicUsize,
    breach: OnceLock<String>,
}

// SAFETY: the pointer leads to the context itself; all else is `Send + Sync`.
unsafe impl Send for Context {}
// SAFETY: as above; the host's struct is never written to once it is made.
unsafe impl Sync for Context {}

impl Context {
    fn new(sink: Arc<HostSink>) -> Arc<Self> {
        Arc::new_cyclic(|context: &Weak<Self>| Self {
            host: Host {
                struct_size: size_of::<Host>(),
                context: context.as_ptr().cast::<c_void>(),
                emit,
                is_cancelled,
                level,
                retain,
                release,
            },
            level: sink.level(),
            sink,
            retained: AtomicUsize::new(0),
            breach: OnceLock::new(),
        })
    }

    /// # Safety
    ///
    /// `host` is null, or was given to the runner (or copied from what was) and is still valid.
    unsafe fn of<'a>(host: *const Host) -> Option<&'a Self> {
        // SAFETY: by the above.
        let host = unsafe { host.as_ref() }?;
        // SAFETY: a host's context is the `Context` that it is part of.
        unsafe { host.context.cast::<Self>().as_ref() }
    }

    fn break_contract(&self, how: String) {
        // The first breach is the one to tell of.
        let _ = self.breach.set(how);
    }

    /// The bytes of a text of an event; `None` for NULL.
    ///
    /// # Safety
    ///
    /// `start` is null or leads to as many bytes as `length` says, where that is not absurd.
    unsafe fn text<'a>(&self, what: &str, start: *const c_char, length: usize) -> Option<&'a [u8]> {
        if length > TEXT_LIMIT {
            self.break_contract(format!(
                "the {what} of an event has {length} bytes; at most {TEXT_LIMIT} are allowed"
            ));
            return None;
        }
        // SAFETY: by the above.
        (!start.is_null())
            .then(|| unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) })
    }
}

unsafe extern "C" fn emit(
    host: *const Host,
    event: *const c_char,
    event_length: usize,
    message: *const c_char,
    message_length: usize,
    fields: *const c_char,
    fields_length: usize,
    level: u32,
) -> i32 {
    // SAFETY: what the header asks of a runner.
    let Some(context) = (unsafe { Context::of(host) }) else {
        return 1;
    };
    let level = Level::from_number(u8::try_from(level).unwrap_or(u8::MAX));
    if level < context.level {
        return context.sink.is_cancelled().into();
    }
    // SAFETY: what the header asks of a runner.
    let texts = unsafe {
        (
            context.text("name", event, event_length),
            context.text("message", message, message_length),
            context.text("fields", fields, fields_length),
        )
    };
    let (Some(name), message, fields) = texts else {
        context.break_contract("it sent an event without a name".to_owned());
        return context.sink.is_cancelled().into();
    };
    let fields = fields.unwrap_or(b"{}");
    context
        .sink
        .receive_bytes(name, message, fields, level)
        .into()
}

unsafe extern "C" fn is_cancelled(host: *const Host) -> i32 {
    // SAFETY: what the header asks of a runner.
    unsafe { Context::of(host) }.is_none_or(|context| context.sink.is_cancelled()) as i32
}

unsafe extern "C" fn level(host: *const Host) -> u32 {
    // SAFETY: what the header asks of a runner.
    unsafe { Context::of(host) }.map_or(Level::Error, |context| context.level) as u32
}

unsafe extern "C" fn retain(host: *const Host) {
    // SAFETY: what the header asks of a runner.
    if let Some(context) = unsafe { Context::of(host) } {
        context.retained.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the context lives in an `Arc`, and is alive.
        unsafe { Arc::increment_strong_count(ptr::from_ref(context)) };
    }
}

unsafe extern "C" fn release(host: *const Host) {
    // SAFETY: what the header asks of a runner.
    let Some(context) = (unsafe { Context::of(host) }) else {
        return;
    };
    let retained = context
        .retained
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
            count.checked_sub(1)
        });
    if retained.is_err() {
        context.break_contract("it released the host more often than it retained it".to_owned());
        return;
    }
    // SAFETY: one of those that `retain` added; dropping the sink keeps its panics to itself.
    unsafe { Arc::decrement_strong_count(ptr::from_ref(context)) };
}
