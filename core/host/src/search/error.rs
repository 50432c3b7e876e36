//! Why a search cannot be done, or found nothing.

use std::path::PathBuf;

/// Why a search cannot be done, or found nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The text does not say what to vary.
    #[error("{text:?} is not a search setting: {problem}; write k=1,3,5 or k=1..30")]
    Text {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting cannot be varied so: the runner has no such setting, or it cannot have such a
    /// value.
    #[error("the search cannot vary the setting {setting}: {problem}")]
    Setting {
        /// The setting.
        setting: String,
        /// What is wrong.
        problem: String,
    },
    /// There is nothing to vary.
    #[error(
        "no setting to search over was given; name one with its values, such as k=1,3,5,10, or with its range, such as k=1..30"
    )]
    NoSetting,
    /// There is nothing to try.
    #[error("a search needs at least one trial, and at least one trial per generation")]
    NoTrial,
    /// There is too much to try.
    #[error(
        "the grid has {trials} trials, more than {most}; list fewer values, or search at random"
    )]
    TooLarge {
        /// How many trials the grid has.
        trials: u128,
        /// How many there may be.
        most: usize,
    },
    /// The runner declares no such metric.
    #[error(
        "the runner declares no metric {metric:?}; its metrics are {}{}",
        known.join(", "),
        nearest.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
    )]
    Metric {
        /// What was asked for.
        metric: String,
        /// The name that is most like it.
        nearest: Option<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// No trial has a score.
    #[error(
        "none of the {trials} trials has a score. The first error: {first}. All trials are listed in {}",
        table.display()
    )]
    AllFailed {
        /// How many there were.
        trials: usize,
        /// What is wrong with the first.
        first: String,
        /// The table of the trials.
        table: PathBuf,
    },
}

impl SearchError {
    pub(crate) fn setting(setting: &str, problem: impl Into<String>) -> Self {
        Self::Setting {
            setting: setting.to_owned(),
            problem: problem.into(),
        }
    }
}
