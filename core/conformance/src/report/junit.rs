//! The report as JUnit XML.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::verdict::Verdict;

pub(super) fn write(report: &Report) -> String {
    let mut junit = Junit::new("protea-conformance");
    junit.set_time(Duration::from_secs_f64(report.seconds));
    for file in &report.files {
        let mut suite = TestSuite::new(file.label());
        suite.add_property(("file", &*file.path.display().to_string()));
        if let Some(sha256) = file.sha256 {
            suite.add_property(("sha256", &*sha256.to_string()));
        }
        for test in &file.tests {
            let mut case = TestCase::new(test.name.clone(), status(&test.verdict));
            case.set_classname(file.label());
            case.set_time(Duration::from_secs_f64(test.seconds));
            case.set_system_out(format!(
                "{}\n{}",
                test.description,
                test.verdict.lines().join("\n")
            ));
            suite.add_test_case(case);
        }
        junit.add_test_suite(suite);
    }
    junit
        .to_string()
        .expect("writing XML to a String cannot fail")
}

fn status(verdict: &Verdict) -> TestCaseStatus {
    let text = verdict.lines().join("\n");
    let non_success = |kind, what: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status
            .set_type(what.to_owned())
            .set_message(text.lines().next().unwrap_or(what).to_owned())
            .set_description(text.clone());
        status
    };
    match verdict {
        // JUnit has no warnings; their text is in the output of the test.
        Verdict::Passed { .. } | Verdict::Warning { .. } => TestCaseStatus::success(),
        Verdict::Skipped { reason, .. } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.clone());
            status
        }
        Verdict::Failed { .. } => non_success(NonSuccessKind::Failure, "failed"),
        Verdict::Crashed { .. } => non_success(NonSuccessKind::Error, "crashed"),
        Verdict::TimedOut { .. } => non_success(NonSuccessKind::Error, "timed out"),
    }
}
