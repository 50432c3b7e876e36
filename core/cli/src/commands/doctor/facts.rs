//! A line of the report.

use serde_json::{Value, json};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is there.
    There,
    /// It is not there; nobody asked for it.
    Missing,
    /// The user configured it, and it does not work.
    Broken,
}

impl State {
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::There => "ok",
            Self::Missing => "missing",
            Self::Broken => "BROKEN",
        }
    }
}

/// Something that was looked for.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) section: &'static str,
    pub(super) name: String,
    pub(super) state: State,
    /// What is there: a path, a number, a version.
    pub(super) found: String,
    /// What needs it and, if it is missing, how to get it.
    pub(super) note: String,
}

impl Fact {
    /// Something that is there.
    pub(super) fn there(
        section: &'static str,
        name: impl Into<String>,
        found: impl Into<String>,
        note: impl Into<String>,
    ) -> Self {
        Self {
            section,
            name: name.into(),
            state: State::There,
            found: found.into(),
            note: note.into(),
        }
    }

    /// Something that is there if it was found.
    pub(super) fn of(
        section: &'static str,
        name: impl Into<String>,
        found: Option<String>,
        needed_for: &str,
        remedy: &str,
    ) -> Self {
        let is_there = found.is_some();
        Self {
            section,
            name: name.into(),
            state: if is_there {
                State::There
            } else {
                State::Missing
            },
            found: found.unwrap_or_else(|| "-".to_owned()),
            note: if is_there {
                needed_for.to_owned()
            } else {
                format!("{needed_for}; {remedy}")
            },
        }
    }

    /// As it is, if nothing is wrong; otherwise broken, with what is wrong.
    pub(super) fn broken_if(mut self, problem: Option<String>) -> Self {
        if let Some(problem) = problem {
            self.state = State::Broken;
            self.note = problem;
        }
        self
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "section": self.section,
            "name": self.name,
            "state": match self.state {
                State::There => "there",
                State::Missing => "missing",
                State::Broken => "broken",
            },
            "found": self.found,
            "note": self.note,
        })
    }
}
