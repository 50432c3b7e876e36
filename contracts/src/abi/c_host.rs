//! The host's side of the C face. Everything that comes from a runner in C is validated.

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
    answer::{CallError, decode},
    c::{self, Answer, DescribeFunction, FreeFunction, Host, Runner, TEXT_LIMIT},
    functions,
    sink_functions::receive,
};
use crate::{
    error::RunnerError,
    event::Level,
    host_sink::{Connection, HostSink},
    operation::OperationKind,
    runner::Capabilities,
};

/// A struct that says it is longer than this is not a `protea_runner`.
const LONGEST_TABLE: usize = 64 << 10;
/// Every field of a `protea_runner` has this size.
const WORD: usize = size_of::<usize>();
/// A runner in C must have the operations of this version of the contract.
const FIRST_VERSION: semver::Version = semver::Version::new(1, 0, 0);

/// The functions of a runner in C.
#[derive(Clone, Copy)]
pub(super) struct CRunner {
    describe: DescribeFunction,
    free_answer: FreeFunction,
    /// Has all operations of contract 1.0.0.
    table: Runner,
}

impl CRunner {
    /// Reads the table at `symbol`, up to the last field that this host knows.
    ///
    /// # Safety
    ///
    /// `symbol` is where a library that stays open holds [`c::SYMBOL`].
    pub(super) unsafe fn read(symbol: *const Runner) -> Result<Self, String> {
        if symbol.is_null() || !symbol.is_aligned() {
            return Err(format!("its {} is not a protea_runner", c::SYMBOL));
        }
        // SAFETY: not null and aligned; the caller guarantees the rest.
        let size = unsafe { (&raw const (*symbol).struct_size).read() };
        // The fields of version 1.0.0 are required; those that were added later are optional.
        let required = offset_of!(Runner, free_answer) + size_of::<Option<FreeFunction>>();
        if !(required..=LONGEST_TABLE).contains(&size) {
            return Err(format!(
                "its protea_runner says it has {size} bytes, not {required} or a few more; set \
                 struct_size to sizeof(protea_runner)"
            ));
        }
        let mut table = Runner::default();
        // A function that the table has only in part is not there.
        let length = (size / WORD * WORD).min(size_of::<Runner>());
        // SAFETY: both are at least that long, and the functions of a `Runner` may have any value.
        unsafe {
            ptr::copy_nonoverlapping(symbol.cast::<u8>(), (&raw mut table).cast::<u8>(), length);
        }
        let lacking = |name: &str| format!("its protea_runner lacks the function {name}");
        let describe = table.describe.ok_or_else(|| lacking("describe"))?;
        for operation in OperationKind::ALL {
            let (name, function) = functions::in_table(&table, *operation);
            if function.is_none() && operation.since() == FIRST_VERSION {
                return Err(lacking(name));
            }
        }
        Ok(Self {
            describe,
            free_answer: table.free_answer.ok_or_else(|| lacking("free_answer"))?,
            table,
        })
    }

    pub(super) fn describe(&self) -> Result<Capabilities, CallError> {
        // SAFETY: the runner's own function, with an answer that lives as long as the call.
        self.answer(|answer| unsafe { (self.describe)(answer) })
    }

    pub(super) fn call<T: DeserializeOwned>(
        &self,
        operation: OperationKind,
        request: &[u8],
        sink: &Arc<HostSink>,
    ) -> Result<T, CallError> {
        let (name, function) = functions::in_table(&self.table, operation);
        let function = function.ok_or_else(|| {
            RunnerError::unsupported(
                operation.name(),
                format!(
                    "this runner does not implement it; its author can add the function `{name}` to its protea_runner"
                ),
            )
        })?;
        let context = Context::new(Arc::clone(sink));
        let host = &raw const context.host;
        // SAFETY: the runner's own function; request, host and answer live as long as the call.
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
        return broken(format!(
            "it answered status {status} with NULL for its JSON"
        ));
    }
    if answer.length > TEXT_LIMIT {
        return broken(format!(
            "it answered {} bytes; at most {TEXT_LIMIT} are allowed",
            answer.length
        ));
    }
    // SAFETY: not null, and not too long; that `length` bytes are there is the runner's duty.
    let body = unsafe { std::slice::from_raw_parts(answer.json.cast::<u8>(), answer.length) };
    if let Err(error) = std::str::from_utf8(body) {
        return broken(format!(
            "its answer is not UTF-8 from byte {} on",
            error.valid_up_to()
        ));
    }
    decode(status as u8, body)
}

