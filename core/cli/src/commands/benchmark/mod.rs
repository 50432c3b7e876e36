//! `protea benchmark`: compares runners on the same data, with confidence intervals.

mod cells;
mod contenders;
mod judge;
mod latex;
mod markdown;
mod result;
mod text;
mod tsv;

use protea_core::{
    Dataset, ExperimentError,
    experiment::{Contender, GroupedRun, RunContext, RunOptions},
    store::write_atomic,
};
use serde_json::{Map, Value, json};

use self::{
    contenders::Field,
    judge::{Benchmarked, Judge},
    result::{Benchmark, Outcome, Scored},
};
use super::{
    cafa::set_threads,
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
type Form = fn(&Benchmark) -> String;

/// The tables in the run's directory.
const FILES: [(&str, Form); 3] = [
    ("benchmark.md", markdown::table),
    ("benchmark.tsv", tsv::table),
    ("benchmark.tex", latex::table),
];

const NO_SCORES: &str = "no runner produced scores";

/// Compares runners.
pub fn benchmark(args: &BenchmarkArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let entrants = contenders::read(&args.runners, &args.spec, &args.set)?;
    let given = both_or_none(args.train.as_deref(), args.eval.as_deref())?;
    let isolation = isolation(&args.execution.isolation)?;
    let catalog = trusted(&args.execution.runners, &args.execution.lock)?;
    interrupt::cooperate(reporter);
    set_threads(args.execution.threads)?;
    let field = Field::load(&entrants, &catalog, &isolation)?;
    let (train, eval) = given_or_example(given, reporter)?;
    let train = dataset(&train, reporter)?;
    let eval = dataset(&eval, reporter)?;

    let benchmarked = Benchmarked::open(&eval)?;
    let standard = benchmarked.standard()?;
    let bootstrap = args.bootstrap.with_seed(args.execution.seed);
    let judge = Judge {
        standard: &standard,
        bootstrap,
        reporter,
    };
    let mut result = Benchmark {
        train: train.name.clone(),
        eval: eval.name.clone(),
        bootstrap,
        outcomes: Vec::new(),
    };
    let Some(first) = field.first() else {
        result.outcomes = field.nobody();
        return conclude(None, &result);
    };
    let resume = args.resume;
    let ended = experiment_with(first, &args.execution, reporter, |experiment| {
        experiment.run(RunOptions::benchmark("benchmark"), |run| {
            record(run, &field, (&train, &eval), &result)?;
            for (place, entrant) in entrants.iter().enumerate() {
                let (name, of) = (&entrant.name, entrants.len());
                reporter.note(&format!("{name} ({} of {of})", place + 1));
                let outcome = match field.contender(entrant) {
                    Ok(contender) => contend(run, &contender, (&train, &eval), resume, &judge)?,
                    Err(reason) => Outcome::failed(name, reason),
                };
                if let Some(reason) = outcome.reason() {
                    reporter.warn(&format!("{name} has no scores: {reason}"));
                }
                result.outcomes.push(outcome);
            }
            write(run, &result)?;
            if result.failed().count() == entrants.len() {
                Err(ExperimentError::other(NO_SCORES))
            } else {
                Ok(())
            }
        })
    });
    match ended {
        Ok(ended) => conclude(Some(ended), &result),
        Err(failure) if result.outcomes.is_empty() => Err(failure),
        // The JSON has the scores that were computed before the failure.
        Err(failure) => Err(failure
            .with_detail("rows", json!(result.rows().collect::<Vec<_>>()))
            .with_detail("failed", result.failed_json())),
    }
}

/// Records what is compared.
fn record(
    run: &mut RunContext<'_>,
    field: &Field<'_>,
    (train, eval): (&Dataset, &Dataset),
    result: &Benchmark,
) -> Result<(), ExperimentError> {
    let identity = |dataset: &Dataset| json!({ "name": dataset.name, "sha256": dataset.sha256 });
    run.log_params(Map::from_iter([
        ("contenders".to_owned(), field.described()),
        ("bootstrap".to_owned(), json!(result.bootstrap)),
        ("train_dataset".to_owned(), identity(train)),
        ("eval_dataset".to_owned(), identity(eval)),
    ]))
}

/// Runs and scores one contender. A failure that concerns only this contender is its outcome.
fn contend(
    run: &mut RunContext<'_>,
    contender: &Contender<'_>,
    (train, eval): (&Dataset, &Dataset),
    resume: bool,
    judge: &Judge<'_>,
) -> Result<Outcome, ExperimentError> {
    let done = match run.contend(contender, train, eval, resume) {
        Ok(done) => done,
        Err(error) if error.ends_all() => return Err(error),
        Err(error) => {
            return Ok(Outcome::failed(
                &contender.name,
                Failure::from(error).message,
            ));
        }
    };
    match judge.score(&contender.name, &done) {
        Ok(aspects) => Ok(Outcome::scored(
            &contender.name,
            Scored {
                aspects,
                placeholder: contender.runner.capabilities().metrics.placeholder,
                seconds: done.manifest.steps.iter().map(|step| step.seconds).sum(),
                taken_over: done.manifest.parent.as_deref() != Some(run.id()),
                run_id: done.manifest.run_id,
            },
        )),
        Err(failure) if failure.exit == Exit::Cancelled => Err(ExperimentError::Cancelled),
        Err(failure) => Ok(Outcome::failed(&contender.name, failure.message)),
    }
}

/// Writes the tables to the run's directory and logs the scores.
fn write(run: &mut RunContext<'_>, result: &Benchmark) -> Result<(), ExperimentError> {
    for (name, table) in FILES {
        let path = run.directory().join(name);
        write_atomic(&path, table(result).as_bytes())?;
        run.log_artifact(&path)?;
    }
    let mut metrics: Vec<(String, f64)> = Vec::new();
    for row in result.rows() {
        let metric = |name: &str| format!("{}.{}.{name}", row.runner, row.aspect);
        metrics.push((metric("fmax"), row.fmax));
        if let Some(interval) = row.fmax_ci {
            metrics.push((metric("fmax_low"), interval.low));
            metrics.push((metric("fmax_high"), interval.high));
        }
        metrics.push((metric("auc_pr"), row.auc_pr));
        metrics.push((metric("coverage"), row.coverage));
        metrics.extend(row.wfmax.map(|value| (metric("wfmax"), value)));
        metrics.extend(row.smin.map(|value| (metric("smin"), value)));
    }
    for outcome in &result.outcomes {
        let seconds = outcome.scored.as_ref().ok().map(|scored| scored.seconds);
        metrics.extend(seconds.map(|seconds| (format!("{}.seconds", outcome.name), seconds)));
    }
    let metrics: Vec<(&str, f64)> = metrics.iter().map(|(name, v)| (&**name, *v)).collect();
    run.log_metrics(0, &metrics)
}

fn conclude(ended: Option<GroupedRun<()>>, result: &Benchmark) -> Result<Report, Failure> {
    let mut text = text::table(result);
    if let Some(run) = &ended {
        text.push('\n');
        text.push_str(&text::places(run, FILES.map(|(name, _)| name)));
    }
    let mut object = ended.as_ref().map_or_else(|| json!({}), grouped_json);
    if let (Value::Object(object), Some(run)) = (&mut object, &ended) {
        // A benchmark has several runners.
        object.retain(|key, _| !key.starts_with("runner"));
        let tables = FILES.map(|(name, _)| json!(run.directory.join(name)));
        object.insert("tables".to_owned(), json!(tables));
    }
    if let Value::Object(object) = &mut object {
        object.extend(result.json());
    }
    let failed: Vec<&str> = result.failed().map(|(name, _)| name).collect();
    if failed.is_empty() {
        return Ok(Report { text, json: object });
    }
    let message = if failed.len() == result.outcomes.len() {
        NO_SCORES.to_owned()
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
