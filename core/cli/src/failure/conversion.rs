//! The exit code of each library error.

use std::error::Error;

#[cfg(unix)]
use protea_conformance::{ConfigError, SelectionError};
#[cfg(unix)]
use protea_core::worker::WorkerError;
use protea_core::{
    CatalogError, DispatchError, ExperimentError, LoadError, StageDatasetError, StoreError,
    WorkspaceError,
    contracts::RunnerError,
    experiment::SearchError,
    tracking::TrackerError,
    workspace::{FindRunError, RUN_MANIFEST, RecordedRunError, RunSelectionError},
};
use serde_json::json;

use super::{
    Failure,
    notes::{log_command, places_of_runners},
    remedy,
};
use crate::{exit::Exit, output::display_path};

/// A library error that a command can end with.
pub(super) trait CommandError: Error + Sized {
    /// The exit code of the command.
    fn exit(&self) -> Exit;

    /// What a user of the command can do about it.
    fn remedy(&self) -> Option<String> {
        None
    }

    /// Whether another attempt fails too, until somebody has changed something, such as permissions.
    fn needs_person(&self) -> bool {
        false
    }

    /// Adds notes and details to the failure.
    fn annotate(&self, failure: Failure) -> Failure {
        failure
    }
}

impl<E: CommandError> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self::from_error(error.exit(), &error).with_remedy(error.remedy());
        failure.extra.needs_person = error.needs_person();
        error.annotate(failure)
    }
}

impl CommandError for CatalogError {
    fn exit(&self) -> Exit {
        match self {
            Self::Name { .. } => Exit::Usage,
            _ => Exit::Runner,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::catalog(self)
    }

    fn annotate(&self, failure: Failure) -> Failure {
        match self {
            Self::Unknown {
                found, searched, ..
            } if found.is_empty() => failure.with_preamble(places_of_runners(searched)),
            _ => failure,
        }
    }
}

impl CommandError for LoadError {
    fn exit(&self) -> Exit {
        match self {
            Self::Catalog(error) => error.exit(),
            _ => Exit::Runner,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::load(self)
    }

    fn annotate(&self, failure: Failure) -> Failure {
        match self {
            Self::Catalog(error) => error.annotate(failure),
            _ => failure,
        }
    }
}

impl CommandError for FindRunError {
    fn exit(&self) -> Exit {
        match self {
            Self::Unknown { .. } | Self::Manifest { .. } | Self::Labels(_) => Exit::Input,
            Self::Ambiguous { .. } => Exit::Usage,
            Self::Group { .. } | Self::NoWorkspace { .. } | Self::Unfinished { .. } => Exit::Input,
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::run(self)
    }

    fn annotate(&self, failure: Failure) -> Failure {
        match self {
            Self::Group { children, .. } => {
                let ids: Vec<_> = children.iter().map(|(id, _)| id).collect();
                failure.with_detail("runs", json!(ids))
            }
            Self::Ambiguous { runs, .. } => failure.with_detail("runs", json!(runs)),
            _ => failure,
        }
    }
}

impl CommandError for RunSelectionError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn remedy(&self) -> Option<String> {
        remedy::run_selection(self)
    }
}

impl CommandError for RecordedRunError {
    fn exit(&self) -> Exit {
        match self {
            Self::OtherRunner { .. } => Exit::Runner,
            Self::NoModel { .. } | Self::NoRunner { .. } | Self::NoDataset { .. } => Exit::Input,
            _ => Exit::Failed,
        }
    }
}

impl CommandError for ExperimentError {
    fn exit(&self) -> Exit {
        match self {
            Self::Spec { source }
            | Self::Step { source, .. }
            | Self::Explain { source }
            | Self::Predict { source } => source.exit(),
            Self::Pending { .. } => Exit::TryAgain,
            Self::Engine(error) => error.exit(),
            Self::Workspace(error) => error.exit(),
            Self::Store(error) => error.exit(),
            Self::Dataset(error) => error.exit(),
            Self::Publish { source, .. } => source.exit(),
            Self::Tracker(error) => error.exit(),
            Self::Search(error) => error.exit(),
            Self::NoModel { .. } | Self::UnknownDataset { .. } | Self::ModelChanged { .. } => {
                Exit::Input
            }
            Self::NoFold => Exit::Usage,
            Self::Cancelled => Exit::Cancelled,
            // Fold, NoScores, RunInsideRun, Other.
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::experiment(self)
    }

    fn annotate(&self, failure: Failure) -> Failure {
        match self {
            Self::Step { directory, .. }
            | Self::Publish { directory, .. }
            | Self::Fold { directory, .. } => {
                let manifest = directory.join(RUN_MANIFEST);
                failure
                    .with_note(format!(
                        "{}; its manifest is {}",
                        log_command(directory),
                        display_path(&manifest)
                    ))
                    .with_detail("manifest", json!(manifest))
            }
            _ => failure,
        }
    }
}

impl CommandError for StageDatasetError {
    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::host_dataset(self)
    }
}

impl CommandError for StoreError {
    fn exit(&self) -> Exit {
        match self {
            Self::Location { .. }
            | Self::Scheme { .. }
            | Self::Elsewhere { .. }
            | Self::NotFound { .. }
            | Self::NotPublished { .. }
            | Self::Manifest { .. }
            | Self::Corrupt { .. }
            | Self::Unlistable { .. }
            | Self::Content(_)
            | Self::Read { .. } => Exit::Input,
            Self::Exists { .. }
            | Self::Published { .. }
            | Self::ReadOnly { .. }
            | Self::Write { .. } => Exit::Output,
            Self::Cancelled => Exit::Cancelled,
            // NoCloud, Setting, Credentials, Denied, CacheChanged, Changed, Unreachable, Failed.
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::store(self)
    }
}

impl CommandError for TrackerError {
    fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } | Self::NoSpace { .. } => Exit::Output,
            Self::Read { .. } | Self::Corrupt { .. } | Self::Name { .. } => Exit::Input,
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::tracker(self)
    }
}

impl CommandError for SearchError {
    fn exit(&self) -> Exit {
        match self {
            Self::Setting { .. } | Self::Metric { .. } => Exit::Input,
            Self::Text { .. } | Self::NoSetting | Self::NoTrial | Self::TooLarge { .. } => {
                Exit::Usage
            }
            // AllFailed.
            _ => Exit::Failed,
        }
    }
}

impl CommandError for WorkspaceError {
    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::StatePoint(_)
            | Self::Manifest { .. }
            | Self::Document { .. }
            | Self::Labels(_)
            | Self::Bound { .. }
            | Self::NoJob { .. } => Exit::Input,
            Self::Tracker(error) => error.exit(),
            Self::OtherStatePoint { .. } | Self::StatePointUnreadable { .. } => Exit::Output,
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::workspace(self)
    }
}

impl CommandError for DispatchError {
    fn exit(&self) -> Exit {
        match self {
            error if error.is_cancelled() => Exit::Cancelled,
            #[cfg(unix)]
            Self::Worker(WorkerError::Open(_)) => Exit::Runner,
            Self::OutputFull { .. } => Exit::Output,
            Self::Runner(
                RunnerError::InvalidSpec { .. }
                | RunnerError::Dataset { .. }
                | RunnerError::Model { .. }
                | RunnerError::NotFound { .. },
            ) => Exit::Input,
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::dispatch(self)
    }
}

#[cfg(unix)]
impl CommandError for SelectionError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn remedy(&self) -> Option<String> {
        remedy::selection(self)
    }
}

#[cfg(unix)]
impl CommandError for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn remedy(&self) -> Option<String> {
        remedy::conformance_config(self)
    }
}
