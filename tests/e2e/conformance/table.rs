//! The result of the suite for each animal, a line each.

use std::collections::BTreeSet;

/// The result of the suite for an animal.
pub struct Line {
    /// The file of its source.
    pub file: &'static str,
    /// The status of the test that reports what it does wrong.
    pub status: &'static str,
    /// The test that reports what it does wrong.
    pub test: &'static str,
    /// Parts of that test's message.
    pub words: &'static [&'static str],
    /// Other tests that fail, because it breaks their requirement too.
    pub also: &'static [&'static str],
}

impl Line {
    /// Limits with which it fails for what it does wrong and not because it is slow.
    pub fn options(&self) -> Vec<&'static str> {
        match self.file {
            // Calls take seconds, so tests that repeat them are left out. Whether a call that is
            // cancelled ends in time depends on the machine.
            "emit_flood" | "emit_giant" => {
                vec![
                    "--time-limit",
                    "300s",
                    "--filter",
                    "^(load|lifecycle|results|emit)/",
                    "--exclude",
                    "^emit/cancel$",
                ]
            }
            "memory_hoard" | "shared_memory_hoard" | "hoard_of_children" => {
                vec!["--time-limit", "300s", "--memory-limit", "256MiB"]
            }
            name if name.starts_with("hang_") || name.ends_with("_hang") => {
                vec!["--time-limit", "8s"]
            }
            "ignores_cancel" => vec!["--time-limit", "8s"],
            _ => vec!["--time-limit", "120s"],
        }
    }

    /// The tests that fail.
    pub fn failures(&self) -> BTreeSet<&'static str> {
        let named = (!self.keeps_the_contract()).then_some(self.test);
        self.also.iter().copied().chain(named).collect()
    }

    /// Whether what it does is only a warning.
    pub fn keeps_the_contract(&self) -> bool {
        self.status == "warning"
    }
}

const fn line(
    file: &'static str,
    status: &'static str,
    test: &'static str,
    words: &'static [&'static str],
    also: &'static [&'static str],
) -> Line {
    Line {
        file,
        status,
        test,
        words,
        also,
    }
}

