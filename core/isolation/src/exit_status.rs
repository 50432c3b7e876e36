//! What the exit status of a worker means.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use protea_contracts::RunnerError;
use rustix::process::Signal;

use super::{
    error::WorkerError,
    limits::WorkerLimits,
    protocol::{CUT_OFF, Failure},
    stderr_tail::STARVED,
};

/// Why the host wants the dispatch to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Cancelled,
    TimedOut(Duration),
    OutputTooLarge(u64),
    OutOfMemory(u64),
}

/// Explains why a process that ran a runner's code ended without an answer. `stderr_tail` is the
/// tail of its standard error.
#[must_use]
pub fn explain_end(status: ExitStatus, limits: &WorkerLimits, stderr_tail: String) -> WorkerError {
    of_end(Some(status), None, limits, stderr_tail)
}

/// The runner answered an error.
pub(super) fn of_failure(failure: Failure, ending: Option<Ending>) -> WorkerError {
    match (failure, ending) {
        // It ended because the host asked it to, so the error is the host's reason.
        (Failure::Runner(RunnerError::Cancelled), Some(Ending::TimedOut(limit))) => {
            WorkerError::TimedOut { limit }
        }
        (Failure::Runner(RunnerError::Cancelled), Some(Ending::OutputTooLarge(limit))) => {
            WorkerError::OutputTooLarge { limit }
        }
        (Failure::Runner(error), _) => WorkerError::Runner(error),
        (Failure::Panicked(panic), _) => WorkerError::Panicked(panic),
        (Failure::Protocol(message), _) => WorkerError::Protocol(message),
        (Failure::Open(message), _) => WorkerError::Open(message),
        (Failure::Setup(message), _) => WorkerError::Setup(message),
        (Failure::Sandbox(lacking), _) => WorkerError::Sandbox {
            lacking,
            system: system(),
        },
    }
}

/// The operating system and its version, such as `linux 6.18.0`.
fn system() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {}", std::env::consts::OS, release.trim())
}

/// The worker ended without an answer.
pub(super) fn of_end(
    status: Option<ExitStatus>,
    ending: Option<Ending>,
    limits: &WorkerLimits,
    stderr_tail: String,
) -> WorkerError {
    match ending {
        Some(Ending::Cancelled) => return WorkerError::Killed,
        Some(Ending::TimedOut(limit)) => return WorkerError::TimedOut { limit },
        Some(Ending::OutputTooLarge(limit)) => return WorkerError::OutputTooLarge { limit },
        Some(Ending::OutOfMemory(limit)) => {
            return WorkerError::OutOfMemory {
                limit: Some(limit),
                stderr_tail,
            };
        }
        None => {}
    }
    let Some(status) = status else {
        return WorkerError::Protocol(
            "it closed its connection to the host and continued".to_owned(),
        );
    };
    if let Some(code) = status.code() {
        return WorkerError::Exited { code, stderr_tail };
    }
    let signal = status.signal().unwrap_or_default();
    if starved(&stderr_tail) {
        return WorkerError::OutOfMemory {
            limit: limits.memory,
            stderr_tail,
        };
    }
    match (limits.output, Signal::from_named_raw(signal)) {
        (_, Some(CUT_OFF)) => {
            WorkerError::Protocol("it closed its connection to the host".to_owned())
        }
        (Some(limit), Some(Signal::XFSZ)) => WorkerError::OutputTooLarge { limit },
        _ => WorkerError::Crashed {
            signal,
            name: name(signal),
            stderr_tail,
        },
    }
}

/// Whether a process that a signal ended ran out of memory, according to the tail of its stderr.
fn starved(stderr_tail: &str) -> bool {
    // The messages of Rust and C++ for a failed allocation.
    if stderr_tail.contains("memory allocation of") || stderr_tail.contains("bad_alloc") {
        return true;
    }
    // In other languages, the worker's signal handler prints `STARVED` if ENOMEM was the last
    // error. If the text also names another cause, the program had recovered from that ENOMEM.
    const CAUSES: [&str; 9] = [
        "Assertion",
        "assertion",
        "panicked at",
        "terminate called",
        "stack smashing",
        "overflowed its stack",
        "double free",
        "free(): invalid",
        "corrupted",
    ];
    stderr_tail.contains(STARVED) && !CAUSES.iter().any(|cause| stderr_tail.contains(cause))
}

fn name(signal: i32) -> &'static str {
    match Signal::from_named_raw(signal) {
        Some(Signal::SEGV) => "SIGSEGV: it accessed memory that is not its own",
        Some(Signal::ABORT) => "SIGABRT: it aborted",
        Some(Signal::BUS) => "SIGBUS: a mapped file was truncated, or memory is defective",
        Some(Signal::ILL) => "SIGILL: an instruction that this processor does not have",
        Some(Signal::FPE) => "SIGFPE: an arithmetic error such as a division by zero",
        Some(Signal::KILL) => {
            "SIGKILL: another process or the system killed it; the system does so when memory runs out"
        }
        Some(Signal::TERM) => "SIGTERM: another process ended it",
        Some(Signal::XFSZ) => {
            "SIGXFSZ: it wrote a file larger than the file-size limit of this session (ulimit -f)"
        }
        Some(Signal::XCPU) => "SIGXCPU: it exceeded the CPU-time limit of this session (ulimit -t)",
        Some(Signal::SYS) => {
            "SIGSYS: it made a system call of another architecture, which a sandbox refuses"
        }
        Some(Signal::HUP) => "SIGHUP: another process ended it",
        Some(Signal::INT) => "SIGINT: another process ended it",
        Some(Signal::QUIT) => "SIGQUIT: another process ended it",
        Some(Signal::PIPE) => "SIGPIPE: it wrote to a closed pipe",
        Some(Signal::ALARM) => "SIGALRM: a timer that it set ended it",
        Some(Signal::TRAP) => "SIGTRAP: it stopped at a breakpoint in its code",
        Some(Signal::USR1) => "SIGUSR1: another process ended it",
        _ => "a signal that is not one of the usual ones",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lack_of_memory_is_told_by_what_was_said_last() {
        let line = format!("{STARVED} (ENOMEM)");
        for (words, so) in [
            ("memory allocation of 10 bytes failed", true),
            (
                "terminate called after throwing an instance of 'std::bad_alloc'",
                true,
            ),
            (line.as_str(), true),
            (&format!("epoch 3\n{line}"), true),
            (
                &format!("a.c:1: fit: Assertion `n > 0' failed.\n{line}"),
                false,
            ),
            ("an ordinary end", false),
            ("", false),
        ] {
            assert_eq!(starved(words), so, "{words}");
        }
    }
}
