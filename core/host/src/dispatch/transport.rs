//! How a call reaches a runner: in this process, or in a worker.

use std::sync::Arc;

use protea_contracts::{
    Capabilities, Operation, ProgramDeclaration, abi::host::LoadedRunner, event::EventSink,
};
#[cfg(unix)]
use {
    super::{ResourceUsage, UsageScope, sandbox_paths},
    protea_contracts::{
        LibraryDeclaration, Sha256,
        event::Event,
        request::{Request, RequestUris},
    },
    protea_isolation::{Dispatched, ProcessMeter, Sandbox, Task, WorkerCall, WorkerOptions},
    serde::{Serialize, de::DeserializeOwned},
    std::{path::PathBuf, time::Instant},
    tracing::debug,
};

use super::{DispatchError, Isolation, LoadError, MeasuredCall, SandboxRecord};
use crate::catalog::Entry;

/// How a call reaches a runner.
#[derive(Debug, Clone)]
pub(super) enum Transport {
    /// The library is open in this process.
    InProcess(LoadedRunner),
    #[cfg(unix)]
    Worker(Worker),
}

/// A runner that every call opens in a new worker.
#[cfg(unix)]
#[derive(Debug, Clone)]
pub(super) struct Worker {
    library: PathBuf,
    sha256: Sha256,
    name: String,
    /// The third-party libraries that it opens.
    libraries: Vec<LibraryDeclaration>,
    options: Box<WorkerOptions>,
}

impl Transport {
    pub(super) fn open(entry: &Entry, isolation: &Isolation) -> Result<Self, LoadError> {
        match isolation {
            Isolation::InProcess => Ok(Self::InProcess(LoadedRunner::open(&entry.path)?)),
            #[cfg(unix)]
            Isolation::Worker(options) => Ok(Self::Worker(Worker {
                library: entry.path.clone(),
                sha256: entry.sha256,
                name: entry.descriptor.name.clone(),
                libraries: entry.descriptor.libraries.clone(),
                options: options.clone(),
            })),
        }
    }

    pub(super) fn isolation(&self) -> Isolation {
        match self {
            Self::InProcess(_) => Isolation::InProcess,
            #[cfg(unix)]
            Self::Worker(worker) => Isolation::Worker(worker.options.clone()),
        }
    }

    /// The sandbox of its calls. `None` without one.
    pub(super) fn sandbox(&self) -> Option<SandboxRecord> {
        match self {
            Self::InProcess(_) => None,
            #[cfg(unix)]
            Self::Worker(worker) => {
                let options = &worker.options;
                let named = sandbox_paths::library_variables(&worker.libraries);
                let variables = options.visible_variables(&worker.name, &named)?;
                Some(SandboxRecord {
                    strict: options.sandbox == Sandbox::Strict,
                    variables,
                })
            }
        }
    }

    pub(super) fn describe(&self) -> Result<Capabilities, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.describe()?),
            #[cfg(unix)]
            Self::Worker(worker) => {
                let sink: Arc<dyn EventSink> = Arc::new(Discard);
                worker
                    .call(
                        WorkerCall::Describe,
                        &(),
                        RequestUris::default(),
                        &[],
                        &sink,
                    )
                    .result
            }
        }
    }

    /// Calls an operation, and measures what it uses. In a sandbox, the runner can start those of `programs` that are
    /// installed.
    pub(super) fn call<O: Operation>(
        &self,
        request: &O::Request,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> MeasuredCall<O::Response> {
        match self {
            Self::InProcess(loaded) => {
                #[cfg(unix)]
                let meter = ProcessMeter::start();
                let result = loaded.call::<O>(request, sink).result;
                MeasuredCall {
                    result: result.map_err(DispatchError::from),
                    #[cfg(unix)]
                    usage: meter
                        .stop()
                        .and_then(|usage| ResourceUsage::new(UsageScope::HostProcess, usage)),
                    #[cfg(not(unix))]
                    usage: None,
                }
            }
            #[cfg(unix)]
            Self::Worker(worker) => {
                let call = WorkerCall::Operation(O::KIND);
                worker.call(call, request, request.uris(), programs, &sink)
            }
        }
    }
}

#[cfg(unix)]
impl Worker {
    fn call<Q: Serialize, T: DeserializeOwned>(
        &self,
        call: WorkerCall,
        request: &Q,
        uris: RequestUris<'_>,
        programs: &[ProgramDeclaration],
        sink: &Arc<dyn EventSink>,
    ) -> MeasuredCall<T> {
        let (reads, executes) = match self.options.sandbox {
            Sandbox::Off => Default::default(),
            _ => {
                let programs = sandbox_paths::programs(programs);
                let library = sandbox_paths::library(&self.library, &self.libraries);
                let request = sandbox_paths::request(uris);
                (
                    [library, request, programs.reads].concat(),
                    programs.executes,
                )
            }
        };
        let task = Task {
            library: &self.library,
            sha256: self.sha256,
            call,
            request,
            output: uris.output.and_then(|uri| uri.to_file_path().ok()),
            checkpoint: uris.checkpoint.and_then(|uri| uri.to_file_path().ok()),
            reads,
            executes,
            runner: &self.name,
            variables: sandbox_paths::library_variables(&self.libraries),
        };
        let library = self.library.display();
        debug!(%library, ?call, sandbox = ?self.options.sandbox, "worker started");
        let began = Instant::now();
        let Dispatched { result, usage } = protea_isolation::dispatch(&task, &self.options, sink);
        let seconds = began.elapsed().as_secs_f64();
        match &result {
            Ok(_) => debug!(%library, ?call, seconds, "worker ended"),
            Err(error) => debug!(%library, ?call, seconds, %error, "worker ended without a result"),
        }
        MeasuredCall {
            result: result.map_err(DispatchError::from),
            usage: usage.and_then(|usage| ResourceUsage::new(UsageScope::Worker, usage)),
        }
    }
}

/// Drops the events that a runner sends while it describes itself.
#[cfg(unix)]
struct Discard;

#[cfg(unix)]
impl EventSink for Discard {
    fn receive(&self, _: &Event<'_>) {}
}
