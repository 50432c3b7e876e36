//! A finished run.

use std::path::PathBuf;

use url::Url;

use super::error::ExperimentError;
use crate::workspace::{RunManifest, Status};

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FinishedRun {
    /// The run's directory.
    pub directory: PathBuf,
    /// What its `run_manifest.json` says.
    pub manifest: RunManifest,
}

impl FinishedRun {
    /// Whether the run succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.manifest.status == Status::Finished
    }

    /// The value of a metric, such as `metric("MFO", "fmax")`: as [`RunManifest::metric`].
    #[must_use]
    pub fn metric(&self, group: &str, metric: &str) -> Option<f64> {
        self.manifest.metric(group, metric)
    }

    /// The model that the run made or used.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::NoModel`] for a run without one.
    pub fn model_uri(&self) -> Result<Url, ExperimentError> {
        let missing = || ExperimentError::NoModel {
            run_id: self.manifest.run_id.clone(),
        };
        self.manifest.model_uri.clone().ok_or_else(missing)
    }
}
