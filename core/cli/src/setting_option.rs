//! Tips for options and commands that do not exist: an option that is a setting of the runner, as in
//! `protea run knn --k 10`, or that has another name here; a command that is below another one.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    ArgMatches, CommandFactory,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};
use protea_core::{Catalog, Isolation, Runner, SearchPath, contracts::Capabilities};
use serde_json::Value;

use crate::args::Cli;

/// The commands that take settings with `--set`.
const WITH_SETTINGS: [&str; 6] = ["run", "fit", "search", "cv", "predict", "benchmark"];
/// Stands for the value if the command line has none.
const VALUE: &str = "VALUE";

/// Adds to the error of an unknown option that it is a setting, if it is one, and to that of an unknown
/// command where it is. Other errors are returned unchanged. For this the runner is loaded, as the command would have done.
pub fn explained(mut error: clap::Error, argv: &[OsString]) -> clap::Error {
    if error.kind() == ErrorKind::InvalidSubcommand {
        return nested(error);
    }
    if let Some((tip, usage)) = tip(&error, argv) {
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
        // The option with the most similar name has nothing to do with a setting.
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
        );
    }
    error
}

/// The tip and the usage of the command.
fn tip(error: &clap::Error, argv: &[OsString]) -> Option<(String, StyledStr)> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    if let Some(found) = other_name(error, argv) {
        return Some(found);
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let name = option
        .strip_prefix("--")
        .or_else(|| option.strip_prefix('-'))?;
    let name = name.split('=').next()?;
    let value = value_of(option, argv).unwrap_or_else(|| VALUE.to_owned());
    let command = Cli::command().ignore_errors(true);
    let matches = command.try_get_matches_from(argv).ok()?;
    let (command, matches) = matches.subcommand()?;
    if !WITH_SETTINGS.contains(&command) || is_set(matches, "locked") {
        return None;
    }
    let mut all = Cli::command();
    all.build();
    let usage = all.find_subcommand_mut(command)?.render_usage();
    let catalog = catalog(matches);
    if command == "benchmark" {
        let contenders = matches.try_get_many::<String>("runners").ok()??;
        return contenders.into_iter().find_map(|contender| {
            let runner = contender.split('@').next().unwrap_or_default();
            let setting = setting(&catalog, runner, name)?;
            let tip = format!(
                "'{setting}' is a setting of {runner}: write '--set {contender}.{setting}={value}'"
            );
            Some((tip, usage.clone()))
        });
    }
    let argument = if command == "predict" {
        "model"
    } else {
        "runner"
    };
    let runner = matches.try_get_one::<String>(argument).ok()??;
    let setting = setting(&catalog, runner, name)?;
    let tip = match command {
        "search" => format!(
            "'{setting}' is a setting of {runner}: write '--set {setting}={value}', or \
             '--grid {setting}={value},…' to search it"
        ),
        _ => format!("'{setting}' is a setting of {runner}: write '--set {setting}={value}'"),
    };
    Some((tip, usage))
}

/// Options that other commands have, with the name of the same thing in this one.
const OTHER_NAMES: [(&str, &[&str], &str); 4] = [
    ("cv", &["--train", "--dataset", "--eval"], "--data"),
    ("predict", &["--data", "--queries", "--eval"], "--dataset"),
    ("fit", &["--data", "--dataset"], "--train"),
    ("evaluate", &["--data", "--dataset"], "--eval"),
];

/// The tip for an option that another command has for what this command calls otherwise.
fn other_name(error: &clap::Error, argv: &[OsString]) -> Option<(String, StyledStr)> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let option = option.split('=').next()?;
    let matches = Cli::command().ignore_errors(true);
    let matches = matches.try_get_matches_from(argv).ok()?;
    let (command, _) = matches.subcommand()?;
    let (_, _, name) = OTHER_NAMES
        .iter()
        .find(|(other, names, _)| *other == command && names.contains(&option))?;
    let mut all = Cli::command();
    all.build();
    let usage = all.find_subcommand_mut(command)?.render_usage();
    Some((
        format!("the option of `protea {command}` is '{name}'"),
        usage,
    ))
}

/// Adds to the error of an unknown command that another command has a subcommand of this name:
/// `protea freeze` means `protea dataset freeze`.
fn nested(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let all = Cli::command();
    let places: Vec<String> = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .filter(|command| {
            command
                .get_subcommands()
                .any(|below| below.get_name() == name)
        })
        .map(|command| format!("'protea {} {name}'", command.get_name()))
        .collect();
    if !places.is_empty() {
        let tip = format!("there is {}", places.join(" and "));
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
        );
    }
    error
}

/// What follows the option on the command line, unless it is another option.
fn value_of(option: &str, argv: &[OsString]) -> Option<String> {
    if let Some((_, value)) = option.split_once('=') {
        return Some(value.to_owned());
    }
    let mut rest = argv.iter().filter_map(|argument| argument.to_str());
    let with_equals = format!("{option}=");
    while let Some(argument) = rest.next() {
        if let Some(value) = argument.strip_prefix(&with_equals) {
            return Some(value.to_owned());
        }
        if argument == option {
            let value = rest.next()?;
            return (!value.starts_with("--")).then(|| value.to_owned());
        }
    }
    None
}

fn is_set(matches: &ArgMatches, flag: &str) -> bool {
    matches!(matches.try_get_one::<bool>(flag), Ok(Some(true)))
}

fn catalog(matches: &ArgMatches) -> Catalog {
    let directories = matches.try_get_many::<PathBuf>("directories");
    let directories = directories.ok().flatten().into_iter().flatten();
    let catalog = Catalog::scan(&directories.fold(SearchPath::standard(), SearchPath::with));
    if is_set(matches, "allow_insecure_dir") {
        catalog.allowing_insecure()
    } else {
        catalog
    }
}

/// The setting of a runner that an option means: `--min-score` means `min_score`.
fn setting(catalog: &Catalog, runner: &str, option: &str) -> Option<String> {
    let entry = catalog.find(runner).ok()?;
    let runner = Runner::load(&entry, &isolation()?).ok()?;
    [option.to_owned(), option.replace('-', "_")]
        .into_iter()
        .find(|name| has(runner.capabilities(), name))
}

#[cfg(unix)]
fn isolation() -> Option<Isolation> {
    let options = protea_core::worker::WorkerOptions::this_program().ok()?;
    Some(Isolation::worker(options))
}

#[cfg(not(unix))]
fn isolation() -> Option<Isolation> {
    Some(Isolation::InProcess)
}

/// Whether the schema or the defaults have a setting; `a.b` is the setting b of a.
fn has(capabilities: &Capabilities, name: &str) -> bool {
    let mut properties = capabilities.spec_schema.get("properties");
    let mut defaults = Some(&capabilities.spec_defaults);
    for key in name.split('.') {
        let property = properties.and_then(|properties| properties.get(key));
        defaults = defaults.and_then(|defaults| defaults.get(key));
        if property.is_none() && defaults.is_none() {
            return false;
        }
        properties = property.and_then(|property: &Value| property.get("properties"));
    }
    true
}