/// The table.
#[rustfmt::skip]
pub fn lines() -> Vec<Line> {
    vec![
        line("abort_at_load", "crashed", "load/opens", &["SIGABRT"], &[]),
        line("abort_in_drop", "crashed", "lifecycle/fit", &["SIGABRT"], &[]),
        line("abort_in_emit", "crashed", "lifecycle/fit", &["SIGABRT"], &[]),
        line("abort_in_fit", "crashed", "lifecycle/fit", &["SIGABRT"], &[]),
        line("brittle", "failed", "spec/fuzzed", &["panicked at", "brittle.rs"], &[]),
        line("changed_dataset", "failed", "dataset/untouched", &["after fit, in the dataset `train`", "was changed"], &[]),
        line("changed_directory", "failed", "isolation/process-state", &["the current directory was changed"], &[]),
        line("chatter", "warning", "writes/prints-nothing", &["18 bytes", "which begin with \\\"epoch 1: loss 0.5\\\""], &[]),
        line("child_in_its_own_session", "failed", "isolation/children", &["1 process that it started is still running"], &[]),
        line("child_left", "failed", "isolation/children", &["1 process that it started is still running"], &[]),
        line("child_without_traces", "failed", "isolation/children", &["1 process that it started is still running"], &[]),
        line("children_and_hang", "timed-out", "lifecycle/fit", &["fit"], &["emit/cancel"]),
        line("closed_files", "failed", "lifecycle/fit", &["closed its connection to the host"], &[]),
        line("crash_at_exit", "crashed", "load/ends", &["SIGSEGV", "the end of a process"], &[]),
        line("crash_at_load", "crashed", "load/opens", &["SIGSEGV"], &[]),
        line("crash_in_drop", "crashed", "lifecycle/fit", &["SIGSEGV"], &[]),
        line("crash_in_emit", "crashed", "lifecycle/fit", &["SIGSEGV"], &[]),
        line("crash_in_fit", "crashed", "lifecycle/fit", &["SIGSEGV"], &[]),
        line("dated_export", "failed", "determinism/export", &["date.txt was changed"], &[]),
        line("deep_output", "failed", "lifecycle/fit", &["exceeded its output limit"], &[]),
        line("emit_flood", "failed", "emit/volume", &["100000 events"], &[]),
        line("emit_giant", "failed", "emit/volume", &["1 events with 1000000"], &[]),
        line("events_after_return", "failed", "emit/after-return", &["after fit had returned"], &["threads/left-running"]),
        line("exit_at_load", "crashed", "load/opens", &["exit code 7"], &[]),
        line("exit_in_drop", "crashed", "lifecycle/fit", &["exit code 7"], &[]),
        line("exit_in_emit", "crashed", "lifecycle/fit", &["exit code 7"], &[]),
        line("exit_in_fit", "crashed", "lifecycle/fit", &["exit code 7"], &[]),
        line("falling_progress", "failed", "emit/progress", &["2 of 4 done after 3 of 4", "5 of 4 done"], &[]),
        line("false_hash", "failed", "lifecycle/export", &["spec.yaml", "SHA-256"], &[]),
        line("file_hoard", "failed", "lifecycle/fit", &["Too many open files"], &[]),
        line("file_leak", "failed", "memory/files", &["calls of fit"], &[]),
        line("forgetful_checkpoint", "failed", "checkpoint/continued", &["from state 1", "sum was changed"], &[]),
        line("forgetful_merge", "failed", "predict/shards", &["line 1 is", "0.8"], &[]),
        line("garbage_in_every_file", "failed", "lifecycle/fit", &["it sent a frame of"], &[]),
        line("hang_at_load", "timed-out", "load/opens", &["loading it"], &[]),
        line("hang_in_drop", "timed-out", "lifecycle/fit", &["fit"], &["emit/cancel"]),
        line("hang_in_emit", "timed-out", "lifecycle/fit", &["fit"], &["emit/cancel"]),
        line("hang_in_evaluate", "timed-out", "lifecycle/evaluate", &["evaluate"], &[]),
        line("hang_in_export", "timed-out", "lifecycle/export", &["export"], &[]),
        line("hang_in_fit", "timed-out", "lifecycle/fit", &["fit"], &["emit/cancel"]),
        line("headless", "failed", "load/opens", &["exports no protea runner"], &[]),
        line("hoard_of_children", "crashed", "lifecycle/fit", &["ran out of memory"], &[]),
        line("ignores_cancel", "failed", "emit/cancel", &["within a second"], &["lifecycle/fit"]),
        line("invalid_utf8_in_emit", "failed", "emit/well-formed", &["is not UTF-8"], &[]),
        line("invalid_utf8_in_result", "failed", "lifecycle/evaluate", &["its result cannot be read"], &[]),
        line("keeper_killer", "failed", "isolation/children", &["1 process that it started is still running"], &[]),
        line("lying_descriptor", "failed", "descriptor/agrees", &["says lying-descriptor", "says what-it-is"], &[]),
        line("marks_its_load", "failed", "load/quiet", &["current/mark was created"], &[]),
        line("memory_hoard", "crashed", "lifecycle/fit", &["ran out of memory"], &[]),
        line("memory_leak", "failed", "memory/growth", &["calls of evaluate"], &[]),
        line("metric_out_of_range", "failed", "results/metrics", &["score is 1.5, outside"], &[]),
        line("missing_metric", "failed", "results/metrics", &["score is declared but was not returned", "no metric was returned"], &[]),
        line("namesake_one", "failed", "descriptor/unique", &["libnamesake_one", "libnamesake_other"], &[]),
        line("namesake_other", "failed", "descriptor/unique", &["libnamesake_one", "libnamesake_other"], &[]),
        line("nan_metric", "failed", "results/metrics", &["score is NaN"], &[]),
        line("once_only", "failed", "isolation/repeated", &["fit 2 of 50", "initialised already"], &[]),
        line("output_flood", "failed", "lifecycle/fit", &["exceeded its output limit"], &[]),
        line("link_in_model", "failed", "lifecycle/fit", &["notes is a symbolic link"], &[]),
        line("output_outside", "failed", "lifecycle/export", &["outside.txt"], &[]),
        line("panic_abort", "crashed", "lifecycle/fit", &["SIGABRT", "the zoo's panic"], &[]),
        line("panic_at_load", "crashed", "load/opens", &["SIGABRT", "the zoo's panic"], &[]),
        line("panic_in_drop", "failed", "lifecycle/fit", &["panicked at", "panic_in_drop.rs"], &[]),
        line("panic_in_emit", "failed", "lifecycle/fit", &["panicked at", "the zoo's panic"], &[]),
        line("panic_in_fit", "failed", "lifecycle/fit", &["panicked at", "panic_in_fit.rs"], &[]),
        line("pipe_in_export", "failed", "lifecycle/export", &["pipe is a named pipe"], &[]),
        line("plain_library", "failed", "descriptor/readable", &["without a descriptor"], &[]),
        line("racing", "failed", "threads/two-at-once", &["the metrics differ at /score"], &[]),
        line("shared_memory_hoard", "crashed", "lifecycle/fit", &["ran out of memory"], &[]),
        line("stack_overflow", "crashed", "lifecycle/fit", &["overflowed its stack"], &[]),
        line("stale_emitter", "failed", "emit/after-return", &["events"], &[]),
        line("stray_file", "failed", "writes/only-output", &["during fit, stray.txt was created"], &[]),
        line("thread_hoard", "failed", "threads/limit", &["fit ran 16 additional threads"], &[]),
        line("thread_left_running", "failed", "threads/left-running", &["threads stay"], &[]),
        line("unresolved_symbol", "failed", "load/opens", &["protea_zoo_nobody_has_this_function"], &[]),
        line("unseeded", "failed", "determinism/evaluate", &["they differ at /score"], &[]),
        line("wrong_abi_stable", "failed", "load/opens", &["does not fit this host"], &[]),
        line("wrong_layout", "failed", "load/opens", &["does not fit this host"], &[]),
        line("wrong_major", "failed", "descriptor/readable", &["built for contract 2.0.0", "update protea"], &[]),
    ]
}
