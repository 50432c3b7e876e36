//! The conformance suite before an installation.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use protea_conformance::{Check, Observer, Status, TestReport};
use protea_core::catalog::Entry;

use super::check::{config, host, printable, unusable};
use crate::{
    args::InstallArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, shown},
};

/// Holds the runner in `entry`, which the user knows as the file in `args`, against the contract.
/// What the suite counted up is for the report.
pub fn vet(entry: &Entry, args: &InstallArgs, reporter: &Reporter) -> Result<String, Failure> {
    let mut check = Check::new(vec![entry.path.clone()], host()?);
    check.config = config(&args.config)?;
    interrupt::cooperate(reporter);
    reporter.start(&format!("checking {}", entry.descriptor.name));
    let progress = Progress {
        done: AtomicU64::new(0),
        all: check.selection.tests().len() as u64,
        reporter,
    };
    let report = check.run(&progress);
    reporter.abandon();
    let report = report.map_err(unusable)?;
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
            "it keeps the contract: {} tests passed{warnings}",
            report.count(Status::Passed)
        ));
    }
    let file = shown(&args.file);
    let named: Vec<String> = failed
        .iter()
        .map(|test| named(test, entry, &file))
        .collect();
    let message = format!(
        "{file} is not installed: the runner breaks the contract.\n{}\n`protea runners check {file} --only-failed` says how to \
         mend it; --no-check installs it all the same",
        named.join("\n")
    );
    let details: Vec<_> = failed.iter().map(|test| serde_json::json!(test)).collect();
    Err(Failure::new(Exit::Failed, message).with_detail("failed", details))
}

/// A failed test and what was seen, on a line.
fn named(test: &TestReport, entry: &Entry, file: &str) -> String {
    let lines = test.verdict.lines();
    let seen = lines.iter().find_map(|line| line.strip_prefix("seen:"));
    let seen = seen.or_else(|| lines.first().map(String::as_str));
    let seen = seen.and_then(|seen| seen.trim().lines().next());
    // The copy that was checked is gone by now.
    let seen = seen
        .unwrap_or_default()
        .replace(&entry.path.display().to_string(), file);
    let status = test.verdict.status().name();
    printable(&format!("  {status} {}: {seen}", test.name))
}

struct Progress<'a> {
    done: AtomicU64,
    all: u64,
    reporter: &'a Reporter,
}

impl Observer for Progress<'_> {
    fn tested(&self, _: &Path, _: &str, test: &TestReport) {
        let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        self.reporter.progress(done, self.all);
        self.reporter.detail(&test.name);
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}
