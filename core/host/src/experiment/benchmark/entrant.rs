//! What takes part in a benchmark, also if it cannot run.

use serde_json::{Map, Value, json};

use crate::Runner;

/// What takes part in a benchmark. One whose runner could not be loaded has no scores, and is on
/// record all the same.
#[derive(Clone)]
pub struct Entrant {
    /// What it is called in the benchmark; no other entrant has this name.
    pub name: String,
    /// The name of its runner.
    pub runner_name: String,
    /// Its settings; what is not there has the runner's default.
    pub spec: Value,
    /// The runner, or why there is none.
    pub runner: Result<Runner, String>,
}

impl Entrant {
    /// An entrant whose runner was loaded.
    #[must_use]
    pub fn new(name: impl Into<String>, runner: &Runner, spec: Value) -> Self {
        Self {
            name: name.into(),
            runner_name: runner.name().to_owned(),
            spec,
            runner: Ok(runner.clone()),
        }
    }

    /// Runner, version, hash and settings, for the record.
    pub(super) fn described(&self) -> Value {
        let mut described = Map::from_iter([("runner".to_owned(), json!(self.runner_name))]);
        if let Ok(runner) = &self.runner {
            let entry = runner.entry();
            described.insert("version".to_owned(), json!(entry.descriptor.version));
            described.insert("sha256".to_owned(), json!(entry.sha256));
        }
        described.insert("spec".to_owned(), self.spec.clone());
        Value::Object(described)
    }
}
