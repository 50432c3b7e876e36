//! Where a runner's code runs, and what it may use there.

use std::time::Duration;

use clap::{Args, ValueEnum};
use protea_core::quantity;

/// Where a runner's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// Each step in a process of its own; a crash of the runner harms nothing else
    Worker,
    /// In the process of the command itself: for debugging a runner
    InProcess,
}

/// Where a runner's code runs, and what it may use there.
#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation")]
pub struct IsolationArgs {
    /// Where the runner's code runs
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Place::default())]
    pub isolation: Place,
    /// How long one step may take, as 90s, 10m or 2h [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub time_limit: Option<Duration>,
    /// How much memory a worker and all that it starts may use together, as 512MiB or 4GiB; mapped files
    /// do not count [default: all there is]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory_limit: Option<u64>,
    /// How much a step may write, as 10GiB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub output_limit: Option<u64>,
    /// Keep the worker to the files it needs and away from the network (Linux); `strict` refuses
    /// to run where the kernel cannot do that wholly
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "where-possible")]
    pub sandbox: Option<Walls>,
}

/// What becomes of a sandbox that the kernel cannot make whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Walls {
    /// It is made as far as possible, and a warning says what is missing
    WherePossible,
    /// Nothing is run
    Strict,
}

impl Default for Place {
    fn default() -> Self {
        if cfg!(unix) {
            Self::Worker
        } else {
            Self::InProcess
        }
    }
}

/// A time with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    quantity::time(text).ok_or_else(|| "give a number and a unit: 500ms, 90s, 10m or 2h".to_owned())
}

/// A size with its unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    quantity::size(text)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a number and a unit: 512MiB or 4GiB".to_owned())
}
