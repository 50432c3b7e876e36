//! The report as text: a line for each test, details of failures, counts at the end.

use super::{Report, TestReport};
use crate::verdict::{Status, Verdict};

/// The line of a test, without colours: `    passed [  0.213s] knn load/opens`.
#[must_use]
pub fn line(runner: &str, test: &TestReport) -> String {
    format!(
        "{:>10} [{:>8.3}s] {runner} {}",
        test.verdict.status().name(),
        test.seconds,
        test.name
    )
}

/// The details of a test, indented below its line. Empty for a test that passed.
#[must_use]
pub fn details(test: &TestReport) -> String {
    let lines = match &test.verdict {
        Verdict::Passed { .. } => Vec::new(),
        verdict => verdict.lines(),
    };
    let indented = |line: &str| format!("{:25}{line}\n", "");
    lines
        .iter()
        .flat_map(|text| text.lines())
        .map(indented)
        .collect()
}

/// The last line: `3 files, 120 tests: 100 passed, 2 warnings, 17 skipped, 1 failed (12.3 s)`.
#[must_use]
pub fn counts(report: &Report) -> String {
    let tests: usize = Status::ALL.iter().map(|status| report.count(*status)).sum();
    let parts: Vec<String> = Status::ALL
        .iter()
        .map(|status| (*status, report.count(*status)))
        .filter(|(status, count)| *count > 0 || *status == Status::Passed)
        .map(|(status, count)| match status {
            Status::Warning if count != 1 => format!("{count} warnings"),
            status => format!("{count} {}", status.name()),
        })
        .collect();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "{} file{}, {tests} test{}: {} ({:.1} s){}",
        report.files.len(),
        plural(report.files.len()),
        plural(tests),
        parts.join(", "),
        report.seconds,
        if report.complete {
            ""
        } else {
            "; not every selected test was run"
        }
    )
}
