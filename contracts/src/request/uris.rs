//! What every request names: the dataset, the model and the output, by URI.

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{EvaluateRequest, ExplainRequest, ExportRequest, FitRequest, PredictRequest};
use crate::{error::RunnerError, model, uri::local_path};

/// The URIs that a request names, for hosts: what a call reads, and where it writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestUris<'r> {
    /// The frozen dataset.
    pub dataset: Option<&'r Url>,
    /// The model.
    pub model: Option<&'r Url>,
    /// Models of earlier runs.
    pub earlier_models: &'r [Url],
    /// Partial results of earlier calls.
    pub partials: &'r [Url],
    /// The directory that the call may write to.
    pub output: Option<&'r Url>,
    /// The directory for the state of the call, which outlives it.
    pub checkpoint: Option<&'r Url>,
}

/// A request of any [`Operation`](crate::Operation).
pub trait Request: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// The URIs that it names.
    fn uris(&self) -> RequestUris<'_>;
}

/// A request that names a frozen dataset.
pub trait HasDataset {
    /// The dataset's URI.
    fn dataset_uri(&self) -> &Url;

    /// The directory of the dataset.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the URI is not a local path.
    fn dataset_dir(&self) -> Result<PathBuf, RunnerError> {
        local_path(self.dataset_uri()).map_err(|message| RunnerError::Dataset { message })
    }
}

/// A request that names a model.
pub trait HasModel {
    /// The model's URI.
    fn model_uri(&self) -> &Url;

    /// The file of the model; if the URI is a directory, `model.json` in it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when there is no such file.
    fn model_path(&self) -> Result<PathBuf, RunnerError> {
        model::document(self.model_uri())
    }

    /// Reads the model as [`FitRequest::write_model`] or [`Bundle`](crate::Bundle) wrote it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] with file and place when it is missing or does not fit `T`.
    fn read_model<T: DeserializeOwned>(&self) -> Result<T, RunnerError> {
        model::read(&self.model_path()?)
    }
}

impl<S> HasDataset for FitRequest<S> {
    fn dataset_uri(&self) -> &Url {
        &self.dataset_uri
    }
}

impl HasDataset for EvaluateRequest {
    fn dataset_uri(&self) -> &Url {
        &self.eval_dataset_uri
    }
}

impl HasDataset for ExplainRequest {
    fn dataset_uri(&self) -> &Url {
        &self.dataset_uri
    }
}

impl HasDataset for PredictRequest {
    fn dataset_uri(&self) -> &Url {
        &self.dataset_uri
    }
}

impl HasModel for PredictRequest {
    fn model_uri(&self) -> &Url {
        &self.model_uri
    }
}

impl HasModel for EvaluateRequest {
    fn model_uri(&self) -> &Url {
        &self.model_uri
    }
}

impl HasModel for ExportRequest {
    fn model_uri(&self) -> &Url {
        &self.model_uri
    }
}

impl HasModel for ExplainRequest {
    fn model_uri(&self) -> &Url {
        &self.model_uri
    }
}

impl Request for FitRequest {
    fn uris(&self) -> RequestUris<'_> {
        RequestUris {
            dataset: Some(&self.dataset_uri),
            earlier_models: &self.earlier_models,
            output: Some(&self.output_uri),
            checkpoint: self.checkpoint_uri.as_ref(),
            ..RequestUris::default()
        }
    }
}

impl Request for EvaluateRequest {
    fn uris(&self) -> RequestUris<'_> {
        RequestUris {
            dataset: Some(&self.eval_dataset_uri),
            model: Some(&self.model_uri),
            output: Some(&self.output_uri),
            ..RequestUris::default()
        }
    }
}

impl Request for ExportRequest {
    fn uris(&self) -> RequestUris<'_> {
        RequestUris {
            model: Some(&self.model_uri),
            output: Some(&self.output_uri),
            ..RequestUris::default()
        }
    }
}

impl Request for ExplainRequest {
    fn uris(&self) -> RequestUris<'_> {
        RequestUris {
            dataset: Some(&self.dataset_uri),
            model: Some(&self.model_uri),
            ..RequestUris::default()
        }
    }
}

impl Request for PredictRequest {
    fn uris(&self) -> RequestUris<'_> {
        RequestUris {
            dataset: Some(&self.dataset_uri),
            model: Some(&self.model_uri),
            partials: &self.partials,
            output: Some(&self.output_uri),
            ..RequestUris::default()
        }
    }
}
