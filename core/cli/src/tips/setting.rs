//! The tip for an option that is a setting of the runner, as in `protea run knn --k 10`.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgMatches, CommandFactory};
use protea_core::{Catalog, Isolation, Runner, SearchPath, contracts::Capabilities};
use serde_json::Value;

use crate::args::Cli;

/// The commands that take settings with `--set`.
const WITH_SETTINGS: [&str; 6] = ["run", "fit", "search", "cv", "predict", "benchmark"];
/// Stands for the value if the command line has none.
const VALUE: &str = "VALUE";

/// The tip for an unknown option that is a setting of the runner. For this the runner is loaded, as the
/// command would have done.
pub fn tip(option: &str, argv: &[OsString]) -> Option<String> {
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
    let catalog = catalog(matches);
    if command == "benchmark" {
        let contenders = matches.try_get_many::<String>("runners").ok()??;
        return contenders.into_iter().find_map(|contender| {
            let runner = contender.split('@').next().unwrap_or_default();
            let setting = setting(&catalog, runner, name)?;
            Some(format!(
                "'{setting}' is a setting of {runner}: write '--set {contender}.{setting}={value}'"
            ))
        });
    }
    let argument = if command == "predict" {
        "model"
    } else {
        "runner"
    };
    let runner = matches.try_get_one::<String>(argument).ok()??;
    let setting = setting(&catalog, runner, name)?;
    Some(match command {
        "search" => format!(
            "'{setting}' is a setting of {runner}: write '--set {setting}={value}', or \
             '--grid {setting}={value},…' to search it"
        ),
        _ => format!("'{setting}' is a setting of {runner}: write '--set {setting}={value}'"),
    })
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
