//! Exit codes. This is the only place that assigns them.

use std::process::ExitCode;

use crate::interrupt;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Ok = 0,
    /// The runner failed, or any failure that has no code of its own.
    Failed = 1,
    /// The command line is invalid.
    Usage = 2,
    /// A dataset, spec, model, ontology or prediction file cannot be used.
    Input = 3,
    /// The runner does not exist or cannot be loaded.
    Runner = 4,
    /// The output cannot be written.
    Output = 5,
    /// A task failed and would fail again (EX_DATAERR).
    Never = 65,
    /// Another attempt at a task may succeed (EX_TEMPFAIL).
    TryAgain = interrupt::TRY_AGAIN as isize,
    /// Cancelled. After a signal the code is 128 plus the signal's number, which is 130 for Ctrl-C.
    Cancelled = 130,
}

/// The exit codes as `protea --help` prints them.
pub const HELP: &str = "\
Exit codes:
    0  success
    1  the command failed, for example because the runner failed
    2  invalid command line
    3  bad input: a dataset, spec, model, ontology or prediction file
    4  the runner does not exist or cannot be loaded
    5  the output cannot be written
   65  a task of a plan failed and would fail again
   75  tasks of a plan have no result; another attempt may succeed
  130  cancelled with Ctrl-C
  143  cancelled by SIGTERM; 129 by SIGHUP (the terminal was closed)";

impl Exit {
    /// The code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Cancelled => interrupt::exit_code().unwrap_or(self as u8),
            _ => self as u8,
        }
    }

    /// The `kind` of the error that `--json` prints.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::Runner => "runner",
            Self::Output => "output",
            Self::Never => "never",
            Self::TryAgain => "try_again",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
