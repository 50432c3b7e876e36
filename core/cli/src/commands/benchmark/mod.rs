//! `protea benchmark`: compares runners on the same data, with confidence intervals.

mod cells;
mod contenders;
mod latex;
mod markdown;
mod report;
mod scorer;
mod text;
mod tsv;

use protea_core::{
    ExperimentError,
    experiment::{Benchmark, BenchmarkResult, Entrant, GroupedRun, Outcome, Reuse},
};
use serde_json::{Value, json};

use self::{
    contenders::Field,
    report::{BenchmarkReport, failed, rows},
    scorer::{Benchmarked, CafaScorer},
};
use super::{
    cafa::set_threads,
    data_needs,
    run::{both_or_none, given_or_example},
    run_report::grouped_json,
    run_setup::{dataset, experiment_with, isolation, trusted},
};
use crate::{
    args::BenchmarkArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter},
};

/// Formats a benchmark.
type Form = fn(&BenchmarkReport<'_>) -> String;

/// The tables in the run's directory.
const FILES: [(&str, Form); 3] = [
    ("benchmark.md", markdown::table),
    ("benchmark.tsv", tsv::table),
    ("benchmark.tex", latex::table),
];

/// Compares runners.
pub fn benchmark(args: &BenchmarkArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let named = contenders::read(&args.runners, &args.spec, &args.set)?;
    let given = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let isolation = isolation(&args.execution.isolation)?;
    let catalog = trusted(&args.execution.runners, &args.execution.lock)?;
    interrupt::cooperate(reporter);
    set_threads(args.execution.threads)?;
    let field = Field::load(&named, &catalog, &isolation)?;
    let data = given_or_example(given, reporter)?;
    let train = &dataset(&data.train, reporter)?;
    let eval = &dataset(&data.eval, reporter)?;
    data_needs::warn_of_the_same(train, eval, reporter);

    let benchmarked = Benchmarked::open(eval)?;
    let reference = benchmarked.reference()?;
    let bootstrap = args.bootstrap.with_seed(args.execution.seed);
    let entrants = field.entrants(train, eval);
    let Some(first) = field.first() else {
        return conclude(
            None,
            &BenchmarkReport::new(train, eval, bootstrap, &without_scores(&entrants))
                .with_remark(data.remark),
        );
    };
    let mut benchmark = Benchmark::new(entrants);
    if args.resume {
        benchmark = benchmark.with_reuse(Reuse::FinishedRuns);
    }
    for (file, table) in FILES {
        let (train, eval) = (train.clone(), eval.clone());
        benchmark = benchmark.with_table(file, move |found| {
            table(&BenchmarkReport::new(&train, &eval, bootstrap, found))
        });
    }
    let mut scorer = CafaScorer::new(&reference, bootstrap, reporter);
    let mut found = BenchmarkResult::default();
    let ended = experiment_with(first, &args.execution, reporter, |experiment| {
        let finished = experiment.benchmark("benchmark", &benchmark, train, eval, &mut scorer);
        found = finished.result;
        finished.run
    });
    match ended {
        Ok(ended) => conclude(
            Some(ended),
            &BenchmarkReport::new(train, eval, bootstrap, &found).with_remark(data.remark),
        ),
        Err(failure) if found.outcomes.is_empty() => Err(failure),
        // The JSON has the scores that were computed before the failure.
        Err(failure) => Err(failure
            .with_detail("rows", json!(rows(&found)))
            .with_detail("failed", failed(&found))),
    }
}

/// The result if no runner is available: every contender failed.
fn without_scores(entrants: &[Entrant]) -> BenchmarkResult {
    let outcome = |entrant: &Entrant| {
        let reason = entrant.runner.as_ref().err();
        Outcome::failed(&entrant.name, reason.cloned().unwrap_or_default())
    };
    BenchmarkResult::from_outcomes(entrants.iter().map(outcome).collect())
}

fn conclude(
    ended: Option<GroupedRun<()>>,
    report: &BenchmarkReport<'_>,
) -> Result<Report, Failure> {
    let mut text = text::table(report);
    if let Some(run) = &ended {
        text.push('\n');
        text.push_str(&text::places(run, FILES.map(|(name, _)| name)));
    }
    let mut object = ended.as_ref().map_or_else(|| json!({}), grouped_json);
    if let (Value::Object(object), Some(run)) = (&mut object, &ended) {
        // A benchmark has several runners.
        object.retain(|key, _| !key.starts_with("runner"));
        let tables = FILES.map(|(name, _)| json!(run.directory.join(name).to_string_lossy()));
        object.insert("tables".to_owned(), json!(tables));
    }
    if let Value::Object(object) = &mut object {
        object.extend(report.json());
    }
    let failed: Vec<&str> = report.found.failed().map(|(name, _)| name).collect();
    if failed.is_empty() {
        return Ok(Report { text, json: object });
    }
    let message = if failed.len() == report.found.outcomes.len() {
        ExperimentError::NoScores.to_string()
    } else {
        format!("no scores for {}", failed.join(", "))
    };
    let mut failure = Failure::new(Exit::Failed, message).with_text(text);
    if let Value::Object(object) = object {
        for (key, value) in object {
            failure = failure.with_detail(&key, value);
        }
    }
    Err(failure)
}
