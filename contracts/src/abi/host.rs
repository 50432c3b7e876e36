//! The host's side: opening a runner's library and calling it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use abi_stable::{
    StableAbi,
    library::{AbiHeaderRef, LibraryError},
    std_types::RSlice,
};
use serde::{Serialize, de::DeserializeOwned};

pub use super::panics::Panic;
use super::{
    c::{self, CallFunction},
    c_host::CRunner,
    layout,
    module::{ERROR, OK, Outcome, PANIC, RunnerModuleRef},
    plugin::SYMBOL,
    sink::{HostSink, SinkHandle},
};
use crate::{
    Capabilities, EvalResult, EvaluateRequest, ExplainRequest, Explanation, ExportRequest,
    ExportResult, FitRequest, RunResult, RunnerError, emit::EventSink,
};

/// A runner whose library is open, in Rust or in C. It stays open until the process ends.
#[derive(Clone, Copy)]
pub struct LoadedRunner {
    face: Face,
}

/// What a runner's library exports.
#[derive(Clone, Copy)]
enum Face {
    Rust(RunnerModuleRef),
    C(CRunner),
}

/// Why a library cannot be opened as a runner.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path does not lead to a file.
    #[error("{path} cannot be opened: {source}")]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system's loader refuses the library: not one for this machine, or a symbol is missing.
    #[error("the system cannot load {path}: {reason}")]
    Loader {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The library exports no runner.
    #[error(
        "{path} exports no protea runner: it lacks `export_runner!`, or `{}` where it is in C",
        c::SYMBOL
    )]
    NotARunner {
        /// The library.
        path: PathBuf,
    },
    /// The library and the host do not understand each other.
    #[error(
        "{path} does not fit this host: {reason}; rebuild it against protea-contracts {}",
        crate::CONTRACT_VERSION
    )]
    Layout {
        /// The library.
        path: PathBuf,
        /// The first difference.
        reason: String,
    },
}

/// Why a call of a loaded runner gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The runner said so.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The runner panicked.
    #[error(transparent)]
    Panicked(#[from] Panic),
    /// What the runner answered is not what the contract says.
    #[error("the runner broke the contract: {0}")]
    Protocol(String),
}

/// What a call gave, and how the runner behaved during it.
#[derive(Debug)]
pub struct Call<T> {
    /// The result.
    pub result: Result<T, CallError>,
    /// The host's own sink panicked during the call; later events were lost.
    pub sink_panicked: bool,
    /// Events that the runner has sent since the call ended.
    pub late: LateEvents,
}

/// Counts the events that a runner sends after its call ended: a breach of the contract.
pub struct LateEvents(Arc<HostSink>);

impl std::fmt::Debug for LateEvents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.count())
    }
}

impl LateEvents {
    /// How many there are by now.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.late_events()
    }
}

impl LoadedRunner {
    /// Opens the library at `path`, an absolute path, and checks that it fits this host.
    ///
    /// **Opening a library runs its code.** Check that the file is whole and read its descriptor
    /// first: a truncated library kills the process.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = std::fs::canonicalize(path).map_err(|source| OpenError::Path {
            path: path.to_owned(),
            source,
        })?;
        let library = open_library(&path).map_err(|error| OpenError::Loader {
            path: path.clone(),
            reason: loader_message(&error),
        })?;
        // Never closed: threads and thread-locals of the runner may outlive any call.
        let library = std::mem::ManuallyDrop::new(library);
        let unfit = |reason: String| OpenError::Layout {
            path: path.clone(),
            reason,
        };
        // SAFETY: a library that exports this symbol exports an `AbiHeader` there.
        let face = if let Ok(header) = unsafe { library.get::<AbiHeaderRef>(SYMBOL) } {
            Face::Rust(module(*header).map_err(unfit)?)
        // SAFETY: a library that exports this symbol exports a `protea_runner` there.
        } else if let Ok(table) = unsafe { library.get::<*const c::Runner>(c::SYMBOL) } {
            // SAFETY: as above; the library is never closed.
            Face::C(unsafe { CRunner::read(*table) }.map_err(unfit)?)
        } else {
            return Err(OpenError::NotARunner { path });
        };
        Ok(Self { face })
    }

    /// What the runner says of itself.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub fn describe(&self) -> Result<Capabilities, CallError> {
        match self.face {
            Face::Rust(module) => outcome(module.describe()()),
            Face::C(runner) => runner.describe(),
        }
    }

    /// Calls [`fit`](crate::ExperimentRunner::fit).
    #[must_use]
    pub fn fit(&self, request: &FitRequest, sink: Arc<dyn EventSink>) -> Call<RunResult> {
        match self.face {
            Face::Rust(module) => call_rust(module.fit(), request, sink),
            Face::C(runner) => call_c(runner, runner.fit, request, sink),
        }
    }

    /// Calls [`evaluate`](crate::ExperimentRunner::evaluate).
    #[must_use]
    pub fn evaluate(
        &self,
        request: &EvaluateRequest,
        sink: Arc<dyn EventSink>,
    ) -> Call<EvalResult> {
        match self.face {
            Face::Rust(module) => call_rust(module.evaluate(), request, sink),
            Face::C(runner) => call_c(runner, runner.evaluate, request, sink),
        }
    }

    /// Calls [`export`](crate::ExperimentRunner::export).
    #[must_use]
    pub fn export(&self, request: &ExportRequest, sink: Arc<dyn EventSink>) -> Call<ExportResult> {
        match self.face {
            Face::Rust(module) => call_rust(module.export(), request, sink),
            Face::C(runner) => call_c(runner, runner.export_model, request, sink),
        }
    }

    /// Calls [`explain`](crate::ExperimentRunner::explain). A runner of a contract before 1.1.0, and
    /// one in C that leaves it out, is answered for with [`RunnerError::Unsupported`].
    #[must_use]
    pub fn explain(&self, request: &ExplainRequest, sink: Arc<dyn EventSink>) -> Call<Explanation> {
        match self.face {
            Face::Rust(module) => match module.explain() {
                Some(explain) => call_rust(explain, request, sink),
                None => unsupported(request, sink, &too_old("explain", "1.1.0")),
            },
            Face::C(runner) => match runner.explain {
                Some(explain) => call_c(runner, explain, request, sink),
                None => unsupported(
                    request,
                    sink,
                    &RunnerError::unsupported(
                        "explain",
                        "this runner does not say where its scores come from; an author adds it as `explain` of its protea_runner",
                    ),
                ),
            },
        }
    }
}

