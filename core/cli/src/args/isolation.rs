//! Where a runner's code runs, and its limits.

use std::time::Duration;

use clap::{Args, ValueEnum};
use protea_core::quantity;
#[cfg(unix)]
use protea_core::worker::LEAST_MEMORY;

/// Where a runner's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IsolationMode {
    /// Each step in its own process; a crash of the runner affects nothing else
    Worker,
    /// In the process of the command, for debugging a runner
    InProcess,
}

/// Where a runner's code runs, and its limits.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Isolation")]
pub struct IsolationArgs {
    /// Where the runner's code runs
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = IsolationMode::default())]
    pub isolation: IsolationMode,
    /// Time limit of a step, such as 90s, 10m or 2h [default: none]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub time_limit: Option<Duration>,
    /// Memory limit of a worker and its child processes, such as 4GiB; mapped files do not count
    /// [default: all memory]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory_limit: Option<u64>,
    /// Limit of what a step writes, such as 10GiB [default: none]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub output_limit: Option<u64>,
    /// Restrict the worker to the files it needs, without network (Linux only); `strict` fails if
    /// the kernel does not support all of it
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "where-possible")]
    pub sandbox: Option<SandboxMode>,
    /// Environment variable that the runner gets in a sandbox too, unless it looks like a
    /// credential; repeatable
    #[arg(long, value_name = "NAME", requires = "sandbox")]
    pub sandbox_env: Vec<String>,
}

/// What happens if the kernel supports only part of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SandboxMode {
    /// Use what is supported, and warn of what is missing
    WherePossible,
    /// Fail
    Strict,
}

impl Default for IsolationMode {
    fn default() -> Self {
        if cfg!(unix) {
            Self::Worker
        } else {
            Self::InProcess
        }
    }
}

/// Parses a time with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    quantity::time(text).ok_or_else(|| "give a number and a unit: 500ms, 90s, 10m or 2h".to_owned())
}

/// Parses a size with its unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    quantity::size(text)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a number and a unit: 512MiB or 4GiB".to_owned())
}

/// Parses a memory limit of a worker.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    let size = bytes(text)?;
    #[cfg(unix)]
    if size < LEAST_MEMORY {
        let least = LEAST_MEMORY >> 20;
        return Err(format!("a worker needs at least {least}MiB"));
    }
    Ok(size)
}
