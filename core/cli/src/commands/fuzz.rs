//! `protea runners fuzz`.

use std::time::Duration;

use protea_conformance::{Budget, Finding, FuzzError};
use serde_json::json;

use super::check::{config, fixture_failure, host, runner_file};
use crate::{
    args::FuzzArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, display_path},
};

/// How long to fuzz if neither a time nor a number of cases is given.
const DEFAULT_TIME: Duration = Duration::from_secs(60);

/// Tries a runner with random specs and broken models.
pub fn fuzz(args: &FuzzArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let (host, config) = (host()?, config(&args.config)?);
    let budget = Budget {
        seed: args.seed,
        time: args
            .time
            .or_else(|| args.cases.is_none().then_some(DEFAULT_TIME)),
        cases: args.cases,
    };
    interrupt::cooperate(reporter);
    let named = runner_file(&args.file, reporter)?;
    reporter.start(&format!("fuzzing {}", display_path(&named)));
    let file = std::path::absolute(&named).unwrap_or_else(|_| named.clone());
    let mut cases = 0;
    let report = protea_conformance::fuzz(&file, host, &config, budget, &mut |_, finding| {
        cases += 1;
        reporter.progress(cases, budget.cases.unwrap_or_default());
        if let Some(finding) = finding {
            reporter.warn(&describe(finding));
        }
        !interrupt::requested()
    });
    reporter.abandon();
    let file = display_path(&named);
    let report = report.map_err(|error| match error {
        FuzzError::Fixture(error) => fixture_failure(error),
        error => Failure::new(
            Exit::Failed,
            format!(
                "{file} cannot be fuzzed: {error}; run `protea runners check {file}` to see which \
                 tests fail"
            ),
        ),
    })?;
    let text = format!(
        "{}: {} cases from seed {}, {} findings\n",
        report.runner,
        report.cases,
        report.seed,
        report.findings.len()
    );
    if report.findings.is_empty() {
        return Ok(Report {
            text,
            json: json!(report),
        });
    }
    Err(Failure::new(
        Exit::Failed,
        format!(
            "{} of {} cases violate the contract",
            report.findings.len(),
            report.cases
        ),
    )
    .with_text(text)
    .with_detail("fuzz", json!(report)))
}

fn describe(finding: &Finding) -> String {
    format!(
        "{}\n  {}\n  input:    {}\n  again:    --seed {} --cases 1",
        finding.doing,
        finding.verdict.lines().join("\n  "),
        finding.input,
        finding.seed
    )
}
