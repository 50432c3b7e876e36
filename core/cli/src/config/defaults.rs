//! Makes what the files set the defaults of the command line's options.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::StyledStr,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};

use super::{Config, Setting, keys::Kind};
use crate::output::display_path;

/// Commands that take nothing from files: they stand in for programs that have no such files.
const WITHOUT: [&str; 2] = ["cafa", "lafa"];

/// The option of a command that runs a runner.
const OF_RUNS: &str = "isolation";

/// The command line with the defaults that the files set.
pub fn with_defaults(command: Command, config: &Config) -> Command {
    if config.settings.is_empty() || WITHOUT.contains(&command.get_name()) {
        return command;
    }
    let runs = command.get_arguments().any(|arg| arg.get_id() == OF_RUNS);
    let command = command.mut_args(|arg| {
        let setting = config.settings.iter().find(|setting| {
            setting.key.id == arg.get_id().as_str() && (runs || !setting.key.of_runs)
        });
        match setting {
            Some(setting) => with_default(arg, setting),
            None => arg,
        }
    });
    let below = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned());
    let below: Vec<String> = below.collect();
    below.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| with_defaults(below, config))
    })
}

fn with_default(arg: Arg, setting: &Setting) -> Arg {
    // clap keeps defaults for the time of the process.
    let values = setting.values.iter();
    let values: Vec<&'static str> = values
        .map(|value| &*Box::leak(value.clone().into_boxed_str()))
        .collect();
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::Set => arg.default_value(values.first().copied()),
        _ => arg.default_values(values),
    }
}

/// The options of the given command that have the values of the files, as they would be on the
/// command line. Without the workspace and the directories of runners.
pub fn options_from_files(command: &Command, matches: &ArgMatches, config: &Config) -> Vec<String> {
    const LEFT_OUT: [&str; 2] = ["workspace", "directories"];
    let Some((name, matches)) = matches.subcommand() else {
        return Vec::new();
    };
    let Some(command) = command.find_subcommand(name) else {
        return Vec::new();
    };
    let is_of_file = |setting: &&Setting| {
        let id = setting.key.id;
        !LEFT_OUT.contains(&id)
            && command.get_arguments().any(|arg| arg.get_id() == id)
            && matches.value_source(id) == Some(ValueSource::DefaultValue)
    };
    let settings = config.settings.iter().filter(is_of_file);
    let options = settings.flat_map(|setting| {
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_id() == setting.key.id);
        let name = arg.and_then(Arg::get_long).unwrap_or(setting.key.name);
        let is_flag = setting.key.kind == Kind::Boolean;
        let option = move |value: &String| match (is_flag, value.as_str()) {
            (true, "true") => Some(format!("--{name}")),
            (true, _) => None,
            (false, value) => Some(format!("--{name}={value}")),
        };
        setting.values.iter().filter_map(option)
    });
    options.collect()
}

/// Adds to the error of an invalid value that it comes from a file, if it does.
pub fn explained(mut error: clap::Error, config: &Config, argv: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let option = option
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned();
    let is_given = argv
        .iter()
        .filter_map(|argument| argument.to_str())
        .any(|argument| argument.split('=').next() == Some(option.as_str()));
    let id = option.trim_start_matches('-').replace('-', "_");
    let setting = config.settings.iter().find(|setting| {
        let name = match setting.key.id {
            "directories" => "runner_dir",
            id => id,
        };
        name == id
    });
    if let (Some(setting), false) = (setting, is_given) {
        let file = display_path(&setting.file);
        let tip = format!("the value is that of '{}' in {file}", setting.key.name);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
        );
    }
    error
}
