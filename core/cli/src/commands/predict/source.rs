//! What the queries of a prediction are prepared for.

use std::path::PathBuf;

use protea_cafa::dataset::FrozenDataset;
use protea_core::Runner;
use serde_json::Value;

/// What a model comes from: all that queries are prepared for, also before the model is fitted.
pub(in crate::commands) struct Source {
    /// The runner that fits or fitted it.
    pub(in crate::commands) runner: Runner,
    /// The settings, if they are known.
    pub(in crate::commands) spec: Value,
    /// Its training set, if it can be found.
    pub(in crate::commands) training: Option<FrozenDataset>,
    /// Where its training set was, if that is known.
    pub(in crate::commands) training_place: Option<String>,
    /// The ontology in an export, if it has one.
    pub(in crate::commands) ontology: Option<PathBuf>,
    /// The directories that the model and its training set are read from.
    pub(in crate::commands) places: Vec<PathBuf>,
}
