//! The commands that can be planned, and the command line that a plan records.

use std::{ffi::OsString, path::PathBuf};

use clap::Parser;
use protea_core::{
    engine::{EngineError, Plan, PlanDirectory},
    experiment::PlannedCommand,
    store,
};
use url::Url;

use crate::{
    args::{Cli, Command, ExecutionArgs, PlanArgs},
    commands::{benchmark, cv, repeat, run, search},
    example_data,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter},
};

/// Options with a value that say nothing about the work.
const WITH_VALUE: [&str; 8] = [
    "--plan",
    "--engine",
    "--slurm",
    "--task-time",
    "--task-memory",
    "--task-cpus",
    "--color",
    "--jobs",
];
/// Options without a value that say nothing about the work.
const ALONE: [&str; 2] = ["--json", "--quiet"];

/// The kind of a plan of a prediction.
pub(super) const PREDICT: &str = "predict";

/// The options of a command that can be planned.
pub(super) struct Parts<'c> {
    /// `search`, `cv`, `benchmark`, `run` or `predict`.
    pub(super) kind: &'static str,
    pub(super) plan: &'c mut PlanArgs,
    pub(super) execution: &'c mut ExecutionArgs,
    /// How many tasks at once on this machine.
    pub(super) jobs: usize,
}

/// The options of a command, if it can be planned.
pub(super) fn parts(command: &mut Command) -> Option<Parts<'_>> {
    let (kind, plan, execution, jobs) = match command {
        Command::Search(args) => (
            "search",
            &mut args.plan,
            &mut args.execution,
            args.many.jobs,
        ),
        Command::Cv(args) => ("cv", &mut args.plan, &mut args.execution, args.many.jobs),
        Command::Benchmark(args) => ("benchmark", &mut args.plan, &mut args.execution, args.jobs),
        Command::Run(args) => ("run", &mut args.plan, &mut args.execution, 1),
        Command::Predict(args) => (
            PREDICT,
            &mut args.plan,
            &mut args.execution,
            args.shards.jobs,
        ),
        _ => return None,
    };
    Some(Parts {
        kind,
        plan,
        execution,
        jobs: usize::from(jobs),
    })
}

/// Whether the command asks for a plan.
pub fn wants_plan(command: &mut Command) -> bool {
    parts(command).is_some_and(|parts| parts.plan.plan.is_some())
}

/// Lets a plan of this command record the options of `protea.toml`.
pub fn add_options_of_files(command: &mut Command, options: impl FnOnce() -> Vec<String>) {
    if let Some(parts) = parts(command)
        && parts.plan.plan.is_some()
    {
        parts.plan.from_files = options();
    }
}

/// Runs a command that can be planned.
pub(super) fn run_command(command: &Command, reporter: &Reporter) -> Result<Report, Failure> {
    match command {
        Command::Search(args) => search::search(args, reporter),
        Command::Cv(args) => cv::cv(args, reporter),
        Command::Benchmark(args) => benchmark::benchmark(args, reporter),
        Command::Run(args) if args.from.is_some() => repeat::repeat(args, reporter),
        Command::Run(args) => run::run(args, reporter),
        _ => Err(Failure::new(Exit::Usage, "this command cannot be planned")),
    }
}

/// What a plan records of this command line, with the options `from_files` of `protea.toml`.
pub(super) fn planned(kind: &str, from_files: &[String]) -> Result<PlannedCommand, Failure> {
    let directory = std::env::current_dir().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the current directory is not known: {error}"),
        )
    })?;
    if directory.to_str().is_none() {
        let message = format!(
            "a plan cannot record the directory {directory:?}, which is not UTF-8; plan in another one"
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    let arguments = std::env::args_os().skip(1).map(OsString::into_string);
    let arguments: Result<Vec<String>, OsString> = arguments.collect();
    let mut arguments = arguments.map_err(|argument| {
        let message = format!("a plan cannot record the argument {argument:?}, which is not UTF-8");
        Failure::new(Exit::Usage, message)
    })?;
    let mut missing: Vec<&String> = from_files.iter().collect();
    // Some options are valid only with another one, which can follow.
    for _ in 0..2 {
        missing.retain(|option| {
            // Before `--`, after which there are no options.
            let end = arguments.iter().position(|argument| argument == "--");
            let end = end.unwrap_or(arguments.len());
            arguments.insert(end, (*option).clone());
            let is_refused = parsed(&arguments).is_err();
            if is_refused {
                arguments.remove(end);
            }
            is_refused
        });
    }
    if let Some(uri) = arguments.iter().find_map(|argument| with_secret(argument)) {
        let message = format!(
            "a plan cannot record the address {uri} with its user, password or query, which other \
             machines would need; use a copy on a shared disk, or a store whose credentials come \
             from the environment (s3://, gs://, az://)"
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(PlannedCommand {
        kind: kind.to_owned(),
        arguments: without_output(arguments),
        directory,
    })
}

/// The URI of a store in an argument, without what may be a credential, if it has such a part.
fn with_secret(argument: &str) -> Option<String> {
    let is_of_scheme =
        |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    let (scheme, _) = argument.split_once("://")?;
    let start = scheme.trim_end_matches(is_of_scheme).len();
    let uri = Url::parse(&argument[start..]).ok()?;
    let public = store::without_secrets(&uri);
    (store::is_known(&uri) && public != uri).then(|| public.to_string())
}

/// Without the options that say nothing about the work: the same work is the same plan.
fn without_output(arguments: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, _)) => (name, true),
            None => (argument.as_str(), false),
        };
        if WITH_VALUE.contains(&name) {
            if !value {
                arguments.next();
            }
        } else if argument == "-j" {
            arguments.next();
        } else if !(ALONE.contains(&name) || argument.starts_with("-j") || argument == "-q") {
            kept.push(argument);
        }
    }
    kept
}

