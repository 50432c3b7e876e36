//! What a call of a runner returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    Sha256,
    metrics::{Metrics, json_value},
};

/// The result of [`ExperimentRunner::fit`](crate::ExperimentRunner::fit).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunResult {
    /// The model that was written.
    #[cfg_attr(test, schemars(with = "String"))]
    pub model_uri: Url,
    /// Metrics of the training, such as the final loss.
    #[serde(default)]
    pub metrics: Metrics,
    /// Anything else worth keeping; hosts store it unread.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// The result of [`ExperimentRunner::evaluate`](crate::ExperimentRunner::evaluate).
///
/// ```
/// # use protea_contracts::prelude::*;
/// let flat = EvalResult::default()
///     .with_metric("r2", 0.71)
///     .with_metric("rmse", 3.2)
///     .with_extra("proteins", 150);
/// assert_eq!(flat.metrics["r2"], 0.71);
///
/// // With groups, as the metrics of CAFA: {"MFO": {"fmax": 0.5}}.
/// let grouped = EvalResult::new(protea_contracts::metrics::group("MFO", [("fmax", 0.5)]));
/// assert_eq!(grouped.metrics["MFO"]["fmax"], 0.5);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EvalResult {
    /// The scores that the runner's [`MetricSchema`](crate::MetricSchema) declares.
    #[serde(default)]
    pub metrics: Metrics,
    /// Anything else worth keeping; hosts store it unread.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// The result of [`ExperimentRunner::export`](crate::ExperimentRunner::export).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExportResult {
    /// Every file that was exported.
    pub files: Vec<ExportedFile>,
    /// Anything else worth keeping; hosts store it unread.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// The result of [`ExperimentRunner::predict`](crate::ExperimentRunner::predict).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PredictResult {
    /// The file that was written below the output directory: tab-separated accession, term id and
    /// score, without a header, each protein's terms in one block with falling scores. If the request
    /// has a [`shard`](crate::PredictRequest::shard), the file with the partial result, in a format of
    /// the runner's own; all counts are then 0.
    #[cfg_attr(test, schemars(with = "String"))]
    pub predictions_uri: Url,
    /// What the scores rest on, if the request asked for it and the runner supports it: a file below
    /// the output directory with one JSON object a line, an
    /// [`Explanation`](crate::Explanation). There is one for each protein with predictions, in the
    /// order of the predictions, with the terms that are predicted, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub evidence_uri: Option<Url>,
    /// What the file holds.
    pub counts: PredictionCounts,
    /// Anything else worth keeping; hosts store it unread.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// How many proteins got how many predictions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PredictionCounts {
    /// The proteins of the dataset.
    pub proteins: u64,
    /// Those with at least one prediction.
    pub predicted: u64,
    /// The predictions: lines of the file.
    pub predictions: u64,
    /// By reason, the proteins without a prediction. They add up to `proteins` − `predicted`.
    #[serde(default)]
    pub unpredicted: BTreeMap<String, u64>,
}

/// A file that a runner exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExportedFile {
    /// Its purpose: `model`, `spec`, `run`, or a name that the runner chooses.
    pub role: String,
    /// The file, a `file://` URI.
    #[cfg_attr(test, schemars(with = "String"))]
    pub uri: Url,
    /// SHA-256 of its content, in hexadecimal.
    #[cfg_attr(test, schemars(with = "String"))]
    pub sha256: Sha256,
    /// Size in bytes.
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

    /// Adds a metric. The host rejects a value that is not finite, and says that it is NaN or infinite.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.insert(name.to_owned(), json_value(value));
        self
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}

impl PredictResult {
    /// A result without evidence and extras.
    #[must_use]
    pub fn new(predictions_uri: Url, counts: PredictionCounts) -> Self {
        Self {
            predictions_uri,
            evidence_uri: None,
            counts,
            extras: Map::new(),
        }
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}

impl EvalResult {
    /// A result with these metrics, such as those of [`metrics::group`](crate::metrics::group). To give
    /// them one by one, begin with `EvalResult::default()` and add each [`with_metric`](Self::with_metric).
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            extras: Map::new(),
        }
    }

    /// Adds a metric. The host rejects a value that is not finite, and says that it is NaN or infinite.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.insert(name.to_owned(), json_value(value));
        self
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}
