//! A recorded run, and what can be reused from it.

use std::path::PathBuf;

use protea_contracts::Sha256;
use protea_tracking::RunId;
use url::Url;

use super::{DatasetRecord, RunManifest, RunnerRecord};
use crate::{catalog::Entry, store};

/// How far above a model the directory of its run is searched.
const MOST_LEVELS: usize = 4;

/// A recorded run in any state.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRun {
    /// The run's directory.
    pub directory: PathBuf,
    /// What its `run_manifest.json` says.
    pub manifest: RunManifest,
}

/// What is used of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needed {
    /// Its model.
    Model,
    /// Its model, and the dataset that it was scored on.
    ScoredModel,
    /// Its predictions.
    Predictions,
    /// Its scores, or those of its child runs.
    Scores,
}

impl Needed {
    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::ScoredModel => "scored model",
            Self::Predictions => "predictions",
            Self::Scores => "scores",
        }
    }

    /// Its name in sentences, with an article where it needs one.
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::ScoredModel => "a model that was scored",
            Self::Predictions => "predictions",
            Self::Scores => "scores",
        }
    }

    /// Whether a run has it.
    #[must_use]
    pub fn is_in(self, manifest: &RunManifest) -> bool {
        match self {
            Self::Model => manifest.model_uri.is_some(),
            Self::ScoredModel => {
                manifest.model_uri.is_some() && manifest.datasets.contains_key("eval")
            }
            Self::Predictions => manifest.artifacts.predictions.is_some(),
            // A benchmark has no runner; its contenders are child runs.
            Self::Scores => !manifest.metrics.is_empty() || manifest.runner.is_none(),
        }
    }
}

/// Why a recorded run cannot be reused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordedRunError {
    /// It has no model.
    #[error("the run {run} is {status} and has no model; give a run that fitted or evaluated one")]
    NoModel {
        /// The run.
        run: RunId,
        /// Its status.
        status: super::Status,
    },
    /// It is of no runner by itself.
    #[error("the run {run} compares several runners; give one of its child runs")]
    NoRunner {
        /// The run.
        run: RunId,
    },
    /// It has no dataset of that role.
    #[error("the run {run} ({pipeline}) has no {role} dataset; give one")]
    NoDataset {
        /// The run.
        run: RunId,
        /// What kind of run it is.
        pipeline: String,
        /// The role: `train` or `eval`.
        role: String,
    },
    /// The runner's file is not the one that the run was done with.
    #[error(
        "the file of the runner {name} has changed since the run {run}: {} has SHA-256 {found}, the run used {recorded}; repeat the run, or restore the file",
        path.display()
    )]
    OtherRunner {
        /// The runner.
        name: String,
        /// The run.
        run: RunId,
        /// The file that is there now.
        path: PathBuf,
        /// Its SHA-256.
        found: Box<Sha256>,
        /// The SHA-256 on record.
        recorded: Box<Sha256>,
    },
}

impl RecordedRun {
    /// Where its model is.
    ///
    /// # Errors
    ///
    /// [`RecordedRunError::NoModel`].
    pub fn model_uri(&self) -> Result<&Url, RecordedRunError> {
        let manifest = &self.manifest;
        let lacking = || RecordedRunError::NoModel {
            run: manifest.run_id.clone(),
            status: manifest.status,
        };
        manifest.model_uri.as_ref().ok_or_else(lacking)
    }

    /// Its runner.
    ///
    /// # Errors
    ///
    /// [`RecordedRunError::NoRunner`].
    pub fn runner(&self) -> Result<&RunnerRecord, RecordedRunError> {
        let lacking = || RecordedRunError::NoRunner {
            run: self.manifest.run_id.clone(),
        };
        self.manifest.runner.as_ref().ok_or_else(lacking)
    }

    /// Its dataset of a role, `train` or `eval`, as it was then.
    ///
    /// # Errors
    ///
    /// [`RecordedRunError::NoDataset`].
    pub fn dataset(&self, role: &str) -> Result<DatasetRecord, RecordedRunError> {
        let manifest = &self.manifest;
        let recorded = manifest.datasets.get(role);
        recorded
            .and_then(|dataset| serde_json::from_value(dataset.clone()).ok())
            .ok_or_else(|| RecordedRunError::NoDataset {
                run: manifest.run_id.clone(),
                pipeline: manifest.pipeline.clone(),
                role: role.to_owned(),
            })
    }

    /// The dataset that its model was trained on. If the run did not train the model itself, that of the run
    /// whose directory has the model.
    ///
    /// # Errors
    ///
    /// [`RecordedRunError::NoDataset`], also when the model is in no directory of a run.
    pub fn training_dataset(&self) -> Result<DatasetRecord, RecordedRunError> {
        let own = self.dataset("train");
        let (Err(_), Some(model)) = (&own, &self.manifest.model_uri) else {
            return own;
        };
        let Ok(path) = store::local_path(model) else {
            return own;
        };
        let holder = path
            .ancestors()
            .skip(1)
            .take(MOST_LEVELS)
            .find_map(|directory| {
                let manifest = RunManifest::read(directory).ok()?;
                Some(Self {
                    directory: directory.to_owned(),
                    manifest,
                })
            });
        match holder {
            Some(holder) if holder.manifest.run_id != self.manifest.run_id => {
                holder.dataset("train").or(own)
            }
            _ => own,
        }
    }

    /// Whether a runner's file is the one that the run was done with.
    ///
    /// # Errors
    ///
    /// [`RecordedRunError::OtherRunner`] when it is not; [`RecordedRunError::NoRunner`].
    pub fn check_runner(&self, entry: &Entry) -> Result<(), RecordedRunError> {
        let recorded = self.runner()?;
        if entry.sha256 == recorded.sha256 {
            return Ok(());
        }
        Err(RecordedRunError::OtherRunner {
            name: recorded.name.clone(),
            run: self.manifest.run_id.clone(),
            path: entry.path.clone(),
            found: Box::new(entry.sha256),
            recorded: Box::new(recorded.sha256),
        })
    }
}
