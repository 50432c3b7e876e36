//! Tips for command lines that clap refuses: what is probably meant.
//!
//! clap knows names that are similar. Here are names that mean the same elsewhere, settings that are
//! not options, values that belong to an option, and runners in place of a command.

mod commands;
mod line;
mod options;
mod setting;
mod values;

use std::ffi::OsString;

use clap::{
    Command,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::line::Line;

/// Adds a tip to an error of the command line. Without a tip, the error keeps its meaning.
pub fn explained(error: clap::Error, argv: &[OsString]) -> clap::Error {
    let line = Line::new(argv);
    match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(error, &line, argv),
        ErrorKind::InvalidSubcommand => commands::explained(error, &line),
        ErrorKind::InvalidValue => values::with_the_other_case(error),
        ErrorKind::ValueValidation => values::with_the_range_of_a_number(error),
        ErrorKind::MissingRequiredArgument => match options::missing(&error, &line) {
            Some(tip) => with_tip(error, tip),
            None => error,
        },
        _ => error,
    }
}

fn unknown_argument(mut error: clap::Error, line: &Line, argv: &[OsString]) -> clap::Error {
    let Some(argument) = text(&error, ContextKind::InvalidArg) else {
        return error;
    };
    let tip = if argument.starts_with('-') {
        setting::tip(&argument, argv).or_else(|| options::tip(&argument, line))
    } else {
        values::tip(&argument, line)
    };
    if let Some(tip) = tip {
        // The usage that clap prints has the option that it suggests.
        let usage = line.command.clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
        return with_tip(error, tip);
    }
    // "to pass '--x' as a value, use '-- --x'": nobody means that.
    error.remove(ContextKind::Suggested);
    error
}

/// The error with this tip in place of those of clap.
fn with_tip(mut error: clap::Error, tip: String) -> clap::Error {
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
    );
    error
}

/// A part of the error that is a text.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// The command line with options that take values such as `-1`, so that the error is about the value.
pub fn with_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let takes_values = arg.get_action().takes_values() && !arg.is_positional();
        arg.allow_negative_numbers(takes_values)
    });
    command.mut_subcommands(with_negative_numbers)
}
