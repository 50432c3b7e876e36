//! What a check came to, for people and for programs.

mod junit;
mod text;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::verdict::{Status, Verdict};

pub use text::{counts, details, line};

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The files, in the order in which they were given.
    pub files: Vec<FileReport>,
    /// How long it took.
    pub seconds: f64,
    /// Whether every test that was asked for was run; not so after Ctrl-C.
    pub complete: bool,
}

/// What the tests found of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// The file.
    #[serde(serialize_with = "protea_core::catalog::as_text")]
    pub path: PathBuf,
    /// The runner's name, where the file tells it.
    pub runner: Option<String>,
    /// The runner's version, where the file tells it.
    pub version: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: Option<String>,
    /// The tests, in the order of the suite.
    pub tests: Vec<TestReport>,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The test's name, `scope/test`.
    pub name: String,
    /// What it asks for.
    pub description: String,
    /// How long it took.
    pub seconds: f64,
    /// What it found.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Report {
    /// How many tests ended with this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.tests()
            .filter(|test| test.verdict.status() == status)
            .count()
    }

    /// Whether no runner breaks the contract.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.tests().all(|test| !test.verdict.status().is_failure())
    }

    /// The report without the tests that were passed or skipped.
    #[must_use]
    pub fn only_failed(mut self) -> Self {
        for file in &mut self.files {
            file.tests.retain(|test| {
                let status = test.verdict.status();
                status.is_failure() || status == Status::Warning
            });
        }
        self
    }

    /// The report as JUnit XML, as CI systems read it.
    #[must_use]
    pub fn to_junit(&self) -> String {
        junit::write(self)
    }

    fn tests(&self) -> impl Iterator<Item = &TestReport> {
        self.files.iter().flat_map(|file| &file.tests)
    }
}

impl FileReport {
    /// How lines call it: the runner's name, or the file's.
    #[must_use]
    pub fn label(&self) -> String {
        self.runner.clone().unwrap_or_else(|| {
            self.path.file_name().map_or_else(
                || self.path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            )
        })
    }

    /// The test of this name.
    #[must_use]
    pub fn test(&self, name: &str) -> Option<&TestReport> {
        self.tests.iter().find(|test| test.name == name)
    }
}