/// What `protea_host.context` points to, with the struct that the runner sees.
struct Context {
    host: Host,
    sink: Arc<HostSink>,
    level: Level,
    retained: AtomicUsize,
    breach: OnceLock<String>,
}

// SAFETY: the pointer is to the context itself; everything else is `Send + Sync`.
unsafe impl Send for Context {}
// SAFETY: as above; the host's struct is never written to after it is created.
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
    /// `host` is null, or was passed to the runner, or is a copy of such a struct, and is still valid.
    unsafe fn from_host<'a>(host: *const Host) -> Option<&'a Self> {
        // SAFETY: by the above.
        let host = unsafe { host.as_ref() }?;
        // SAFETY: a host's context is the `Context` that it is part of.
        unsafe { host.context.cast::<Self>().as_ref() }
    }

    fn report_breach(&self, how: String) {
        // Only the first breach is reported.
        let _ = self.breach.set(how);
    }

    /// The bytes of a string of an event; `None` for NULL.
    ///
    /// # Safety
    ///
    /// `start` is null or points to `length` bytes, unless `length` is above the limit.
    unsafe fn bytes<'a>(
        &self,
        what: &str,
        start: *const c_char,
        length: usize,
    ) -> Option<&'a [u8]> {
        if length > TEXT_LIMIT {
            self.report_breach(format!(
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
    let Some(context) = (unsafe { Context::from_host(host) }) else {
        return 1;
    };
    let level = Level::from_number(u8::try_from(level).unwrap_or(u8::MAX));
    if level < context.level {
        return context.sink.is_cancelled().into();
    }
    // SAFETY: what the header asks of a runner.
    let strings = unsafe {
        (
            context.bytes("name", event, event_length),
            context.bytes("message", message, message_length),
            context.bytes("fields", fields, fields_length),
        )
    };
    let (Some(name), message, fields) = strings else {
        context.report_breach("it sent an event without a name".to_owned());
        return context.sink.is_cancelled().into();
    };
    let fields = fields.unwrap_or(b"{}");
    receive(&context.sink, name, message, fields, level).into()
}

unsafe extern "C" fn is_cancelled(host: *const Host) -> i32 {
    // SAFETY: what the header asks of a runner.
    unsafe { Context::from_host(host) }.is_none_or(|context| context.sink.is_cancelled()) as i32
}

unsafe extern "C" fn level(host: *const Host) -> u32 {
    // SAFETY: what the header asks of a runner.
    unsafe { Context::from_host(host) }.map_or(Level::Error, |context| context.level) as u32
}

unsafe extern "C" fn retain(host: *const Host) {
    // SAFETY: what the header asks of a runner.
    if let Some(context) = unsafe { Context::from_host(host) } {
        context.retained.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the context is in an `Arc` that is alive.
        unsafe { Arc::increment_strong_count(ptr::from_ref(context)) };
    }
}

unsafe extern "C" fn release(host: *const Host) {
    // SAFETY: what the header asks of a runner.
    let Some(context) = (unsafe { Context::from_host(host) }) else {
        return;
    };
    let retained = context
        .retained
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
            count.checked_sub(1)
        });
    if retained.is_err() {
        context.report_breach("it released the host more often than it retained it".to_owned());
        return;
    }
    // SAFETY: the count is one that `retain` added. Dropping a sink contains its panics.
    unsafe { Arc::decrement_strong_count(ptr::from_ref(context)) };
}
