//! What happens with each animal, a line each.

use std::time::Duration;

use protea_core::{
    CatalogError, DispatchError, LoadError, StageDatasetError,
    contracts::RunnerError,
    experiment::Step,
    worker::{self, WorkerError},
};

use super::{
    errors::{
        aborted, crashed, exited, metrics, not_opened, out_of_memory, output, panicked, protocol,
        timed_out,
    },
    host::{AMPLE, Host, LIMIT},
};

/// What happens with an animal.
pub struct Line {
    /// The name of the runner.
    pub animal: &'static str,
    /// What happens with it.
    pub outcome: Outcome,
    /// Parts of the error's message.
    pub words: &'static [&'static str],
}

/// What happens with an animal.
pub enum Outcome {
    /// Its code never runs.
    Refused(fn(&LoadError) -> bool),
    /// The worker that describes it fails.
    LoadFails(fn(&DispatchError) -> bool),
    /// A step of its run fails.
    StepFails(Step, fn(&DispatchError) -> bool),
    /// The run succeeds, and something else is observed.
    Completes(fn(&Host) -> bool),
}

impl Line {
    /// How long a step of it may take. Short only for runners that hang. The steps before the one that
    /// hangs must finish in that time too.
    pub fn limit(&self) -> Duration {
        let timeout = DispatchError::Worker(WorkerError::TimedOut { limit: LIMIT });
        match self.outcome {
            Outcome::LoadFails(is_so) | Outcome::StepFails(_, is_so) if is_so(&timeout) => LIMIT,
            _ => AMPLE,
        }
    }

    /// A host with the options that this animal needs.
    pub fn host(&self) -> Host {
        let host = Host::new(self.limit());
        match self.animal {
            "events-after-return" => host.lingers(Duration::from_secs(3)),
            "ignores-cancel" => host.cancels(),
            _ => host,
        }
    }
}

