//! Why a command failed: the exit code, the message, and what is printed besides.
//!
//! Library errors become failures in `conversion`, which picks the exit code, and in `remedy`, which
//! adds what a user of the command can do. Libraries name no option of the command, because other
//! applications use them too.

mod conversion;
mod engine;
mod field;
mod file_kind;
mod nearby;
mod notes;
mod pages;
mod remedy;
mod run_selection_remedy;
mod scoring_remedy;

use std::error::Error;

use protea_core::{catalog::Insecure, contracts::error::with_causes};
use serde_json::{Map, Value, json};

use crate::{exit::Exit, output::Report};

/// How messages name standard input in place of a file.
pub const STANDARD_INPUT: &str = "standard input";

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, where, and the remedy, in one paragraph.
    pub message: String,
    extra: Box<Extra>,
}

/// What is printed besides the message.
#[derive(Debug, Default)]
struct Extra {
    note: Option<String>,
    preamble: Option<String>,
    text: Option<String>,
    details: Map<String, Value>,
    needs_person: bool,
    report: Option<Report>,
}

impl Failure {
    /// A failure with this message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            extra: Box::default(),
        }
    }

    /// A failure with the message of an error and those of its sources.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        Self::new(exit, with_causes(error))
    }

    /// A file or directory that other users could have changed.
    pub fn insecure(exit: Exit, insecure: &Insecure) -> Self {
        Self::from_error(exit, insecure).with_remedy(remedy::insecure(insecure))
    }

    /// A result with an exit code of its own that is not an error. Only the report is printed.
    pub fn report_only(exit: Exit, report: Report) -> Self {
        let mut failure = Self::new(exit, "");
        failure.extra.report = Some(report);
        failure
    }

    /// The user cancelled.
    pub fn cancelled() -> Self {
        Self::new(Exit::Cancelled, "cancelled")
    }

    /// Appends what the user can do. A message of several lines ends with a quotation, such as the
    /// output of a runner, so the remedy gets a line of its own.
    pub fn with_remedy(mut self, remedy: impl Into<Option<String>>) -> Self {
        if let Some(remedy) = remedy.into() {
            let separator = if self.message.contains('\n') {
                "\n"
            } else if self.message.ends_with('?') {
                " "
            } else {
                "; "
            };
            self.message.push_str(separator);
            self.message.push_str(&remedy);
        }
        self
    }

    /// Adds a note, such as where the failed run is recorded.
    pub fn with_note(mut self, note: String) -> Self {
        self.extra.note = Some(note);
        self
    }

    /// Adds a note that is printed before the message, such as what led to the error.
    pub fn with_preamble(mut self, note: String) -> Self {
        self.extra.preamble = Some(note);
        self
    }

    /// Adds text for standard output, which is printed unless `--json` is given.
    pub fn with_text(mut self, text: String) -> Self {
        self.extra.text = Some(text);
        self
    }

    /// Adds a field to the object that `--json` prints.
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.details.insert(name.to_owned(), value.into());
        self
    }

    /// Whether another attempt fails too, until somebody has changed something, such as permissions.
    pub fn needs_person(&self) -> bool {
        self.extra.needs_person
    }

    /// The report of [`report_only`](Self::report_only).
    pub fn report(&self) -> Option<&Report> {
        self.extra.report.as_ref()
    }

    /// The note, if there is one.
    pub fn note(&self) -> Option<&str> {
        self.extra.note.as_deref()
    }

    /// The note before the message, if there is one.
    pub fn preamble(&self) -> Option<&str> {
        self.extra.preamble.as_deref()
    }

    /// The text for standard output, if there is any.
    pub fn text(&self) -> Option<&str> {
        self.extra.text.as_deref()
    }

    /// The object that `--json` prints.
    pub fn to_json(&self) -> Value {
        let mut object = Map::from_iter([(
            "error".to_owned(),
            json!({ "kind": self.exit.kind(), "message": self.message }),
        )]);
        object.extend(self.extra.details.clone());
        Value::Object(object)
    }
}
