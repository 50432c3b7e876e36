//! How a call reaches a runner: in this process, or in a worker.

use std::{path::PathBuf, sync::Arc};

use protea_contracts::{
    Capabilities, EvalResult, EvaluateRequest, ExplainRequest, Explanation, ExportRequest,
    ExportResult, FitRequest, LibraryDeclaration, ProgramDeclaration, RunResult,
    abi::host::LoadedRunner, emit::EventSink,
};
use url::Url;
#[cfg(unix)]
use {
    super::sandbox_paths::{self, Reads},
    protea_contracts::emit::Event,
    protea_isolation::{Operation, Sandbox, Task, WorkerOptions},
    serde::{Serialize, de::DeserializeOwned},
};

use super::{DispatchError, Isolation, LoadError};
use crate::catalog::Entry;

/// How a call reaches a runner.
#[derive(Debug, Clone)]
pub(super) enum Transport {
    /// The library is open in this process.
    InProcess(LoadedRunner),
    /// Every call opens it in a worker.
    #[cfg(unix)]
    Worker {
        library: PathBuf,
        sha256: String,
        /// What of others it opens.
        libraries: Vec<LibraryDeclaration>,
        options: Box<WorkerOptions>,
    },
}

impl Transport {
    pub(super) fn open(entry: &Entry, isolation: &Isolation) -> Result<Self, LoadError> {
        match isolation {
            Isolation::InProcess => Ok(Self::InProcess(LoadedRunner::open(&entry.path)?)),
            #[cfg(unix)]
            Isolation::Worker(options) => Ok(Self::Worker {
                library: entry.path.clone(),
                sha256: entry.sha256.clone(),
                libraries: entry.descriptor.libraries.clone(),
                options: options.clone(),
            }),
        }
    }

    pub(super) fn isolation(&self) -> Isolation {
        match self {
            Self::InProcess(_) => Isolation::InProcess,
            #[cfg(unix)]
            Self::Worker { options, .. } => Isolation::Worker(options.clone()),
        }
    }

    pub(super) fn describe(&self) -> Result<Capabilities, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.describe()?),
            #[cfg(unix)]
            Self::Worker { .. } => {
                self.in_worker(Operation::Describe, &(), None, &[], Arc::new(Nobody))
            }
        }
    }

    /// Of `programs`, those that are there may be started in a sandbox.
    pub(super) fn fit(
        &self,
        request: &FitRequest,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> Result<RunResult, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.fit(request, sink).result?),
            #[cfg(unix)]
            Self::Worker { .. } => self.in_worker(
                Operation::Fit,
                request,
                Some(&request.output_uri),
                programs,
                sink,
            ),
        }
    }

    pub(super) fn evaluate(
        &self,
        request: &EvaluateRequest,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> Result<EvalResult, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.evaluate(request, sink).result?),
            #[cfg(unix)]
            Self::Worker { .. } => self.in_worker(
                Operation::Evaluate,
                request,
                Some(&request.output_uri),
                programs,
                sink,
            ),
        }
    }

    pub(super) fn export(
        &self,
        request: &ExportRequest,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> Result<ExportResult, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.export(request, sink).result?),
            #[cfg(unix)]
            Self::Worker { .. } => self.in_worker(
                Operation::Export,
                request,
                Some(&request.output_uri),
                programs,
                sink,
            ),
        }
    }

    pub(super) fn explain(
        &self,
        request: &ExplainRequest,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> Result<Explanation, DispatchError> {
        match self {
            Self::InProcess(loaded) => Ok(loaded.explain(request, sink).result?),
            #[cfg(unix)]
            Self::Worker { .. } => {
                self.in_worker(Operation::Explain, request, None, programs, sink)
            }
        }
    }

    #[cfg(unix)]
    fn in_worker<Q: Serialize + Reads, T: DeserializeOwned>(
        &self,
        operation: Operation,
        request: &Q,
        output: Option<&Url>,
        programs: &[ProgramDeclaration],
        sink: Arc<dyn EventSink>,
    ) -> Result<T, DispatchError> {
        let Self::Worker {
            library,
            sha256,
            libraries,
            options,
        } = self
        else {
            unreachable!("only the transport to a worker calls one")
        };
        let (reads, executes) = match options.sandbox {
            Sandbox::Off => Default::default(),
            _ => {
                let programs = sandbox_paths::programs(programs);
                let library = sandbox_paths::library(library, libraries);
                let reads = [library, request.reads(), programs.reads].concat();
                (reads, programs.executes)
            }
        };
        let task = Task {
            library,
            sha256,
            operation,
            request,
            output: output.and_then(|uri| uri.to_file_path().ok()),
            reads,
            executes,
        };
        Ok(protea_isolation::dispatch(&task, options, &sink)?)
    }
}

/// Nobody listens while a runner describes itself.
#[cfg(unix)]
struct Nobody;

#[cfg(unix)]
impl EventSink for Nobody {
    fn receive(&self, _: &Event<'_>) {}
}
