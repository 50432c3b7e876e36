//! From the command line to the exit code: one report on standard output, or one error.

use std::{borrow::Cow, ffi::OsString, process::ExitCode};

use anstyle::Style;
use clap::{ColorChoice, CommandFactory, FromArgMatches, error::ErrorKind};
use protea_core::text::escape::is_unsafe;
use serde_json::{Value, json};
use tracing::debug;

use crate::{
    args::{Cli, Color, Command},
    argv, commands,
    config::{self, Config},
    diagnostics,
    exit::Exit,
    failure::Failure,
    help,
    output::{self, Content, ERROR, Report, print, print_error_lines, print_labelled},
    tips,
};

const NOTE: Style = Style::new().bold();

/// Runs the command line.
pub fn run(argv: Vec<OsString>) -> ExitCode {
    let argv = argv::normalise(argv);
    let json = argv::wants_json(&argv);
    // An invalid file must not keep anybody from the help.
    let (config, invalid) = match Config::load() {
        Ok(config) => (config, None),
        Err(failure) => (Config::default(), Some(failure)),
    };
    let cli = match parse(&argv, &config) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &argv, json).into(),
    };
    match cli.global.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();

    output::fit_to_terminal();
    let is_harmless = matches!(cli.command, Command::Completions(_) | Command::ManPages(_));
    if let Some(failure) = invalid.filter(|_| !is_harmless) {
        print_failure(&failure, json);
        return failure.exit.into();
    }
    for warning in &config.warnings {
        print_labelled(NOTE, "warning", warning);
    }

    let outcome = diagnostics::start()
        .and_then(|()| {
            debug!(version = env!("CARGO_PKG_VERSION"), "command line parsed");
            commands::dispatch(cli)
        })
        .and_then(|report| print_report(&report, json));
    match outcome {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            if let Some(report) = failure.report() {
                return match print_report(report, json) {
                    Ok(()) => failure.exit.into(),
                    Err(unwritable) => {
                        print_failure(&unwritable, json);
                        unwritable.exit.into()
                    }
                };
            }
            print_failure(&failure, json);
            failure.exit.into()
        }
    }
}

fn parse(argv: &[OsString], config: &Config) -> Result<Cli, Box<clap::Error>> {
    let color = match argv::color(argv) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let command = config::with_defaults(tips::with_negative_numbers(Cli::command()), config);
    let mut command = help::shortened(command.color(color), argv);
    let matches = command.try_get_matches_from_mut(argv);
    let parsed = matches.and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        commands::add_options_of_files(&mut cli.command, || {
            config::options_from_files(&command, &matches, config)
        });
        Ok(cli)
    });
    parsed.map_err(|error| {
        let error = config::explained(error, config, argv);
        Box::new(tips::explained(error, argv))
    })
}

/// Prints the message of clap: help, the version, or a usage error.
fn refuse(error: &clap::Error, argv: &[OsString], json: bool) -> Exit {
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    // A closed pipe must not change the exit code.
    let _ = if !is_answer && quotes_unsafe(error, argv) {
        // Without styles, which could not be told from escapes in the quoted text.
        print_error_lines(&error.render().to_string())
    } else {
        error.print()
    };
    if is_answer {
        return Exit::Ok;
    }
    if json {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ");
        print_error_object(&Failure::new(Exit::Usage, message).to_json());
    }
    Exit::Usage
}

/// Whether a message of clap can quote characters that control a terminal: from the command line, or
/// from the defaults in a file.
fn quotes_unsafe(error: &clap::Error, argv: &[OsString]) -> bool {
    let is_unsafe = |text: &str| text.contains(|c| is_unsafe(c) && c != '\n');
    argv.iter().any(|given| is_unsafe(&given.to_string_lossy()))
        || error
            .context()
            .any(|(_, value)| is_unsafe(&value.to_string()))
}

fn print_report(report: &Report, json: bool) -> Result<(), Failure> {
    let printed = if json {
        print(Content::Json(&pretty(&report.json)))
    } else {
        print(Content::Text(&whole_lines(&report.text)))
    };
    printed.map(drop).map_err(|error| {
        Failure::new(
            Exit::Output,
            format!("cannot write to standard output: {error}"),
        )
    })
}

fn print_failure(failure: &Failure, json: bool) {
    if let Some(text) = failure.text().filter(|_| !json) {
        // The error below is more important than one of standard output.
        let _ = print(Content::Text(&whole_lines(text)));
    }
    if let Some(note) = failure.preamble() {
        print_labelled(NOTE, "note", note);
    }
    print_labelled(ERROR, "error", &failure.message);
    if let Some(note) = failure.note() {
        print_labelled(NOTE, "note", note);
    }
    if json {
        print_error_object(&failure.to_json());
    }
}

/// The text with a line break at its end: without it, the prompt of a shell sticks to the last line, and
/// programs that read lines lose it.
fn whole_lines(text: &str) -> Cow<'_, str> {
    match text.is_empty() || text.ends_with('\n') {
        true => text.into(),
        false => format!("{text}\n").into(),
    }
}

fn print_error_object(object: &Value) {
    // The message is on standard error already, and the exit code stays that of the error.
    let _ = print(Content::Json(&pretty(object)));
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string());
    text.push('\n');
    text
}
