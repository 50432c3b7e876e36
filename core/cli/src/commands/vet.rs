//! Runs the conformance suite before a runner is installed.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use protea_conformance::{Check, Observer, Status, TestReport};
use protea_core::catalog::Entry;

use super::check::{config, fixture_failure, host};
use crate::{
    args::InstallArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, display_path},
};

/// Checks the runner in `entry` against the contract and returns a summary. `entry` is a copy of the
/// file in `args`, which is the one that messages name.
pub fn vet(entry: &Entry, args: &InstallArgs, reporter: &Reporter) -> Result<String, Failure> {
    let mut check = Check::new(vec![entry.path.clone()], host()?);
    check.config = config(&args.config)?;
    interrupt::cooperate(reporter);
    reporter.start(&format!("checking {}", entry.descriptor.name));
    let progress = Progress {
        done: AtomicU64::new(0),
        total: check.selection.tests().len() as u64,
        reporter,
    };
    let report = check.run(&progress);
    reporter.abandon();
    let report = report.map_err(fixture_failure)?;
    if !report.complete {
        return Err(Failure::cancelled());
    }
    let tests = || report.files.iter().flat_map(|file| &file.tests);
    let failed: Vec<&TestReport> = tests()
        .filter(|test| test.verdict.status().is_failure())
        .collect();
    if failed.is_empty() {
        let warnings = match report.count(Status::Warning) {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            more => format!(", {more} warnings"),
        };
        return Ok(format!(
            "it conforms to the contract: {} tests passed{warnings}",
            report.count(Status::Passed)
        ));
    }
    let file = display_path(&args.file);
    let failures: Vec<String> = failed
        .iter()
        .map(|test| describe(test, entry, &file))
        .collect();
    let message = format!(
        "{file} is not installed: the runner breaks the contract.\n{}\n`protea runners check {file} --only-failed` shows how to \
         fix it; --no-check installs it anyway",
        failures.join("\n")
    );
    let details: Vec<_> = failed.iter().map(|test| serde_json::json!(test)).collect();
    Err(Failure::new(Exit::Failed, message).with_detail("failed", details))
}

/// A failed test and what it saw, on one line.
fn describe(test: &TestReport, entry: &Entry, file: &str) -> String {
    let lines = test.verdict.lines();
    let seen = lines
        .iter()
        .find_map(|line| line.strip_prefix("seen:"))
        .or_else(|| lines.first().map(String::as_str))
        .and_then(|seen| seen.trim().lines().next())
        .unwrap_or_default();
    // The suite saw the copy, which does not exist any more.
    let seen = seen.replace(&entry.path.display().to_string(), file);
    let status = test.verdict.status().name();
    format!("  {status} {}: {seen}", test.name)
}

struct Progress<'a> {
    done: AtomicU64,
    total: u64,
    reporter: &'a Reporter,
}

impl Observer for Progress<'_> {
    fn tested(&self, _: &Path, _: &str, test: &TestReport) {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        self.reporter.progress(done, self.total);
        self.reporter.detail(&test.name);
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}
