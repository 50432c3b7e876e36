//! The exit codes and remedies of the errors of `protea serve` and `protea plot`.

use protea_report::PlotError;
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

impl CommandError for PlotError {
    fn exit(&self) -> Exit {
        match self {
            Self::OneRun { .. } => Exit::Usage,
            Self::Cancelled(_) => Exit::Cancelled,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::OneRun { .. } => Some("`pr` and `rumi` draw several runs".to_owned()),
            _ => None,
        }
    }
}
