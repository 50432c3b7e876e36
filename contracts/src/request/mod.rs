//! What a call of a runner takes.
//!
//! Requests cross the boundary as JSON. A field added later has a default, and a runner ignores a
//! field that it does not know, so runners and hosts of different versions understand each other.

mod uris;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

pub use crate::uri::file_uri;
use crate::{
    checkpoint::Checkpoint,
    error::{Attribute, RunnerError},
    model,
    uri::local_path,
};
pub use uris::{HasDataset, HasModel, Request, RequestUris};

/// The request of [`ExperimentRunner::fit`](crate::ExperimentRunner::fit).
///
/// The host fills `S` with JSON; the runner receives its own
/// [`Spec`](crate::ExperimentRunner::Spec).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FitRequest<S = Value> {
    /// The settings.
    pub spec: S,
    /// The frozen dataset to learn from, a `file://` directory. Never written to.
    #[cfg_attr(test, schemars(with = "String"))]
    pub dataset_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    #[cfg_attr(test, schemars(with = "String"))]
    pub output_uri: Url,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run that this call belongs to.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 means one per core.
    #[serde(default)]
    pub threads: usize,
    /// Models that `fit` of the same runner file trained earlier on the same dataset, with any
    /// settings, newest first. A runner can reuse what depends on the dataset alone, such as an
    /// index of its sequences, after checking it. Never written to; a model may have been deleted
    /// by the time it is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub earlier_models: Vec<Url>,
    /// A `file://` directory that outlives the call, only for runners with
    /// [`Capabilities::checkpoints`](crate::Capabilities). The runner saves the state of the fit there,
    /// so that the same fit can be continued if this call is killed: the same runner file, settings,
    /// seed and dataset. The host gives it to one call at a time and removes it once the result is
    /// published. The runner's output limit applies to it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub checkpoint_uri: Option<Url>,
}

/// The request of [`ExperimentRunner::evaluate`](crate::ExperimentRunner::evaluate).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EvaluateRequest {
    /// The model: what `fit` or `export` wrote, or a reference model. A `file://` URI.
    #[cfg_attr(test, schemars(with = "String"))]
    pub model_uri: Url,
    /// The frozen dataset to predict for, a `file://` directory. Never written to.
    #[cfg_attr(test, schemars(with = "String"))]
    pub eval_dataset_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    #[cfg_attr(test, schemars(with = "String"))]
    pub output_uri: Url,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run that this call belongs to.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 means one per core.
    #[serde(default)]
    pub threads: usize,
}

/// The request of [`ExperimentRunner::export`](crate::ExperimentRunner::export).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExportRequest {
    /// The run that this call belongs to.
    pub run_id: String,
    /// The model: what `fit` wrote, or a reference model. A `file://` URI.
    #[cfg_attr(test, schemars(with = "String"))]
    pub model_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    #[cfg_attr(test, schemars(with = "String"))]
    pub output_uri: Url,
    /// What the host knows about the run (runner, version, dataset, seed, metrics …); it is copied
    /// into `run.json`.
    #[serde(default)]
    pub provenance: Map<String, Value>,
}

/// The request of [`ExperimentRunner::explain`](crate::ExperimentRunner::explain). Nothing is
/// written during the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExplainRequest {
    /// The model: what `fit` or `export` wrote, or a reference model. A `file://` URI.
    #[cfg_attr(test, schemars(with = "String"))]
    pub model_uri: Url,
    /// The frozen dataset that the protein is in, a `file://` directory. Never written to.
    #[cfg_attr(test, schemars(with = "String"))]
    pub dataset_uri: Url,
    /// The protein whose scores are explained.
    pub accession: String,
    /// The one term to explain, predicted or not; if absent, the predicted terms.
    #[serde(default)]
    pub term: Option<String>,
    /// The largest number of terms to explain, those with the highest scores; 0 means all.
    #[serde(default)]
    pub limit: usize,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run whose model is explained; empty if there is none.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 means one per core.
    #[serde(default)]
    pub threads: usize,
}

/// The request of [`ExperimentRunner::predict`](crate::ExperimentRunner::predict).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PredictRequest {
    /// The model: what `fit` or `export` wrote, or a reference model. A `file://` URI.
    #[cfg_attr(test, schemars(with = "String"))]
    pub model_uri: Url,
    /// The frozen dataset to predict for, a `file://` directory. It may have no annotations. Never
    /// written to.
    #[cfg_attr(test, schemars(with = "String"))]
    pub dataset_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    #[cfg_attr(test, schemars(with = "String"))]
    pub output_uri: Url,
    /// The largest number of terms per protein, those with the highest scores; 0 means all.
    #[serde(default)]
    pub limit: usize,
    /// Terms with a lower score, as it is written, are left out. In [0, 1].
    #[serde(default)]
    pub minimum_score: f64,
    /// The largest number of contributions per term, the largest amounts first, for which the runner
    /// says what each score rests on ([`PredictResult::evidence_uri`](crate::PredictResult)); 0 means
    /// that no evidence is wanted. A runner may not support it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evidence: usize,
    /// Predict from a part of the model's references only, and write what
    /// [`partials`](Self::partials) of a later call needs of it instead of predictions. Only for runners
    /// with [`Capabilities::splits_references`](crate::Capabilities).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ReferenceShard>,
    /// What calls with each [`shard`](Self::shard) of the same model and dataset wrote, in the order of
    /// the shards, as `file://` URIs: the call predicts from these instead of searching the references.
    /// Never written to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub partials: Vec<Url>,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run whose model predicts; empty if there is none.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 means one per core.
    #[serde(default)]
    pub threads: usize,
}

