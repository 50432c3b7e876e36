//! The exit code and the remedy of the errors of `protea serve`.

use protea_serve::ServeError;

use super::conversion::CommandError;
use crate::exit::Exit;

impl CommandError for ServeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Listen { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => {
                Some("choose another port with --port; --port 0 takes a free one".to_owned())
            }
            _ => None,
        }
    }
}
