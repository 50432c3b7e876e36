//! What a call of a runner takes.
//!
//! Requests cross the boundary as JSON. A field added later has a default, and a field that a
//! runner does not know is passed over, so that runners and hosts of different ages understand
//! each other.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

use crate::{Attribute, Bundle, RunnerError, model};

/// The request of [`ExperimentRunner::fit`](crate::ExperimentRunner::fit).
///
/// The host fills `S` with JSON; the runner receives its own
/// [`Spec`](crate::ExperimentRunner::Spec).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FitRequest<S = Value> {
    /// The settings.
    pub spec: S,
    /// The frozen dataset to learn from, a `file://` directory. Never written to.
    pub dataset_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    pub output_uri: Url,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run that this call belongs to.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 stands for one per core.
    #[serde(default)]
    pub threads: usize,
    /// Models that `fit` of the same runner file made of the same dataset before, with whatever
    /// settings, the newest first. What is learned of the dataset alone, such as an index of its
    /// sequences, can be taken over from them once it is checked. Never written to; one may be gone
    /// when it is looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_models: Vec<Url>,
}

/// The request of [`ExperimentRunner::evaluate`](crate::ExperimentRunner::evaluate).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EvaluateRequest {
    /// The model: what `fit` or `export` wrote, or a reference model. A `file://` URI.
    pub model_uri: Url,
    /// The frozen dataset to predict for, a `file://` directory. Never written to.
    pub eval_dataset_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    pub output_uri: Url,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run that this call belongs to.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 stands for one per core.
    #[serde(default)]
    pub threads: usize,
}

/// The request of [`ExperimentRunner::export`](crate::ExperimentRunner::export).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExportRequest {
    /// The run that this call belongs to.
    pub run_id: String,
    /// The model: what `fit` wrote, or a reference model. A `file://` URI.
    pub model_uri: Url,
    /// The `file://` directory to write to; nothing is written elsewhere.
    pub output_uri: Url,
    /// What the host knows of the run (runner, version, dataset, seed, metrics …); it goes into
    /// `run.json` as it is.
    #[serde(default)]
    pub provenance: Map<String, Value>,
}

/// The request of [`ExperimentRunner::explain`](crate::ExperimentRunner::explain). Nothing is
/// written during the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainRequest {
    /// The model: what `fit` or `export` wrote, or a reference model. A `file://` URI.
    pub model_uri: Url,
    /// The frozen dataset that the protein is in, a `file://` directory. Never written to.
    pub dataset_uri: Url,
    /// The protein whose scores are asked about.
    pub accession: String,
    /// The one term to explain, predicted or not; without it, the predicted terms.
    #[serde(default)]
    pub term: Option<String>,
    /// How many terms are explained at most, those with the highest scores; 0 stands for all.
    #[serde(default)]
    pub limit: usize,
    /// Seeds everything that is random.
    #[serde(default)]
    pub seed: u64,
    /// The run that is asked about; empty where there is none.
    #[serde(default)]
    pub run_id: String,
    /// How many threads the call may use; 0 stands for one per core.
    #[serde(default)]
    pub threads: usize,
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
        }
    }

    /// The directory of the dataset.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the URI is not a local path.
    pub fn dataset_dir(&self) -> Result<PathBuf, RunnerError> {
        dataset_dir(&self.dataset_uri)
    }

    /// The directory to write to, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be made.
    pub fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }

    /// Writes `model` as `model.json` below the output directory and gives its URI.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be written.
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

    /// The directory of the dataset.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the URI is not a local path.
    pub fn dataset_dir(&self) -> Result<PathBuf, RunnerError> {
        dataset_dir(&self.eval_dataset_uri)
    }

    /// The directory to write to, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be made.
    pub fn output_dir(&self) -> Result<PathBuf, RunnerError> {
        output_dir(&self.output_uri)
    }

    /// The file of the model; where the URI is a directory, `model.json` in it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when there is no such file.
    pub fn model_path(&self) -> Result<PathBuf, RunnerError> {
        model::path(&self.model_uri)
    }

    /// Reads the model as [`FitRequest::write_model`] or [`Bundle`] wrote it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] with file and place when it is missing or does not fit `T`.
    pub fn read_model<T: DeserializeOwned>(&self) -> Result<T, RunnerError> {
        model::read(&self.model_path()?)
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

    /// The file of the model; where the URI is a directory, `model.json` in it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when there is no such file.
    pub fn model_path(&self) -> Result<PathBuf, RunnerError> {
        model::path(&self.model_uri)
    }

    /// Reads the model as [`FitRequest::write_model`] or [`Bundle`] wrote it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] with file and place when it is missing or does not fit `T`.
    pub fn read_model<T: DeserializeOwned>(&self) -> Result<T, RunnerError> {
        model::read(&self.model_path()?)
    }

    /// Begins the exported triple (model, `spec.yaml`, `run.json`) in the output directory.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when the directory cannot be written.
    pub fn bundle(&self, spec: &impl Serialize) -> Result<Bundle, RunnerError> {
        Bundle::create(output_dir(&self.output_uri)?, self, spec)
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

    /// The directory of the dataset.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the URI is not a local path.
    pub fn dataset_dir(&self) -> Result<PathBuf, RunnerError> {
        dataset_dir(&self.dataset_uri)
    }

    /// The file of the model; where the URI is a directory, `model.json` in it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when there is no such file.
    pub fn model_path(&self) -> Result<PathBuf, RunnerError> {
        model::path(&self.model_uri)
    }

    /// Reads the model as [`FitRequest::write_model`] or [`Bundle`] wrote it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] with file and place when it is missing or does not fit `T`.
    pub fn read_model<T: DeserializeOwned>(&self) -> Result<T, RunnerError> {
        model::read(&self.model_path()?)
    }
}

/// The `file://` URI of a path.
///
/// # Errors
///
/// [`RunnerError::Failed`] when the path is not absolute.
pub fn file_uri(path: &Path) -> Result<Url, RunnerError> {
    Url::from_file_path(path).map_err(|()| {
        RunnerError::failed(format!(
            "{} is not an absolute path, so it has no file:// URI",
            path.display()
        ))
    })
}

/// The path of a `file://` URI; the URI itself where it is another.
pub(crate) fn local_path(uri: &Url) -> Result<PathBuf, String> {
    if uri.scheme() != "file" {
        return Err(format!(
            "{uri} is not a file:// URI; the host stages what is elsewhere"
        ));
    }
    uri.to_file_path()
        .map_err(|()| format!("{uri} does not name a path of this machine"))
}

fn dataset_dir(uri: &Url) -> Result<PathBuf, RunnerError> {
    local_path(uri).map_err(|message| RunnerError::Dataset { message })
}

fn output_dir(uri: &Url) -> Result<PathBuf, RunnerError> {
    let directory = local_path(uri).map_err(RunnerError::failed)?;
    std::fs::create_dir_all(&directory)
        .or_failed(&format!("making the directory {}", directory.display()))?;
    Ok(directory)
}
