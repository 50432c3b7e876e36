//! The exit code of each error of the field's libraries.

use protea_cafa::{
    dataset::DatasetError, formats::FormatError, ontology::OntologyError,
    predictions::PredictionsError, reference::ReferenceError, scoring::ScoringError,
};

use super::{conversion::CommandError, remedy, scoring_remedy};
use crate::exit::Exit;

impl CommandError for DatasetError {
    fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } | Self::Exists(_) => Exit::Output,
            Self::Request(_) => Exit::Usage,
            Self::Cancelled => Exit::Cancelled,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        remedy::dataset(self)
    }
}

impl CommandError for FormatError {
    fn exit(&self) -> Exit {
        Exit::Input
    }

    fn remedy(&self) -> Option<String> {
        remedy::format(self)
    }
}

impl CommandError for OntologyError {
    fn exit(&self) -> Exit {
        Exit::Input
    }

    fn remedy(&self) -> Option<String> {
        remedy::ontology(self)
    }
}

impl CommandError for ReferenceError {
    fn exit(&self) -> Exit {
        match self {
            Self::Dataset(error) => error.exit(),
            Self::Scoring(error) => error.exit(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Dataset(error) => error.remedy(),
            Self::Scoring(error) => error.remedy(),
        }
    }
}

impl CommandError for PredictionsError {
    fn exit(&self) -> Exit {
        match self {
            Self::Table(error) => error.exit(),
            Self::Parquet(error) => error.exit(),
            Self::Scratch { .. } | Self::Write(_) => Exit::Output,
            Self::Option { .. } => Exit::Usage,
            Self::Cancelled => Exit::Cancelled,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        scoring_remedy::predictions(self)
    }
}

impl CommandError for ScoringError {
    fn exit(&self) -> Exit {
        match self {
            Self::Write { .. } => Exit::Output,
            Self::Option { .. } => Exit::Usage,
            Self::Mixed { .. } | Self::Unpaired { .. } => Exit::Failed,
            Self::Cancelled => Exit::Cancelled,
            _ => Exit::Input,
        }
    }

    fn remedy(&self) -> Option<String> {
        scoring_remedy::scoring(self)
    }
}
