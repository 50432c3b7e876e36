//! The exit codes: the one place where they are given.

use std::process::ExitCode;

use crate::interrupt;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything went well.
    Ok = 0,
    /// The runner failed, or something else that is not below.
    Failed = 1,
    /// The command line is not one that `protea` understands.
    Usage = 2,
    /// A dataset, spec, model, ontology or prediction file cannot be used.
    Input = 3,
    /// There is no such runner, or it cannot be loaded.
    Runner = 4,
    /// The output cannot be written.
    Output = 5,
    /// The user, or the system, asked for the end; after a signal other than Ctrl-C's, 128 and its number.
    Cancelled = 130,
}

/// The exit codes as `protea --help` prints them.
pub const HELP: &str = "\
Exit codes:
    0  the command did what it was asked
    1  the command failed, for example because the runner did
    2  the command line was not understood
    3  bad input: a dataset, spec, model, ontology or prediction file
    4  there is no such runner, or it cannot be loaded
    5  the output cannot be written
  130  cancelled with Ctrl-C
  143  cancelled by SIGTERM; 129 by SIGHUP, when the terminal is gone";

impl Exit {
    /// The code itself.
    pub fn code(self) -> u8 {
        match (self, interrupt::signal()) {
            (Self::Cancelled, Some(signal)) => 128 + signal,
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
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
