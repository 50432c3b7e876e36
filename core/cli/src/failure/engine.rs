//! The exit code of errors of plans.

use protea_core::engine::{EngineError, ExportError};
use protea_files::FilesError;

use super::conversion::CommandError;
use crate::exit::Exit;

impl CommandError for EngineError {
    fn exit(&self) -> Exit {
        match self {
            Self::OtherPlan { .. } | Self::NotEmpty { .. } => Exit::Output,
            Self::RunnerChanged { .. } => Exit::Runner,
            Self::Claimed { .. }
            | Self::Planning { .. }
            | Self::Submitting { .. }
            | Self::ModelMissing { .. } => Exit::TryAgain,
            Self::Program { .. }
            | Self::Scheduler { .. }
            | Self::SchedulerMissing { .. }
            // The file may be readable later, or on another machine.
            | Self::Files(FilesError::Io { .. }) => Exit::Failed,
            Self::Removed { .. } | Self::Write { .. } | Self::Staging(_) => Exit::Output,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        let Self::Damaged { index, path, .. } = self else {
            return None;
        };
        let (index, path) = (index, path.display());
        Some(format!(
            "remove {path}, do the task {index} again with `protea task`, and gather again"
        ))
    }
}

impl CommandError for ExportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Path { .. } | Self::Name { .. } => Exit::Usage,
            Self::Engine(error) => error.exit(),
            Self::Workspace(error) => error.exit(),
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Name { expected, .. } => Some(format!(
                "give --output DIR/{expected}, where DIR is a new directory"
            )),
            _ => None,
        }
    }
}
