//! Words that belong to an option, and values that an option does not take.

use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{line::Line, text};

/// Options that take several values, with commas between them.
const LISTS: [&str; 3] = ["--grid", "--space", "--runners"];

/// For each command, the option of a word that is not expected.
const OPTIONS: [(&str, &str); 12] = [
    ("fit", "--train"),
    ("cv", "--data"),
    ("evaluate", "--eval"),
    ("export", "--model"),
    ("predict", "--fasta"),
    ("dataset freeze", "--fasta"),
    ("cafa", "--ia"),
    ("plot pr", "--output"),
    ("report", "--output"),
    ("runs list", "--runner"),
    ("serve", "--port"),
    ("benchmark", "--runners"),
];

/// The tip for a word that is not expected.
pub fn tip(word: &str, line: &Line) -> Option<String> {
    let at = line.place_of(word)?;
    let before = |distance: usize| Some(line.words.get(at.checked_sub(distance)?)?.as_str());
    let next = line.words.get(at + 1).map(String::as_str);
    if let (Some("--set"), Some(key)) = (before(2), before(1)) {
        let key = key.trim_end_matches(['=', ':']);
        let value = match (word, next) {
            ("=" | ":", Some(next)) => next,
            _ => word.trim_start_matches(['=', ':']),
        };
        if !key.contains('=') {
            return Some(format!(
                "write the setting as one word: '--set {key}={value}'"
            ));
        }
        return Some(format!(
            "each setting has its own --set: '--set {key} --set {word}'"
        ));
    }
    if let (Some(option), Some(first)) = (before(2), before(1))
        && LISTS.contains(&option)
    {
        let others = line.words[at..].iter();
        let others = others.take_while(|other| !other.starts_with('-'));
        let all: Vec<&str> = std::iter::once(first)
            .chain(others.map(String::as_str))
            .map(|value| value.trim_matches(','))
            .filter(|value| !value.is_empty())
            .collect();
        let all = all.join(",");
        return Some(format!(
            "values are separated by commas, without blanks: '{option} {all}'"
        ));
    }
    if matches!(line.path.as_str(), "run" | "search") {
        return Some(
            "name datasets with their options: '--train DATASET --eval DATASET'".to_owned(),
        );
    }
    let (_, option) = OPTIONS.iter().find(|(command, _)| *command == line.path)?;
    if line.path == "benchmark" {
        let words = line.words.iter().take_while(|word| !word.starts_with('-'));
        let all: Vec<&str> = words.map(String::as_str).collect();
        let all = if all.is_empty() {
            word.to_owned()
        } else {
            all.join(",")
        };
        return Some(format!("write '{option} {all}'"));
    }
    Some(format!("write '{option} {word}'"))
}

/// A value that is one of the possible ones but for upper and lower case gets that as a tip.
pub fn with_the_other_case(mut error: clap::Error) -> clap::Error {
    let Some(value) = text(&error, ContextKind::InvalidValue) else {
        return error;
    };
    let Some(ContextValue::Strings(possible)) = error.get(ContextKind::ValidValue) else {
        return error;
    };
    let meant = possible
        .iter()
        .find(|possible| possible.eq_ignore_ascii_case(&value));
    if let Some(meant) = meant.cloned() {
        error.insert(ContextKind::SuggestedValue, ContextValue::String(meant));
    }
    error
}

/// Names the range in the error of a value that is not a number.
pub fn with_the_range_of_a_number(error: clap::Error) -> clap::Error {
    let source = std::error::Error::source(&error);
    let Some(wrong) = source.and_then(|source| source.downcast_ref::<ParseIntError>()) else {
        return error;
    };
    let (Some(option), Some(value)) = (
        text(&error, ContextKind::InvalidArg),
        text(&error, ContextKind::InvalidValue),
    ) else {
        return error;
    };
    let remedy = match wrong.kind() {
        IntErrorKind::PosOverflow => "give a smaller number",
        _ => "give a whole number from 0 on, such as 7",
    };
    clap::Error::raw(
        ErrorKind::ValueValidation,
        format!(
            "invalid value '{value}' for '{option}': {remedy}\n\nFor more information, try '--help'.\n"
        ),
    )
}
