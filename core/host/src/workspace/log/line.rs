//! The format of a line, written and read.

use std::{borrow::Cow, fmt::Write};

use jiff::Timestamp;
use protea_contracts::Level;
use protea_text::escape::is_unsafe;
use serde::Serialize;

/// The longest event name in bytes.
pub(super) const MOST_OF_A_NAME: usize = 120;
/// The longest message of an event, and the longest fields, in bytes.
pub(super) const MOST_OF_AN_EVENT: usize = 2000;
/// The longest message of the host in bytes.
pub(super) const MOST_OF_THE_HOST: usize = 8000;

/// A line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogLine<'a> {
    /// When, RFC 3339 in UTC, to the millisecond.
    pub time: &'a str,
    /// `DEBUG`, `INFO`, `WARN` or `ERROR`.
    pub level: &'a str,
    /// The pipeline of the run.
    pub pipeline: &'a str,
    /// The run's id.
    pub run_id: &'a str,
    /// The step, such as `01_evaluate`; `-` outside of steps.
    pub step: &'a str,
    /// What happened.
    pub message: &'a str,
}

impl<'a> LogLine<'a> {
    /// Reads a line, with or without its end; `None` for what is none.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let (time, rest) = line.split_once(' ')?;
        let (level, rest) = rest.split_once(' ')?;
        let (about, message) = rest.trim_start().strip_prefix('[')?.split_once("] ")?;
        let mut about = about.split(' ');
        let parsed = Self {
            time,
            level,
            pipeline: about.next()?,
            run_id: about.next()?,
            step: about.next()?,
            message,
        };
        about.next().is_none().then_some(parsed)
    }
}

/// A line without its end.
pub(super) fn format(
    time: Timestamp,
    level: Level,
    about: &str,
    step: &str,
    message: &str,
) -> String {
    let level = match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warning => "WARN",
        Level::Error => "ERROR",
    };
    // All times have one width, so that lines of several logs can be sorted together.
    let time = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let mut line = format!("{time} {level:5} [{about} {step}] ");
    clean(message, &mut line);
    line
}

/// Escapes line breaks and control characters, so that one event is one line and cannot control a
/// terminal.
fn clean(text: &str, into: &mut String) {
    let mut characters = text.trim_end().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                into.push_str(" ⏎ ");
            }
            '\t' => into.push(' '),
            control if is_unsafe(control) => {
                write!(into, "\\u{{{:x}}}", u32::from(control))
                    .expect("writing to a String cannot fail");
            }
            other => into.push(other),
        }
    }
}

/// The name of a runner's event as it begins a line. The host's own lines begin with an upper-case
/// letter, so a name that could be taken for one is quoted.
pub(super) fn event_name(name: &str) -> Cow<'_, str> {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    if is_plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("event {name:?}"))
    }
}

/// The first bytes of a text, and how long it is where that is not all.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let shown = &text[..text.floor_char_boundary(most)];
    Cow::Owned(format!(
        "{shown}… ({} of {} bytes)",
        shown.len(),
        text.len()
    ))
}

/// As [`cut`], of what may not be text.
pub(super) fn cut_bytes(bytes: &[u8], most: usize) -> String {
    let shown = &bytes[..bytes.len().min(most)];
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < bytes.len() {
        // What was cut in the middle of a character.
        text.truncate(text.trim_end_matches('\u{fffd}').len());
        write!(text, "… ({} of {} bytes)", shown.len(), bytes.len())
            .expect("writing to a String cannot fail");
    }
    text
}
