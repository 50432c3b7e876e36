//! What is recorded of every run in addition to its results.

use std::time::Duration;

/// What is recorded of every run in addition to its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// How often the machine's processor, memory, disk, network and graphics processors are sampled
    /// while a run goes on; `None` for never.
    pub system_metrics: Option<Duration>,
    /// Whether the uncommitted changes of the git repository in use are kept.
    pub diff: Diff,
    /// Names of the files that are compressed with gzip in the directory of predictions, once a runner
    /// has written them. `predictions.tsv` becomes `predictions.tsv.gz`. A file that cannot be
    /// compressed stays as it is, and the step says so.
    pub compressed_files: &'static [&'static str],
}

/// Whether the uncommitted changes of a git repository are kept in the run's directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Diff {
    /// Changes of tracked files are kept, up to a limit.
    #[default]
    Kept,
    /// Only whether there are changes is recorded.
    NotKept,
}

/// How often the machine is sampled by default.
pub const SYSTEM_METRICS_INTERVAL: Duration = Duration::from_secs(10);

impl Default for Recording {
    fn default() -> Self {
        Self {
            system_metrics: Some(SYSTEM_METRICS_INTERVAL),
            diff: Diff::default(),
            compressed_files: &[],
        }
    }
}

impl Recording {
    /// How often the machine is sampled; `None` for never.
    #[must_use]
    pub fn with_system_metrics(mut self, interval: Option<Duration>) -> Self {
        self.system_metrics = interval;
        self
    }

    /// Whether uncommitted changes are kept.
    #[must_use]
    pub fn with_diff(mut self, diff: Diff) -> Self {
        self.diff = diff;
        self
    }

    /// Names of the files in the directory of predictions that are compressed; none unless set.
    #[must_use]
    pub fn with_compressed_files(mut self, names: &'static [&'static str]) -> Self {
        self.compressed_files = names;
        self
    }
}
