//! What a call of a runner gives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::Metrics;

/// The result of [`ExperimentRunner::fit`](crate::ExperimentRunner::fit).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunResult {
    /// Where the model is.
    pub model_uri: Url,
    /// Metrics of the training, such as the final loss.
    #[serde(default)]
    pub metrics: Metrics,
    /// Whatever else is worth keeping.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// The result of [`ExperimentRunner::evaluate`](crate::ExperimentRunner::evaluate).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvalResult {
    /// The scores, as the runner's [`MetricSchema`](crate::MetricSchema) declares them.
    #[serde(default)]
    pub metrics: Metrics,
    /// Whatever else is worth keeping.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// The result of [`ExperimentRunner::export`](crate::ExperimentRunner::export).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExportResult {
    /// Everything that was exported.
    pub files: Vec<ExportedFile>,
    /// Whatever else is worth keeping.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// A file that a runner exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// What it is: `model`, `spec`, `run`, or a name of the runner's own.
    pub role: String,
    /// Where it is.
    pub uri: Url,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl RunResult {
    /// A result without metrics.
    #[must_use]
    pub fn new(model_uri: Url) -> Self {
        Self {
            model_uri,
            metrics: Metrics::new(),
            extras: Map::new(),
        }
    }

    /// Adds a metric; one that is not finite becomes `null`, which the host refuses.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}

impl EvalResult {
    /// A result with these metrics.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            extras: Map::new(),
        }
    }

    /// Adds a metric; one that is not finite becomes `null`, which the host refuses.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}