impl std::fmt::Debug for LoadedRunner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LoadedRunner")
            .finish_non_exhaustive()
    }
}

/// The root module of a runner in Rust, if it fits this host.
fn module(header: AbiHeaderRef) -> Result<RunnerModuleRef, String> {
    let header = header.upgrade().map_err(|error| one_line(&error))?;
    let layout = header
        .layout()
        .ok_or_else(|| "it carries no layout to check".to_owned())?;
    layout::check(<RunnerModuleRef as StableAbi>::LAYOUT, layout)?;
    // SAFETY: the layouts were compared above, both ways.
    unsafe { header.init_root_module_with_unchecked_layout::<RunnerModuleRef>() }
        .map_err(|error| one_line(&error))
}

/// What the system's loader said; `libloading` keeps it in the cause.
fn loader_message(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(unix)]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: opening runs the library's initialisers; that is what the caller asks for.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: opening runs the library's initialisers; that is what the caller asks for.
    unsafe { libloading::Library::new(path) }
}

fn call_rust<T: DeserializeOwned>(
    function: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
    request: &impl Serialize,
    sink: Arc<dyn EventSink>,
) -> Call<T> {
    call(request, sink, |request, sink| {
        let handle = SinkHandle::of(Arc::clone(sink));
        outcome(function(request.into(), &handle))
    })
}

fn call_c<T: DeserializeOwned>(
    runner: CRunner,
    function: CallFunction,
    request: &impl Serialize,
    sink: Arc<dyn EventSink>,
) -> Call<T> {
    call(request, sink, |request, sink| {
        runner.call(function, request, sink)
    })
}

fn call<T>(
    request: &impl Serialize,
    sink: Arc<dyn EventSink>,
    call: impl FnOnce(&[u8], &Arc<HostSink>) -> Result<T, CallError>,
) -> Call<T> {
    let sink = Arc::new(HostSink::new(sink));
    let result = match serde_json::to_vec(request) {
        Ok(request) => call(&request, &sink),
        Err(error) => Err(CallError::Protocol(format!(
            "the request cannot be written as JSON: {error}"
        ))),
    };
    sink.close();
    Call {
        result,
        sink_panicked: sink.is_broken(),
        late: LateEvents(sink),
    }
}

/// A call of a function that the runner does not have.
fn unsupported<T>(
    request: &impl Serialize,
    sink: Arc<dyn EventSink>,
    error: &RunnerError,
) -> Call<T> {
    call(request, sink, |_, _| Err(error.clone().into()))
}

/// The answer for a runner that was built before the contract had an operation.
fn too_old(operation: &str, since: &str) -> RunnerError {
    RunnerError::unsupported(
        operation,
        format!(
            "this runner was built for a contract before {since}; rebuild it against protea-contracts {}",
            crate::CONTRACT_VERSION
        ),
    )
}

fn outcome<T: DeserializeOwned>(outcome: Outcome) -> Result<T, CallError> {
    decode(outcome.status, &outcome.body)
}

/// What a call answered, in Rust or in C.
pub(super) fn decode<T: DeserializeOwned>(status: u8, body: &[u8]) -> Result<T, CallError> {
    match status {
        OK => read(body, "result"),
        ERROR => Err(runner_error(body)?.into()),
        PANIC => Err(read::<Panic>(body, "panic")?.into()),
        other => Err(CallError::Protocol(format!(
            "it answered with the unknown status {other}"
        ))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, CallError> {
    serde_json::from_slice(body)
        .map_err(|error| CallError::Protocol(format!("its {what} cannot be read: {error}")))
}

/// The runner's error; of a kind that only a newer contract knows, what can be said of it.
fn runner_error(body: &[u8]) -> Result<RunnerError, CallError> {
    serde_json::from_slice(body).or_else(|error| {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        match (value["kind"].as_str(), value["message"].as_str()) {
            (Some(kind), Some(message)) => Ok(RunnerError::failed(format!("{kind}: {message}"))),
            _ => Err(CallError::Protocol(format!(
                "its error cannot be read: {error}"
            ))),
        }
    })
}

fn one_line(error: &LibraryError) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}
