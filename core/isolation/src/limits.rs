//! Resource limits of a worker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Resource limits of a worker process. `None` means unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerLimits {
    /// Wall time of one dispatch.
    pub time: Option<Duration>,
    /// Memory in bytes. `RLIMIT_DATA` limits what each process allocates. On Linux, the host also
    /// measures, several times a second, what the worker and the processes that it started use
    /// together. Mapped files do not count.
    pub memory: Option<u64>,
    /// Open files (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
    /// Bytes in the output directory, measured a few times a second and at the end. `RLIMIT_FSIZE`
    /// also limits each single file.
    pub output: Option<u64>,
}

impl Default for WorkerLimits {
    /// The machine's memory, 4,096 open files, no limit on time and output.
    fn default() -> Self {
        Self {
            time: None,
            memory: machine_memory(),
            open_files: Some(4096),
            output: None,
        }
    }
}

/// The machine's memory in bytes, if the system reports it.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl WorkerLimits {
    /// Limits the wall time of one dispatch.
    #[must_use]
    pub fn with_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Limits the memory, in bytes.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Limits the number of open files.
    #[must_use]
    pub fn with_open_files(mut self, files: u64) -> Self {
        self.open_files = Some(files);
        self
    }

    /// Limits the bytes in the output directory.
    #[must_use]
    pub fn with_output(mut self, bytes: u64) -> Self {
        self.output = Some(bytes);
        self
    }

    /// Applies the limits to this process and its future children. They cannot be removed.
    ///
    /// # Errors
    ///
    /// When the system refuses a limit.
    pub fn impose(&self) -> std::io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let impose = |resource, wanted: Option<u64>| -> std::io::Result<()> {
            let Some(wanted) = wanted else { return Ok(()) };
            // An existing limit can only be lowered.
            let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let limit = Some(wanted.min(allowed));
            setrlimit(
                resource,
                Rlimit {
                    current: limit,
                    maximum: limit,
                },
            )?;
            Ok(())
        };
        impose(Resource::Core, Some(0))?;
        impose(Resource::Data, self.memory)?;
        impose(Resource::Nofile, self.open_files)?;
        impose(Resource::Fsize, self.output)
    }
}
