//! What is known of a run before it begins.

use protea_tracking::{RunId, Tags};
use serde_json::{Map, Value, json};
use url::Url;

use super::setup::Experiment;
use crate::Dataset;

/// What is known of a run before it begins.
pub(super) struct RunSpec<'p> {
    /// What kind of run; the directory below `artifacts/`.
    pub(super) pipeline: &'p str,
    /// For people.
    pub(super) name: String,
    /// The settings, or `null` where a model brings its own.
    pub(super) spec: &'p Value,
    /// The model that it starts from.
    pub(super) model_uri: Option<&'p Url>,
    /// The datasets by role.
    pub(super) datasets: Vec<(&'static str, &'p Dataset)>,
    /// The run that it is part of.
    pub(super) parent: Option<&'p RunId>,
    /// The run's own tags.
    pub(super) tags: Tags,
    /// Whether it is of the experiment's runner, or of several.
    pub(super) of_runner: bool,
    /// The id that it gets, if it was chosen before.
    pub(super) run_id: Option<RunId>,
    /// The run's own text.
    pub(super) notes: Option<String>,
}

impl<'p> RunSpec<'p> {
    pub(super) fn new(pipeline: &'p str, name: impl Into<String>) -> Self {
        Self {
            pipeline,
            name: name.into(),
            spec: &Value::Null,
            model_uri: None,
            datasets: Vec::new(),
            parent: None,
            tags: Tags::new(),
            of_runner: true,
            run_id: None,
            notes: None,
        }
    }

    /// What the job of the run is known by: all that its result depends on.
    pub(super) fn state_point(&self, experiment: &Experiment) -> Map<String, Value> {
        let mut state_point = Map::new();
        if self.of_runner {
            state_point.insert("runner".to_owned(), json!(experiment.runner.name()));
        }
        state_point.insert("seed".to_owned(), json!(experiment.seed));
        match (self.model_uri, self.spec) {
            (Some(uri), _) => state_point.insert("model_uri".to_owned(), json!(uri)),
            // A group of runs is known by its name.
            (None, Value::Null) => state_point.insert("run".to_owned(), json!(self.name)),
            (None, spec) => state_point.insert("spec".to_owned(), spec.clone()),
        };
        for (role, dataset) in &self.datasets {
            state_point.insert((*role).to_owned(), json!(dataset.sha256));
        }
        state_point
    }
}

/// The run that others are nested below.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    pub(super) run_id: RunId,
    pub(super) name: String,
}
