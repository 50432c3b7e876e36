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
            Self::Location { .. } => Exit::Usage,
            Self::Store(error) => error.exit(),
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
        match self {
            Self::Damaged { index, path, .. } => {
                let path = path.display();
                Some(format!(
                    "remove {path}, do the task {index} again with `protea task`, and gather again"
                ))
            }
            Self::Record { uri, .. } => Some(format!(
                "remove {uri}; if it is a result, do the task again with `protea task`"
            )),
            Self::Store(error) => error.remedy(),
            _ => None,
        }
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
