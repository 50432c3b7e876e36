//! What a worker may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a worker process may use. What is `None` is not limited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLimits {
    /// Wall time of one dispatch.
    pub time: Option<Duration>,
    /// Memory in bytes. Of each process, what it allocates for itself, at once (`RLIMIT_DATA`); on
    /// Linux, what the worker and all that it has started hold together, looked at several times a
    /// second. Mapped files do not count.
    pub memory: Option<u64>,
    /// Open files (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
    /// Bytes in the output directory; looked at a few times a second and at the end, and at once for a single
    /// file (`RLIMIT_FSIZE`).
    pub output: Option<u64>,
}

impl Default for WorkerLimits {
    /// All of the machine's memory, 4,096 open files, no limit to time and output.
    fn default() -> Self {
        Self {
            time: None,
            memory: machine_memory(),
            open_files: Some(4096),
            output: None,
        }
    }
}

/// The machine's memory in bytes, where that is known.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

impl WorkerLimits {
    /// Imposes the limits on this process and its children to come. They cannot be lifted again.
    ///
    /// # Errors
    ///
    /// When the system refuses one.
    pub fn impose(&self) -> std::io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let impose = |resource, wanted: Option<u64>| -> std::io::Result<()> {
            let Some(wanted) = wanted else { return Ok(()) };
            // A limit that is there already can only be lowered.
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
