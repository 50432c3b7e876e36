//! The host's side: opening a runner's library and calling it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use abi_stable::{
    StableAbi,
    library::{AbiHeaderRef, LibraryError},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use super::{answer::CallError, panics::Panic};
use super::{
    answer::decode,
    c,
    c_host::CRunner,
    functions, layout,
    module::{Outcome, RunnerModuleRef},
    plugin::SYMBOL,
    sink::SinkHandle,
};
use crate::{
    error::RunnerError,
    event::EventSink,
    host_sink::HostSink,
    operation::{Operation, OperationKind},
    runner::Capabilities,
    version::CONTRACT_VERSION,
};

/// A runner whose library is open, in Rust or in C. It stays open until the process ends.
#[derive(Clone, Copy)]
pub struct LoadedRunner {
    face: Face,
}

/// The interface that a runner's library exports.
#[derive(Clone, Copy)]
enum Face {
    Rust(RunnerModuleRef),
    C(CRunner),
}

/// Why a library cannot be opened as a runner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path does not lead to a file.
    #[error("{path} cannot be opened")]
    Path {
        /// The path as it was given.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The system's loader rejects the library: it is for another platform, or lacks a symbol.
    #[error("the system cannot load {path}: {reason}")]
    Loader {
        /// The library.
        path: PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// The library exports no runner.
    #[error(
        "{path} exports no protea runner: it lacks `export_runner!`, or, if it is in C, `{}`",
        c::SYMBOL
    )]
    NotARunner {
        /// The library.
        path: PathBuf,
    },
    /// The library was built for a boundary with another layout.
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

/// The result of a call, and how the runner behaved during it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Call<T> {
    /// The result.
    pub result: Result<T, CallError>,
    /// The host's own sink panicked during the call; later events were not delivered to it.
    pub sink_panicked: bool,
    /// Events that the runner has sent since the call ended.
    pub late: LateEvents,
}

/// Counts the events that a runner sends after its call has ended, which the contract forbids.
pub struct LateEvents(Arc<HostSink>);

impl std::fmt::Debug for LateEvents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.count())
    }
}

impl LateEvents {
    /// The number of such events so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.late_events()
    }
}

impl LoadedRunner {
    /// Opens the library at `path`, an absolute path, and checks that it fits this host.
    ///
    /// **Opening a library runs its code.** First check that the file is complete and read its
    /// descriptor: a truncated library kills the process.
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
        // Never closed: threads and thread-locals of the runner may outlive every call.
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

    /// Asks the runner to describe itself.
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

    /// Calls an operation, such as `runner.call::<Fit>(&request, sink)`.
    ///
    /// A runner that lacks the operation, because it was built for a contract before
    /// [`Operation::SINCE`] or is in C and leaves it out, is not called: the result is
    /// [`RunnerError::Unsupported`].
    #[must_use]
    pub fn call<O: Operation>(
        &self,
        request: &O::Request,
        sink: Arc<dyn EventSink>,
    ) -> Call<O::Response> {
        let request = serde_json::to_vec(request).map_err(|error| {
            CallError::Protocol(format!("the request cannot be written as JSON: {error}"))
        });
        during_call(sink, |sink| self.answer(O::KIND, &request?, sink))
    }

    /// [`call`](Self::call) for a request that is JSON already, and a result that stays JSON. The
    /// result is checked to be JSON, but not to be one of this operation.
    #[must_use]
    pub fn call_json(
        &self,
        operation: OperationKind,
        request: &RawValue,
        sink: Arc<dyn EventSink>,
    ) -> Call<Box<RawValue>> {
        let request = request.get().as_bytes();
        during_call(sink, |sink| self.answer(operation, request, sink))
    }

    fn answer<T: DeserializeOwned>(
        &self,
        operation: OperationKind,
        request: &[u8],
        sink: &Arc<HostSink>,
    ) -> Result<T, CallError> {
        match self.face {
            Face::Rust(module) => {
                let function =
                    functions::in_module(module, operation).ok_or_else(|| too_old(operation))?;
                let handle = SinkHandle::new(Arc::clone(sink));
                outcome(function(request.into(), &handle))
            }
            Face::C(runner) => runner.call(operation, request, sink),
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

/// The root module of a runner in Rust, if its layout fits this host.
fn module(header: AbiHeaderRef) -> Result<RunnerModuleRef, String> {
    let header = header.upgrade().map_err(|error| one_line(&error))?;
    let layout = header
        .layout()
        .ok_or_else(|| "it has no layout to check".to_owned())?;
    layout::check(<RunnerModuleRef as StableAbi>::LAYOUT, layout)?;
    // SAFETY: the layouts were compared above, in both directions.
    unsafe { header.init_root_module_with_unchecked_layout::<RunnerModuleRef>() }
        .map_err(|error| one_line(&error))
}

/// The loader's message, which `libloading` keeps in the source.
fn loader_message(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(unix)]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: opening runs the library's initialisers, which is what the caller asks for.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn open_library(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: opening runs the library's initialisers, which is what the caller asks for.
    unsafe { libloading::Library::new(path) }
}

fn during_call<T>(
    sink: Arc<dyn EventSink>,
    call: impl FnOnce(&Arc<HostSink>) -> Result<T, CallError>,
) -> Call<T> {
    let sink = Arc::new(HostSink::new(sink));
    let result = call(&sink);
    sink.close();
    Call {
        result,
        sink_panicked: sink.is_broken(),
        late: LateEvents(sink),
    }
}

fn too_old(operation: OperationKind) -> RunnerError {
    RunnerError::unsupported(
        operation.name(),
        format!(
            "this runner was built for a contract before {}; rebuild it against protea-contracts {CONTRACT_VERSION}",
            operation.since(),
        ),
    )
}

fn outcome<T: DeserializeOwned>(outcome: Outcome) -> Result<T, CallError> {
    decode(outcome.status, &outcome.body)
}

fn one_line(error: &LibraryError) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}
