//! Experiments: what a project is there.

use serde_json::{Value, json};

use super::{
    answer::{Failure, garbled},
    server::{Server, lock},
    unusable,
};
use crate::TrackerError;

/// The experiment of a run without a project; every server has it.
pub(super) const DEFAULT: &str = "Default";

/// An experiment that is there.
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_deleted: bool,
}

impl Server {
    /// The experiment of a project, made where there is none.
    pub(super) fn experiment(&self, project: Option<&str>) -> Result<String, TrackerError> {
        let name = project.unwrap_or(DEFAULT);
        if let Some(id) = lock(&self.experiments).get(name) {
            return Ok(id.clone());
        }
        let id = match self.experiment_named(name)? {
            Some(found) => Self::alive(found)?,
            None => self.make_experiment(name)?,
        };
        lock(&self.experiments).insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// The experiment with this name, also a deleted one.
    pub(super) fn experiment_named(&self, name: &str) -> Result<Option<Experiment>, TrackerError> {
        const CALL: &str = "experiments/get-by-name";
        match self.client.get(CALL, &[("experiment_name", name)]) {
            Ok(found) => {
                let found = found.get("experiment").and_then(read);
                found.map(Some).ok_or_else(|| garbled(CALL, "experiment"))
            }
            Err(failure) if failure.is("RESOURCE_DOES_NOT_EXIST") => Ok(None),
            Err(failure) => Err(failure.of(&format!("a look at the experiment {name:?}"))),
        }
    }

    /// All experiments that are not deleted.
    pub(super) fn experiments(&self) -> Result<Vec<Experiment>, TrackerError> {
        let mut all = Vec::new();
        let mut body = json!({ "max_results": 1000, "view_type": "ACTIVE_ONLY" });
        loop {
            let found = self
                .client
                .post("experiments/search", &body)
                .map_err(Failure::on("a look at the experiments"))?;
            let page = found.get("experiments").and_then(Value::as_array);
            all.extend(page.into_iter().flatten().filter_map(read));
            match found.get("next_page_token").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => body["page_token"] = token.into(),
                _ => return Ok(all),
            }
        }
    }

    fn make_experiment(&self, name: &str) -> Result<String, TrackerError> {
        const CALL: &str = "experiments/create";
        match self.client.post(CALL, &json!({ "name": name })) {
            Ok(made) => {
                let id = made.get("experiment_id").and_then(Value::as_str);
                Ok(id.ok_or_else(|| garbled(CALL, "experiment_id"))?.to_owned())
            }
            // Another process was quicker.
            Err(failure) if failure.is("RESOURCE_ALREADY_EXISTS") => {
                match self.experiment_named(name)? {
                    Some(found) => Self::alive(found),
                    None => Err(failure.of(&format!("the experiment {name:?}"))),
                }
            }
            Err(failure) => Err(failure.of(&format!("the experiment {name:?}"))),
        }
    }

    fn alive(experiment: Experiment) -> Result<String, TrackerError> {
        if experiment.is_deleted {
            return Err(unusable(
                &format!("the experiment {:?} was deleted", experiment.name),
                &format!(
                    "restore it (`mlflow experiments restore --experiment-id {}`), or give \
                     another project",
                    experiment.id
                ),
            ));
        }
        Ok(experiment.id)
    }
}

fn read(found: &Value) -> Option<Experiment> {
    let text = |name: &str| Some(found.get(name)?.as_str()?.to_owned());
    Some(Experiment {
        id: text("experiment_id")?,
        name: text("name")?,
        is_deleted: text("lifecycle_stage").as_deref() == Some("deleted"),
    })
}