/// The command that a plan records, as it was given.
pub(super) fn planned_command(plan: &Plan) -> Result<Command, Failure> {
    parsed(&plan.command)
        .map(|cli| cli.command)
        .map_err(|error| {
            let text = error.render().to_string();
            let message = format!("this version does not understand the planned command: {text}");
            Failure::new(Exit::Input, message.trim().to_owned())
        })
}

/// The command line with these arguments, without `protea.toml`.
fn parsed(arguments: &[String]) -> Result<Cli, clap::Error> {
    let program = std::iter::once("protea".to_owned());
    Cli::try_parse_from(program.chain(arguments.iter().cloned()))
}

/// The command that a plan records, ready to be run again from the directory that it was given in.
pub(super) fn recorded(directory: &PlanDirectory) -> Result<Command, Failure> {
    let plan = directory.plan();
    let mut command = planned_command(plan)?;
    let Some(parts) = parts(&mut command) else {
        return Err(Failure::new(
            Exit::Input,
            "the planned command cannot be gathered",
        ));
    };
    parts
        .execution
        .workspace
        .workspace
        .clone_from(&plan.workspace);
    if let Some(directory) = &plan.example_data {
        example_data::pin(directory);
    }
    // A runner that was found by the environment of the planning machine is found by its place.
    for runner in &plan.runners {
        let directory = runner.path.parent().map(PathBuf::from).unwrap_or_default();
        let directories = &mut parts.execution.runners.directories;
        if !directories.contains(&directory) {
            directories.push(directory);
        }
    }
    // On another machine, the copies in the plan.
    let copies = directory.runner_directories();
    parts.execution.runners.directories.extend(copies);
    std::env::set_current_dir(&plan.directory).map_err(|source| {
        Failure::from(EngineError::Write {
            path: plan.directory.clone(),
            source,
        })
    })?;
    Ok(command)
}

/// The command that a plan records, as a task runs a part of it. On a machine without the directories of
/// the planning machine, it uses only what is in the mirror of the plan.
pub(super) fn recorded_for_task(directory: &PlanDirectory) -> Result<Command, Failure> {
    if directory.stored_at().is_none() {
        return recorded(directory);
    }
    let mut command = planned_command(directory.plan())?;
    if let Some(parts) = parts(&mut command) {
        parts.execution.runners.directories = directory.runner_directories();
        // The mirror has the files of the runners by their hashes.
        parts.execution.lock.locked = false;
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_credentials_are_found() {
        for (argument, found) in [
            ("https://me:pw@host/train", Some("https://host/train")),
            ("--train=http://host/a?sig=x", Some("http://host/a")),
            ("test=https://host/a#x", Some("https://host/a")),
            ("s3://key:secret@bucket/a", Some("s3://bucket/a")),
            ("az://container@account/a", None),
            ("https://host/train", None),
            ("/data/a?b", None),
            ("--note=see ://", None),
        ] {
            assert_eq!(with_secret(argument).as_deref(), found, "{argument}");
        }
    }

    #[test]
    fn options_of_output_are_not_part_of_the_work() {
        let line = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let given =
            "search knn --json --plan p --random 3 -j 4 -j2 --jobs=3 --engine=local -q --seed 7";
        assert_eq!(
            without_output(line(given)),
            line("search knn --random 3 --seed 7")
        );
    }
}
