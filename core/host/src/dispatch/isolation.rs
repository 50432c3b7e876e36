//! Where a runner's code runs.

#[cfg(unix)]
use protea_isolation::WorkerOptions;
use serde::{Deserialize, Serialize};

/// Where a runner's code runs. The results are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// In this process: a direct call. A crash of the runner is a crash of the host.
    #[default]
    InProcess,
    /// Each dispatch in a separate process, which can crash, hang or be killed without affecting
    /// the host. Construct it with [`Isolation::worker`].
    #[cfg(unix)]
    Worker(Box<WorkerOptions>),
}

impl Isolation {
    /// A worker process for each dispatch, started with these options.
    #[cfg(unix)]
    #[must_use]
    pub fn worker(options: WorkerOptions) -> Self {
        Self::Worker(Box::new(options))
    }

    /// `in-process` or `worker`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            #[cfg(unix)]
            Self::Worker(_) => "worker",
        }
    }
}

/// The sandbox of a run's calls, as the run's manifest records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SandboxRecord {
    /// Whether an incomplete sandbox is an error.
    pub strict: bool,
    /// The names of the environment variables that the runner got from the host.
    pub variables: Vec<String>,
}
