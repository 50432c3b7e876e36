//! Why an experiment did not come to its end.

use std::path::PathBuf;

use protea_contracts::RunnerError;

use super::Step;
use crate::{DispatchError, StoreError, WorkspaceError};

/// Why an experiment did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The spec was refused; nothing was written.
    #[error(transparent)]
    Spec {
        /// Where, and why.
        source: Box<DispatchError>,
    },
    /// A step failed. The run's manifest says so too.
    #[error("{} failed: {source}", step.name())]
    Step {
        /// The step.
        step: Step,
        /// The run's directory.
        directory: PathBuf,
        /// Why.
        source: Box<DispatchError>,
    },
    /// The runner did not say where its scores come from.
    #[error("explain failed: {source}")]
    Explain {
        /// Why.
        source: Box<DispatchError>,
    },
    /// The run cannot be recorded.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// Something cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExperimentError {
    /// Whether the user asked for the end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let (Self::Step { source, .. } | Self::Explain { source }) = self else {
            return false;
        };
        matches!(
            **source,
            DispatchError::Runner(RunnerError::Cancelled) | DispatchError::Killed
        )
    }
}
