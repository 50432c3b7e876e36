//! `protea run --from`: repeats a run from its manifest.

mod group;
mod outcome;

use protea_core::{
    Dataset, Experiment, ExperimentError, FinishedRun, Workspace,
    experiment::Step,
    store,
    text::escape_line,
    workspace::{RecordedRun, RunManifest, Status},
};
use protea_report::repeating_words;
use serde_json::{Value, json};
use url::Url;

use self::outcome::Outcome;
use super::{
    run_report::{places, run_json, score_table},
    run_setup::Session,
};
use crate::{
    args::RunArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter},
};

/// The tag of a repetition, whose value is the id of the run.
const REPEATS: &str = "repeats";

/// The pipelines of runs that are repeated by their command.
const GROUPS: [&str; 3] = ["search", "cross_validation", "benchmark"];

/// What a run did, by its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Did {
    fit: bool,
    evaluate: bool,
    export: bool,
}

/// Repeats the run of `--from` and compares the results.
pub fn repeat(args: &RunArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let text = args.from.as_deref().unwrap_or_default();
    let workspace = Workspace::at(&args.execution.workspace.workspace)?;
    let before = workspace.find_run(text)?;
    let manifest = &before.manifest;
    if GROUPS.contains(&manifest.pipeline.as_str())
        && let Some(words) = repeating_words(manifest)
    {
        return group::repeat(args, &workspace, &before, &words, reporter);
    }
    let did = did(manifest)?;
    let session = Session::begin(&before.runner()?.name, &args.execution, reporter)?;
    let mut differences = differences(&before, &session);
    let train = dataset(
        &session,
        &before,
        "train",
        args.train.as_deref(),
        &mut differences,
    )?;
    let eval = dataset(
        &session,
        &before,
        "eval",
        args.eval.as_deref(),
        &mut differences,
    )?;
    for difference in &differences {
        reporter.warn(&format!("unlike the run {}: {difference}", manifest.run_id));
    }
    let output = args.output.as_deref().map(store::locate).transpose()?;
    let run = session.experiment(|experiment| {
        let mut experiment = experiment.clone().with_seed(manifest.seed);
        if args.execution.threads == 0 {
            experiment = experiment.with_threads(manifest.threads);
        }
        if let Some(output) = &output {
            experiment = experiment.with_export_to(output.clone());
        }
        do_again(
            &experiment,
            did,
            args.no_export,
            manifest,
            train.as_ref(),
            eval.as_ref(),
        )
    })?;
    workspace.label_run(&run.directory, |labels| {
        let id = manifest.run_id.to_string();
        labels.tags.insert(REPEATS.to_owned(), Some(id));
    })?;
    let outcome = Outcome::compare(&before.manifest, &run.manifest);
    let text = format!(
        "{} {} · repeats {}\n\n{}\n{}\n{}",
        escape_line(&session.runner().entry().descriptor.name),
        session.runner().entry().descriptor.version,
        manifest.run_id,
        score_table(session.runner(), &run),
        places(&run),
        outcome.text(&before.manifest.run_id),
    );
    let mut json = run_json(session.runner(), &run);
    if let Value::Object(object) = &mut json {
        object.insert(REPEATS.to_owned(), json!(manifest.run_id));
        object.insert("differences".to_owned(), json!(differences));
        object.insert("same".to_owned(), json!(outcome.is_same()));
        object.insert("comparison".to_owned(), outcome.json());
    }
    let report = Report { text, json };
    if outcome.is_same() == Some(false) {
        return Err(Failure::report_only(Exit::Failed, report));
    }
    Ok(report)
}

/// The steps of a run that can be repeated.
fn did(manifest: &RunManifest) -> Result<Did, Failure> {
    let has = |step: Step| {
        manifest
            .steps
            .iter()
            .any(|record| record.name == step.name())
    };
    let did = Did {
        fit: has(Step::Fit),
        evaluate: has(Step::Evaluate),
        export: has(Step::Export),
    };
    if did.fit || did.evaluate {
        return Ok(did);
    }
    let (id, pipeline) = (&manifest.run_id, &manifest.pipeline);
    let message = format!(
        "the run {id} ({pipeline}) neither fitted nor evaluated by itself; give a run that did, \
         such as one of its child runs"
    );
    Err(Failure::new(Exit::Input, message))
}

fn do_again(
    experiment: &Experiment,
    did: Did,
    no_export: bool,
    manifest: &RunManifest,
    train: Option<&Dataset>,
    eval: Option<&Dataset>,
) -> Result<FinishedRun, ExperimentError> {
    let spec = &manifest.spec;
    match (
        did.fit.then_some(train).flatten(),
        did.evaluate.then_some(eval).flatten(),
    ) {
        (Some(train), Some(eval)) if did.export && !no_export => {
            experiment.fit_evaluate_export(spec, train, eval)
        }
        (Some(train), Some(eval)) => experiment.fit_evaluate(spec, train, eval),
        (Some(train), None) => experiment.fit(spec, train),
        (None, Some(eval)) => {
            let lacking = || ExperimentError::NoModel {
                run_id: manifest.run_id.clone(),
            };
            let model: &Url = manifest.model_uri.as_ref().ok_or_else(lacking)?;
            experiment.evaluate(model, eval)
        }
        (None, None) => Err(ExperimentError::NoModel {
            run_id: manifest.run_id.clone(),
        }),
    }
}

/// What is not as it was: the runner, its isolation, protea, the machine.
fn differences(before: &RecordedRun, session: &Session<'_>) -> Vec<String> {
    let manifest = &before.manifest;
    let mut differences = Vec::new();
    if let Err(other) = before.check_runner(session.runner().entry()) {
        differences.push(other.to_string());
    }
    let host = protea_core::workspace::HostRecord::current();
    let isolation = session.runner().isolation().name();
    for (what, then, now) in [
        ("protea", &manifest.host.protea, &host.protea),
        ("the platform", &manifest.host.platform, &host.platform),
        ("the isolation", &manifest.isolation, &isolation.to_owned()),
    ] {
        if then != now {
            differences.push(format!("{what} was {then} and is {now}"));
        }
    }
    if manifest.status != Status::Finished {
        let status = manifest.status;
        differences.push(format!("it is {status}, so its results are not complete"));
    }
    differences
}

/// The dataset of a role: from where it was, or from where the user says that it is now.
fn dataset(
    session: &Session<'_>,
    before: &RecordedRun,
    role: &str,
    given: Option<&str>,
    differences: &mut Vec<String>,
) -> Result<Option<Dataset>, Failure> {
    let Ok(recorded) = before.dataset(role) else {
        return Ok(None);
    };
    let location = given.unwrap_or_else(|| recorded.source().as_str());
    let found = session.dataset(location).map_err(|failure| match given {
        Some(_) => failure,
        None => failure.with_note(format!(
            "the {role} dataset of the run has the SHA-256 {}; say where it is now with --{role}",
            recorded.sha256
        )),
    })?;
    if found.sha256 == recorded.sha256 {
        return Ok(Some(found));
    }
    let id = &before.manifest.run_id;
    let difference = format!(
        "the {role} dataset {} has the SHA-256 {}, that of the run {id} had {}",
        escape_line(&found.name),
        found.sha256,
        recorded.sha256
    );
    if given.is_some() {
        differences.push(difference);
        return Ok(Some(found));
    }
    let message = format!("{difference}; restore it, or say where it is with --{role}");
    Err(Failure::new(Exit::Input, message))
}
