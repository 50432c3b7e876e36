//! MLflow's experiments, which correspond to projects.

use serde_json::{Value, json};

use super::{
    answer::{Failure, missing_field},
    server::{Server, lock},
    unusable,
};
use crate::TrackerError;

/// The experiment of runs without a project. Every server has it.
pub(super) const DEFAULT: &str = "Default";

/// An experiment on the server.
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_deleted: bool,
}

const BY_NAME: &str = "experiments/get-by-name";

impl Server {
    /// The id of a project's experiment. Creates the experiment if there is none.
    pub(super) fn experiment(&self, project: Option<&str>) -> Result<String, TrackerError> {
        if let Some(id) = self.existing_experiment(project)? {
            return Ok(id);
        }
        let name = project.unwrap_or(DEFAULT);
        let id = self.create_experiment(name)?;
        lock(&self.experiments).insert(name.to_owned(), id.clone());
        Ok(id)
    }

    /// The id of a project's experiment, if there is one.
    pub(super) fn existing_experiment(
        &self,
        project: Option<&str>,
    ) -> Result<Option<String>, TrackerError> {
        let name = project.unwrap_or(DEFAULT);
        if let Some(id) = lock(&self.experiments).get(name) {
            return Ok(Some(id.clone()));
        }
        let Some(found) = self.experiment_named(name)? else {
            return Ok(None);
        };
        let id = Self::not_deleted(found)?;
        lock(&self.experiments).insert(name.to_owned(), id.clone());
        Ok(Some(id))
    }

    /// The experiment with this id, even if it is deleted.
    pub(super) fn experiment_with_id(&self, id: &str) -> Result<Option<Experiment>, TrackerError> {
        match self.client.get("experiments/get", &[("experiment_id", id)]) {
            Ok(found) => Ok(found.get("experiment").and_then(read)),
            Err(failure) if failure.has_code("RESOURCE_DOES_NOT_EXIST") => Ok(None),
            Err(failure) => Err(failure.into_error("the request for an experiment")),
        }
    }

    /// Checks that a project's experiment was not deleted. It may not exist yet. Its id is kept for
    /// the runs that follow.
    pub(super) fn check_experiment(&self, project: Option<&str>) -> Result<(), TrackerError> {
        let name = project.unwrap_or(DEFAULT);
        let query = [("experiment_name", name)];
        match named(name, self.client.get_interactive(BY_NAME, &query))? {
            Some(found) => {
                let id = Self::not_deleted(found)?;
                lock(&self.experiments).insert(name.to_owned(), id);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The experiment with this name, even if it is deleted.
    pub(super) fn experiment_named(&self, name: &str) -> Result<Option<Experiment>, TrackerError> {
        named(name, self.client.get(BY_NAME, &[("experiment_name", name)]))
    }

    /// All experiments that are not deleted.
    pub(super) fn experiments(&self) -> Result<Vec<Experiment>, TrackerError> {
        let mut all = Vec::new();
        let mut body = json!({ "max_results": 1000, "view_type": "ACTIVE_ONLY" });
        loop {
            let found = self
                .client
                .post("experiments/search", &body)
                .map_err(Failure::on("the list of experiments"))?;
            let page = found.get("experiments").and_then(Value::as_array);
            all.extend(page.into_iter().flatten().filter_map(read));
            match found.get("next_page_token").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => body["page_token"] = token.into(),
                _ => return Ok(all),
            }
        }
    }

    fn create_experiment(&self, name: &str) -> Result<String, TrackerError> {
        const CALL: &str = "experiments/create";
        match self.client.post(CALL, &json!({ "name": name })) {
            Ok(created) => {
                let id = created.get("experiment_id").and_then(Value::as_str);
                Ok(id
                    .ok_or_else(|| missing_field(CALL, "experiment_id"))?
                    .to_owned())
            }
            // Another process has created it in between.
            Err(failure) if failure.has_code("RESOURCE_ALREADY_EXISTS") => {
                match self.experiment_named(name)? {
                    Some(found) => Self::not_deleted(found),
                    None => Err(failure.into_error(&format!("the experiment {name:?}"))),
                }
            }
            Err(failure) => Err(failure.into_error(&format!("the experiment {name:?}"))),
        }
    }

    /// The id of an experiment that is not deleted.
    pub(super) fn not_deleted(experiment: Experiment) -> Result<String, TrackerError> {
        if experiment.is_deleted {
            return Err(unusable(
                &format!("the experiment {:?} was deleted", experiment.name),
                &format!(
                    "restore it with `mlflow experiments restore --experiment-id {}` or use \
                     another project",
                    experiment.id
                ),
            ));
        }
        Ok(experiment.id)
    }
}

/// The experiment in the answer to the request for this name.
fn named(name: &str, answer: Result<Value, Failure>) -> Result<Option<Experiment>, TrackerError> {
    match answer {
        Ok(found) => {
            let found = found.get("experiment").and_then(read);
            found
                .map(Some)
                .ok_or_else(|| missing_field(BY_NAME, "experiment"))
        }
        Err(failure) if failure.has_code("RESOURCE_DOES_NOT_EXIST") => Ok(None),
        Err(failure) => {
            Err(failure.into_error(&format!("the request for the experiment {name:?}")))
        }
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
