//! Repeats a search, a cross-validation or a benchmark: the command that made it, with its settings, its
//! seed and its datasets, without reusing any earlier run.

use std::path::PathBuf;

use clap::Parser;
use protea_core::{
    RunManifest, Workspace, dataset, store,
    text::escape_line,
    workspace::{RecordedRun, Status},
};
use serde_json::{Value, json};

use super::{REPEATS, outcome::Outcome};
use crate::{
    args::{Cli, Command, ExecutionArgs, RunArgs},
    commands::{benchmark, cv, search},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter},
};

/// Repeats the run by the words of its command.
pub fn repeat(
    args: &RunArgs,
    workspace: &Workspace,
    before: &RecordedRun,
    words: &[String],
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let manifest = &before.manifest;
    let id = &manifest.run_id;
    if args.output.is_some() {
        let message = format!("--output is for a run that exports; the run {id} does not");
        return Err(Failure::new(Exit::Usage, message));
    }
    let differences = differences(args, before)?;
    for difference in &differences {
        reporter.warn(&format!("unlike the run {id}: {difference}"));
    }
    let made = again(args, manifest, words, reporter)?;
    let directory = made.json["artifacts"]["directory"].as_str();
    let directory = PathBuf::from(directory.unwrap_or_default());
    let now = RecordedRun {
        manifest: RunManifest::read(&directory)?,
        directory,
    };
    workspace.label_run(&now.directory, |labels| {
        labels.tags.insert(REPEATS.to_owned(), Some(id.to_string()));
    })?;
    let outcome = Outcome::compare_groups(before, &now);
    let mut report = Report {
        text: format!("{}\n{}", made.text, outcome.text(id)),
        json: made.json,
    };
    if let Value::Object(object) = &mut report.json {
        object.insert(REPEATS.to_owned(), json!(id));
        // A benchmark has differences between contenders under the name that a run has for these.
        object.insert("unlike".to_owned(), json!(differences));
        object.insert("same".to_owned(), json!(outcome.is_same()));
        object.insert("comparison".to_owned(), outcome.json());
    }
    if outcome.is_same() == Some(false) {
        return Err(Failure::report_only(Exit::Failed, report));
    }
    Ok(report)
}

/// Runs the command of the run again.
fn again(
    args: &RunArgs,
    manifest: &RunManifest,
    words: &[String],
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let cli = Cli::try_parse_from(words).map_err(|error| {
        let line = error.to_string();
        let line = line.lines().next().unwrap_or_default().to_owned();
        let id = &manifest.run_id;
        let message = format!("the record of the run {id} makes no command: {line}");
        Failure::new(Exit::Input, message)
    })?;
    let execution = ExecutionArgs {
        seed: manifest.seed,
        threads: match args.execution.threads {
            0 => manifest.threads,
            threads => threads,
        },
        ..args.execution.clone()
    };
    let given = |own: &mut Option<String>, other: &Option<String>| {
        if other.is_some() {
            own.clone_from(other);
        }
    };
    match cli.command {
        Command::Search(mut again) => {
            again.execution = execution;
            again.many.recompute = true;
            given(&mut again.train, &args.train);
            given(&mut again.eval, &args.eval);
            search::search(&again, reporter)
        }
        Command::Cv(mut again) => {
            again.execution = execution;
            again.many.recompute = true;
            given(&mut again.data, &args.train);
            cv::cv(&again, reporter)
        }
        Command::Benchmark(mut again) => {
            again.execution = execution;
            given(&mut again.train, &args.train);
            given(&mut again.eval, &args.eval);
            benchmark::benchmark(&again, reporter)
        }
        _ => {
            let message = format!("the run {} cannot be repeated", manifest.run_id);
            Err(Failure::new(Exit::Input, message))
        }
    }
}

/// What is not as it was. A local dataset that has changed is an error, unless another one is given.
fn differences(args: &RunArgs, before: &RecordedRun) -> Result<Vec<String>, Failure> {
    let manifest = &before.manifest;
    let mut differences = Vec::new();
    let now = protea_core::workspace::HostRecord::current();
    for (what, then, now) in [
        ("protea", &manifest.host.protea, &now.protea),
        ("the platform", &manifest.host.platform, &now.platform),
    ] {
        if then != now {
            differences.push(format!("{what} was {then} and is {now}"));
        }
    }
    if manifest.status != Status::Finished {
        let status = manifest.status;
        differences.push(format!("it is {status}, so its results are not complete"));
    }
    for role in manifest.datasets.keys() {
        let Ok(recorded) = before.dataset(role) else {
            continue;
        };
        let (option, given) = match role.as_str() {
            "eval" => ("--eval", &args.eval),
            _ => ("--train", &args.train),
        };
        let is_local = store::is_local(recorded.source());
        if given.is_some() || !is_local {
            continue;
        }
        let found = dataset::stage(recorded.source().as_str()).map_err(|error| {
            Failure::from(error).with_note(format!(
                "the {role} dataset of the run has the SHA-256 {}; say where it is now with {option}",
                recorded.sha256
            ))
        })?;
        if found.sha256 != recorded.sha256 {
            let message = format!(
                "the {role} dataset {} has the SHA-256 {}, that of the run {} had {}; restore it, or say where it is with {option}",
                escape_line(&found.name),
                found.sha256,
                manifest.run_id,
                recorded.sha256
            );
            return Err(Failure::new(Exit::Input, message));
        }
    }
    Ok(differences)
}
