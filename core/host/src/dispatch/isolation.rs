//! Where a runner's code runs.

#[cfg(unix)]
use protea_isolation::WorkerOptions;

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