/// The table.
pub fn lines() -> Vec<Line> {
    use Outcome::{Completes, LoadFails, Refused, StepFails};
    use Step::{Evaluate, Export, Fit};

    let line = |animal, outcome, words| Line {
        animal,
        outcome,
        words,
    };
    vec![
        line("crash-at-load", LoadFails(crashed), &["crashed (SIGSEGV"]),
        line(
            "crash-in-fit",
            StepFails(Fit, crashed),
            &["crashed (SIGSEGV"],
        ),
        line(
            "crash-in-emit",
            StepFails(Fit, crashed),
            &["crashed (SIGSEGV"],
        ),
        line(
            "crash-in-drop",
            StepFails(Fit, crashed),
            &["crashed (SIGSEGV"],
        ),
        line("abort-at-load", LoadFails(aborted), &["crashed (SIGABRT"]),
        line(
            "abort-in-fit",
            StepFails(Fit, aborted),
            &["crashed (SIGABRT"],
        ),
        line(
            "abort-in-emit",
            StepFails(Fit, aborted),
            &["crashed (SIGABRT"],
        ),
        line(
            "abort-in-drop",
            StepFails(Fit, aborted),
            &["crashed (SIGABRT"],
        ),
        line("exit-at-load", LoadFails(exited), &["exit code 7"]),
        line("exit-in-fit", StepFails(Fit, exited), &["exit code 7"]),
        line("exit-in-emit", StepFails(Fit, exited), &["exit code 7"]),
        line("exit-in-drop", StepFails(Fit, exited), &["exit code 7"]),
        line(
            "hang-at-load",
            LoadFails(timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "hang-in-fit",
            StepFails(Fit, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "hang-in-emit",
            StepFails(Fit, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "hang-in-drop",
            StepFails(Fit, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "hang-in-evaluate",
            StepFails(Evaluate, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "hang-in-export",
            StepFails(Export, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        // Nothing can catch what happens before the first call.
        line(
            "panic-at-load",
            LoadFails(aborted),
            &["SIGABRT", "the zoo's panic"],
        ),
        line(
            "panic-in-fit",
            StepFails(Fit, panicked),
            &["the zoo's panic", "panic_in_fit.rs:"],
        ),
        line(
            "panic-in-emit",
            StepFails(Fit, panicked),
            &["the zoo's panic"],
        ),
        line(
            "panic-in-drop",
            StepFails(Fit, panicked),
            &["the zoo's panic", "panic_in_drop.rs:"],
        ),
        line(
            "panic-abort",
            StepFails(Fit, aborted),
            &["SIGABRT", "the zoo's panic", "panic_abort.rs:"],
        ),
        line(
            "stack-overflow",
            StepFails(Fit, aborted),
            &["overflowed its stack"],
        ),
        line(
            "wrong-major",
            Refused(|error| matches!(error, LoadError::Catalog(CatalogError::Incompatible { .. }))),
            &["built for contract 2.0.0", "update protea"],
        ),
        line(
            "plain-library",
            Refused(|error| matches!(error, LoadError::Catalog(CatalogError::Unknown { .. }))),
            &["no runner \"plain-library\""],
        ),
        line(
            "namesake",
            Refused(|error| matches!(error, LoadError::Catalog(CatalogError::Duplicate { .. }))),
            &["libnamesake_one.so", "libnamesake_other.so"],
        ),
        line(
            "headless",
            LoadFails(not_opened),
            &["exports no protea runner"],
        ),
        line(
            "wrong-layout",
            LoadFails(not_opened),
            &["does not fit this host"],
        ),
        line(
            "wrong-abi-stable",
            LoadFails(not_opened),
            &["does not fit this host"],
        ),
        line(
            "unresolved-symbol",
            LoadFails(not_opened),
            &["protea_zoo_nobody_has_this_function"],
        ),
        line(
            "lying-descriptor",
            Refused(|error| matches!(error, LoadError::DescriptorLies { .. })),
            &["says lying-descriptor", "says what-it-is"],
        ),
        line(
            "nan-metric",
            StepFails(Evaluate, metrics),
            &["score is NaN"],
        ),
        line(
            "missing-metric",
            StepFails(Evaluate, metrics),
            &["score is declared but was not returned"],
        ),
        line(
            "metric-out-of-range",
            StepFails(Evaluate, metrics),
            &["score is 1.5, outside"],
        ),
        line(
            "file-hoard",
            StepFails(Fit, |error| {
                matches!(error, DispatchError::Runner(RunnerError::Failed { .. }))
            }),
            &["Too many open files"],
        ),
        line(
            "memory-hoard",
            StepFails(Fit, out_of_memory),
            &["ran out of memory", "its limit is"],
        ),
        line(
            "shared-memory-hoard",
            StepFails(Fit, out_of_memory),
            &["ran out of memory", "its limit is"],
        ),
        line(
            "hoard-of-children",
            StepFails(Fit, out_of_memory),
            &["ran out of memory", "its limit is"],
        ),
        line(
            "output-flood",
            StepFails(Fit, |error| {
                matches!(
                    error,
                    DispatchError::Worker(WorkerError::OutputTooLarge { .. })
                )
            }),
            &["exceeded its output limit of 256 MiB"],
        ),
        line(
            "output-outside",
            StepFails(Export, |error| {
                matches!(error, DispatchError::Export { .. })
            }),
            &["outside.txt", "is outside"],
        ),
        line(
            "false-hash",
            StepFails(Export, |error| {
                matches!(error, DispatchError::Export { .. })
            }),
            &["spec.yaml", "SHA-256"],
        ),
        line(
            "invalid-utf8-in-result",
            StepFails(Evaluate, protocol),
            &["its result cannot be read"],
        ),
        line(
            "closed-files",
            StepFails(Fit, protocol),
            &["closed its connection to the host"],
        ),
        line(
            "garbage-in-every-file",
            StepFails(Fit, protocol),
            &["sent a frame"],
        ),
        line(
            "ignores-cancel",
            StepFails(Fit, |error| {
                matches!(error, DispatchError::Worker(WorkerError::Killed))
            }),
            &["killed"],
        ),
        line(
            "children-and-hang",
            StepFails(Fit, timed_out),
            &["exceeded its time limit of 4 s"],
        ),
        line(
            "events-after-return",
            Completes(|host| host.heard().count(worker::LATE_EVENTS) == 1),
            &[],
        ),
        line(
            "emit-flood",
            Completes(|host| {
                host.heard().count("zoo.flood") == 100_000 && host.heard().bytes() > 100_000_000
            }),
            &[],
        ),
        // What is too much for one event is left out of it.
        line(
            "emit-giant",
            Completes(|host| {
                host.heard().count("zoo.giant") == 1 && host.heard().bytes() < 1_000_000
            }),
            &[],
        ),
        line(
            "invalid-utf8-in-emit",
            Completes(|host| {
                host.heard().count("\u{fffd}\u{fffd}") == 1
                    && host.record().1.contains("\u{fffd}\u{fffd}")
            }),
            &[],
        ),
        line(
            "changed-dataset",
            Completes(|host| matches!(host.dataset(), Err(StageDatasetError::Changed { .. }))),
            &[],
        ),
        // What a sandbox would forbid; without one, nothing but the conformance suite sees it.
        line(
            "link-in-model",
            StepFails(Fit, output),
            &["model/notes is a symbolic link"],
        ),
        line(
            "pipe-in-export",
            StepFails(Export, output),
            &["pipe is a named pipe, not a regular file"],
        ),
        // Its host has a limit on the output, which nothing so deep is within.
        line(
            "deep-output",
            StepFails(Fit, |error| {
                matches!(
                    error,
                    DispatchError::Worker(WorkerError::OutputTooLarge { .. })
                )
            }),
            &["output limit"],
        ),
        line("stray-file", Completes(|_| true), &[]),
        line("thread-left-running", Completes(|_| true), &[]),
        line("child-left", Completes(|_| true), &[]),
        line("child-in-its-own-session", Completes(|_| true), &[]),
        line("child-without-traces", Completes(|_| true), &[]),
        // Its keeper is out of its reach.
        line("keeper-killer", Completes(|_| true), &[]),
        line("marks-its-load", Completes(|_| true), &[]),
        line("brittle", Completes(|_| true), &[]),
        line(
            "chatter",
            Completes(|host| host.heard().count(worker::STDOUT) == 1),
            &[],
        ),
        line("stale-emitter", Completes(|_| true), &[]),
        line("thread-hoard", Completes(|_| true), &[]),
        line("changed-directory", Completes(|_| true), &[]),
        line("falling-progress", Completes(|_| true), &[]),
        // One dispatch in a process of its own: what shows over several of them does no harm.
        line("memory-leak", Completes(|_| true), &[]),
        line("file-leak", Completes(|_| true), &[]),
        line("once-only", Completes(|_| true), &[]),
        line("racing", Completes(|_| true), &[]),
        line("crash-at-exit", Completes(|_| true), &[]),
        // Nobody knows but who asks twice.
        line("unseeded", Completes(|_| true), &[]),
        line("forgetful-checkpoint", Completes(|_| true), &[]),
        line("forgetful-merge", Completes(|_| true), &[]),
        line("dated-export", Completes(|_| true), &[]),
    ]
}
