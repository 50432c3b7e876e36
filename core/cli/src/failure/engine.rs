//! The exit code of errors of plans.

use std::io;

use protea_core::engine::{EngineError, ExportError};
use protea_files::FilesError;

use super::conversion::CommandError;
use crate::exit::Exit;

impl CommandError for EngineError {
    fn exit(&self) -> Exit {
        match self {
            Self::OtherPlan { .. } | Self::NotEmpty { .. } | Self::NotDirectory { .. } => Exit::Output,
            Self::RunnerChanged { .. } => Exit::Runner,
            Self::Location { .. } => Exit::Usage,
            Self::Store(error) => error.exit(),
            Self::Claimed { .. }
            | Self::Planning { .. }
            | Self::Submitting { .. }
            | Self::SchedulerUnreachable { .. }
            | Self::ModelMissing { .. } => Exit::TryAgain,
            Self::Program { .. }
            | Self::Scheduler { .. }
            | Self::SchedulerMissing { .. }
            // The file may be readable later, or on another machine.
            | Self::Files(FilesError::Read { .. }) => Exit::Failed,
            Self::PartlySubmitted { source, .. } => source.exit(),
            Self::Removed { .. } | Self::Write { .. } | Self::Staging(_) => Exit::Output,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Damaged { index, path, .. } => Some(format!(
                "remove {}, execute the task {index} again with `protea task`, and gather again",
                path.display()
            )),
            Self::TasksRemoved { .. } => {
                Some("restore it, or plan again into a new directory".to_owned())
            }
            Self::NotDirectory { .. } => Some("plan into a new directory".to_owned()),
            Self::PartlySubmitted { .. } => {
                Some("these jobs continue; repeat this command to submit the others".to_owned())
            }
            Self::Record { uri, .. } => Some(format!(
                "remove {uri}; if it is a result, execute the task again with `protea task`"
            )),
            Self::Store(error) => error.remedy(),
            _ if self.needs_person() => Some(
                "if several users share the plan, its directories must belong to a group of all of them \
                 and be writable for it: `chgrp -R GROUP DIR`, `chmod -R g+rwXs DIR`, and all use \
                 `umask 002`"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn needs_person(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
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