/// A part of the references of a model: of `count` parts of nearly equal size, the one with this
/// `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReferenceShard {
    /// Which part, from 0; below `count`.
    pub index: usize,
    /// How many parts there are, at least 1.
    pub count: usize,
}

impl ReferenceShard {
    /// The part's rows of a list of `len`: from row `len * index / count` up to, and without, the first
    /// row of the next part. The parts are in order, and every row is in one of them.
    ///
    /// ```
    /// use protea_contracts::request::ReferenceShard;
    ///
    /// let rows = |index| ReferenceShard { index, count: 3 }.rows(10);
    /// assert_eq!([rows(0), rows(1), rows(2)], [0..3, 3..6, 6..10]);
    /// ```
    #[must_use]
    pub fn rows(self, len: usize) -> std::ops::Range<usize> {
        let count = self.count.max(1) as u128;
        // A product of two numbers of 64 bits.
        let first = |index: usize| (len as u128 * index as u128 / count).min(len as u128) as usize;
        first(self.index)..first(self.index.saturating_add(1))
    }
}

impl<S> FitRequest<S> {
    /// A request with seed 0, no run and all cores.
    pub fn new(spec: S, dataset_uri: Url, output_uri: Url) -> Self {
        Self {
            spec,
            dataset_uri,
            output_uri,
            seed: 0,
            run_id: String::new(),
            threads: 0,
            earlier_models: Vec::new(),
            checkpoint_uri: None,
        }
    }

    /// The same request with the spec converted by `convert`.
    ///
    /// # Errors
    ///
    /// Those of `convert`.
    pub fn map_spec<T, E>(
        self,
        convert: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<FitRequest<T>, E> {
        // Every field is named: the compiler refuses a field that is added and not carried over.
        let Self {
            spec,
            dataset_uri,
            output_uri,
            seed,
            run_id,
            threads,
            earlier_models,
            checkpoint_uri,
        } = self;
        Ok(FitRequest {
            spec: convert(spec)?,
            dataset_uri,
            output_uri,
            seed,
            run_id,
            threads,
            earlier_models,
            checkpoint_uri,
        })
    }

    /// The directory to write to, created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be created.
    pub fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }

    /// Where this fit saves its state, and finds what an earlier call of the same fit saved. `None` if
    /// the host keeps no state.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when the directory cannot be created.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, RunnerError> {
        let Some(uri) = &self.checkpoint_uri else {
            return Ok(None);
        };
        let directory = local_path(uri).map_err(RunnerError::failed)?;
        Checkpoint::open(&directory).map(Some)
    }

    /// Writes `model` as `model.json` below the output directory and returns its URI.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when it cannot be written.
    pub fn write_model(&self, model: &impl Serialize) -> Result<Url, RunnerError> {
        let path = self.output_dir()?.join(model::FILE_NAME);
        model::write(&path, model)?;
        file_uri(&path)
    }
}

impl EvaluateRequest {
    /// A request with seed 0, no run and all cores.
    #[must_use]
    pub fn new(model_uri: Url, eval_dataset_uri: Url, output_uri: Url) -> Self {
        Self {
            model_uri,
            eval_dataset_uri,
            output_uri,
            seed: 0,
            run_id: String::new(),
            threads: 0,
        }
    }

    /// The directory to write to, created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be created.
    pub fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }
}

impl ExportRequest {
    /// A request without provenance.
    pub fn new(run_id: impl Into<String>, model_uri: Url, output_uri: Url) -> Self {
        Self {
            run_id: run_id.into(),
            model_uri,
            output_uri,
            provenance: Map::new(),
        }
    }

    pub(crate) fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }
}

impl ExplainRequest {
    /// A request for all predicted terms of a protein, with seed 0, no run and all cores.
    pub fn new(model_uri: Url, dataset_uri: Url, accession: impl Into<String>) -> Self {
        Self {
            model_uri,
            dataset_uri,
            accession: accession.into(),
            term: None,
            limit: 0,
            seed: 0,
            run_id: String::new(),
            threads: 0,
        }
    }
}

impl PredictRequest {
    /// A request for all terms, with seed 0, no run and all cores.
    #[must_use]
    pub fn new(model_uri: Url, dataset_uri: Url, output_uri: Url) -> Self {
        Self {
            model_uri,
            dataset_uri,
            output_uri,
            limit: 0,
            minimum_score: 0.0,
            evidence: 0,
            shard: None,
            partials: Vec::new(),
            seed: 0,
            run_id: String::new(),
            threads: 0,
        }
    }

    /// The directory to write to, created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be created.
    pub fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }
}

// Serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn output_dir(uri: &Url) -> Result<PathBuf, RunnerError> {
    let directory = local_path(uri).map_err(RunnerError::failed)?;
    std::fs::create_dir_all(&directory)
        .or_failed(&format!("creating the directory {}", directory.display()))?;
    Ok(directory)
}
