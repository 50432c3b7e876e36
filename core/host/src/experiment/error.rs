//! Errors of experiments.

use std::path::PathBuf;

use protea_contracts::content::ContentError;
use protea_tracking::{RunId, TrackerError};

use super::observer::Step;
use crate::search::SearchError;
use crate::{DispatchError, StageDatasetError, StoreError, WorkspaceError, engine::EngineError};

/// Why an experiment failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The spec was refused; nothing was written.
    #[error(transparent)]
    Spec {
        /// Where, and why.
        source: Box<DispatchError>,
    },
    /// A step failed. The run's manifest says so too.
    #[error("{} failed", step.name())]
    Step {
        /// The step.
        step: Step,
        /// The run's directory.
        directory: PathBuf,
        /// Why.
        source: Box<DispatchError>,
    },
    /// The export could not be published at its destination. It is in the run's directory.
    #[error(
        "the export in {} could not be published",
        export.display()
    )]
    Publish {
        /// The run's directory.
        directory: PathBuf,
        /// The directory of the export.
        export: PathBuf,
        /// Why.
        source: Box<StoreError>,
    },
    /// A `run` was started in a `run`; only operations can be nested.
    #[error(
        "the run {inner:?} was started inside the run {outer:?}; end {outer:?} first, or use it for the work of {inner:?}"
    )]
    RunInsideRun {
        /// The open run.
        outer: String,
        /// The run that was started in it.
        inner: String,
    },
    /// A run made no model and used none.
    #[error("the run {run_id} has no model; fit one first")]
    NoModel {
        /// The run.
        run_id: RunId,
    },
    /// The event log cannot be written, or a backend cannot be used.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// No entrant of a benchmark has scores.
    #[error("no runner produced scores")]
    NoScores,
    /// A search cannot be done, or found nothing.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A fold of a cross-validation failed, so that there is no mean. The others are on record.
    #[error("{} failed in fold {fold}", step.name())]
    Fold {
        /// Its place, from 0.
        fold: usize,
        /// The step.
        step: Step,
        /// The fold's directory.
        directory: PathBuf,
        /// Why.
        source: Box<DispatchError>,
    },
    /// There is nothing to take the mean of.
    #[error("a cross-validation needs at least one fold")]
    NoFold,
    /// The user cancelled between two runs.
    #[error("cancelled")]
    Cancelled,
    /// The work is a task of a plan, which has no result.
    #[error("the task {index} has no result: {reason}")]
    Pending {
        /// The task's index in the plan.
        index: usize,
        /// Why it has none.
        reason: String,
    },
    /// The plan cannot be read, or a result cannot be taken over.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What the caller's own code in a run says went wrong.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// The runner failed to predict.
    #[error("predict failed")]
    Predict {
        /// Why.
        source: Box<DispatchError>,
    },
    /// The runner failed to explain the scores.
    #[error("explain failed")]
    Explain {
        /// Why.
        source: Box<DispatchError>,
    },
    /// The run cannot be recorded.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A reference model names a dataset that is neither the one that the host gave to `fit` nor one
    /// that the caller named. Nothing was fetched.
    #[error(
        "the model {} refers to the dataset {uri}, which is not the one that it was fitted on here and \
         was not named",
        model.display()
    )]
    UnknownDataset {
        /// The model.
        model: PathBuf,
        /// The dataset, without secrets.
        uri: String,
    },
    /// A file of the model is not the one on record in the manifest of its run or export.
    #[error(
        "the model {} has changed since it was recorded in {}",
        model.display(),
        record.display()
    )]
    ModelChanged {
        /// The model.
        model: PathBuf,
        /// The manifest of the run, or `run.json` of the export.
        record: PathBuf,
        /// The file that differs.
        source: Box<ContentError>,
    },
    /// The dataset of a reference model cannot be brought here.
    #[error(transparent)]
    Dataset(#[from] StageDatasetError),
    /// Something cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExperimentError {
    /// An error of the caller's own code in a run.
    #[must_use]
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// The message, with those of its causes that it does not already contain.
    #[must_use]
    pub fn with_causes(&self) -> String {
        protea_contracts::error::with_causes(self)
    }

    /// Whether further runs are pointless: the user cancelled, or runs can no longer be recorded.
    /// Errors of a runner do not end the others.
    #[must_use]
    pub fn ends_all(&self) -> bool {
        match self {
            Self::Step { source, .. } => {
                self.is_cancelled() || matches!(**source, DispatchError::OutputFull { .. })
            }
            Self::Spec { .. } | Self::Pending { .. } => false,
            _ => true,
        }
    }

    /// Whether the user cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let source = match self {
            Self::Cancelled
            | Self::Store(StoreError::Cancelled)
            | Self::Dataset(StageDatasetError::Store(StoreError::Cancelled)) => return true,
            Self::Publish { source, .. } => return matches!(**source, StoreError::Cancelled),
            Self::Step { source, .. } | Self::Explain { source } | Self::Predict { source } => {
                source
            }
            _ => return false,
        };
        source.is_cancelled()
    }
}
