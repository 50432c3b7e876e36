//! The result of a check: as text, JSON and JUnit XML.

mod junit;
mod text;

use std::path::PathBuf;

use protea_core::contracts::Sha256;
use serde::{Deserialize, Serialize};

use crate::verdict::{Status, Verdict};

pub use text::{counts, details, line};

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The files, in the order in which they were given.
    pub files: Vec<FileReport>,
    /// How long the check took.
    pub seconds: f64,
    /// Whether every selected test was run; false after Ctrl-C.
    pub complete: bool,
}

/// The outcomes of the tests of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileReport {
    /// The file.
    #[serde(serialize_with = "protea_core::catalog::as_text")]
    pub path: PathBuf,
    /// The runner's name, if the file has a descriptor.
    pub runner: Option<String>,
    /// The runner's version, if the file has a descriptor.
    pub version: Option<String>,
    /// SHA-256 of the file; `None` if it has no descriptor.
    pub sha256: Option<Sha256>,
    /// The tests, in the order of the suite.
    pub tests: Vec<TestReport>,
}

/// The outcome of one test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestReport {
    /// The test's name, `scope/test`.
    pub name: String,
    /// What it checks.
    pub description: String,
    /// How long it took.
    pub seconds: f64,
    /// The outcome.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Report {
    /// The number of tests with this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.tests()
            .filter(|test| test.verdict.status() == status)
            .count()
    }

    /// Whether every runner conforms to the contract.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.tests().all(|test| !test.verdict.status().is_failure())
    }

    /// The report with failures and warnings only.
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

    /// The report as JUnit XML for CI systems.
    #[must_use]
    pub fn to_junit(&self) -> String {
        junit::write(self)
    }

    fn tests(&self) -> impl Iterator<Item = &TestReport> {
        self.files.iter().flat_map(|file| &file.tests)
    }
}

impl FileReport {
    /// The runner's name, or the file's if it has none.
    #[must_use]
    pub fn label(&self) -> String {
        self.runner.clone().unwrap_or_else(|| {
            self.path.file_name().map_or_else(
                || self.path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            )
        })
    }

    /// The outcome of the test with this name.
    #[must_use]
    pub fn test(&self, name: &str) -> Option<&TestReport> {
        self.tests.iter().find(|test| test.name == name)
    }
}
