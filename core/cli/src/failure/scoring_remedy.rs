//! What a user can do about ground truths and predictions that cannot be scored.

use std::{io::ErrorKind, path::Path};

use protea_cafa::{predictions::PredictionsError, scoring::ScoringError};

use super::remedy::{format, inspect, lacks_zstd, text, unreadable};
use crate::build_features;

pub(super) fn scoring(error: &ScoringError) -> Option<String> {
    match error {
        ScoringError::Read { source, .. } if lacks_zstd(source) => Some(build_features::remedy()),
        ScoringError::Read {
            input: "predictions",
            source,
            ..
        } if source.kind() == ErrorKind::NotFound => text(
            "give a file or a directory; `protea runs show RUN` prints where the predictions of a run \
             are",
        ),
        ScoringError::Read { file, source, .. } => unreadable(Path::new(file), source),
        ScoringError::Foreign { file, .. }
        | ScoringError::LineTooLong { file, .. }
        | ScoringError::EmptyGroundTruth { file, .. }
        | ScoringError::NoTermOfInterest { file, .. }
        | ScoringError::MalformedScore { file, .. }
        | ScoringError::MalformedAccretion { file, .. }
        | ScoringError::EmptyAccretion { file } => Some(inspect(Path::new(file))),
        ScoringError::Separator { input, file, .. } if *input != "predictions" => {
            Some(inspect(Path::new(file)))
        }
        // These name predictions by their name in the tables, which is not a path.
        ScoringError::Separator { .. } | ScoringError::NoOverlap { .. } => {
            text("`protea dataset inspect FILE` shows what a file is and its names")
        }
        ScoringError::Write { .. } => {
            text("no file was left under that name; check the permissions and the free space")
        }
        ScoringError::NothingLeft { .. } => text("check --known and --toi"),
        _ => None,
    }
}

pub(super) fn predictions(error: &PredictionsError) -> Option<String> {
    match error {
        PredictionsError::Table(error) => scoring(error),
        PredictionsError::Parquet(error) => format(error),
        PredictionsError::NotBuilt { .. } => Some(build_features::remedy()),
        PredictionsError::Scratch { .. } => {
            text("free some space there, or name another directory in TMPDIR")
        }
        _ => None,
    }
}
