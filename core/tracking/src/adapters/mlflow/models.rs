//! Logged models, which servers have since MLflow 3.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::{Failure, missing_field},
    naming,
    run::RemoteRun,
    server::Server,
    sink::MlflowSink,
    tags,
    uploads::Uploads,
};
use crate::{Artifact, TrackerError};

struct Model {
    id: String,
    artifact_uri: String,
    is_ready: bool,
}

impl MlflowSink {
    /// Uploads a model: as a logged model if the server has them, otherwise as an artefact of the
    /// run. `seq` distinguishes models of a run with the same name.
    pub(super) fn put_model(&mut self, seq: u64, artifact: &Artifact) -> Result<(), TrackerError> {
        let what = format!("the model {:?}", artifact.name);
        let server = Arc::clone(&self.server);
        // The server cannot have the model of a run that was just created, unless this is a repeated
        // attempt.
        let is_first = self.run.is_new && self.models.insert(seq);
        let known = if is_first {
            Ok(None)
        } else {
            server.find_model(&self.run, seq)
        };
        let (model, is_known) = match known {
            Ok(Some(model)) => (Ok(model), true),
            Ok(None) => (server.create_model(&self.run, seq, artifact), false),
            Err(failure) => (Err(failure), false),
        };
        let model = match model {
            Ok(model) => model,
            Err(failure) if failure.is_no_such_endpoint() => return self.put_artifact(artifact),
            Err(failure) => return Err(failure.into_error(&what)),
        };
        let mut uploads = Uploads::default();
        if !model.is_ready {
            uploads.add(&model.artifact_uri, "", &artifact.path)?;
        }
        uploads.send(&server.client, || {
            if is_known && server.has_output(&self.run, &model.id, &what)? {
                return Ok(());
            }
            server.add_output(&self.run, &model.id, &what)
        })?;
        if !model.is_ready {
            let body = json!({ "model_id": model.id, "status": READY });
            server
                .client
                .patch(&format!("logged-models/{}", model.id), &body)
                .map_err(Failure::on(&what))?;
        }
        Ok(())
    }
}

impl Server {
    fn find_model(&self, run: &RemoteRun, seq: u64) -> Result<Option<Model>, Failure> {
        let filter = format!(
            "source_run_id = '{}' AND tags.`{}` = '{seq}'",
            run.id,
            tags::SEQ
        );
        let body = json!({ "experiment_ids": [run.experiment_id], "filter": filter });
        let found = self.client.post("logged-models/search", &body)?;
        Ok(found.pointer("/models/0").and_then(read))
    }

    fn create_model(
        &self,
        run: &RemoteRun,
        seq: u64,
        artifact: &Artifact,
    ) -> Result<Model, Failure> {
        let body = json!({
            "experiment_id": run.experiment_id,
            "name": naming::model(&artifact.name),
            "source_run_id": run.id,
            "tags": [
                { "key": tags::RUN_ID, "value": run.run_id },
                { "key": tags::SEQ, "value": seq.to_string() },
                { "key": tags::NAME, "value": artifact.name },
            ],
        });
        let created = self.client.post("logged-models", &body)?;
        created
            .get("model")
            .and_then(read)
            .ok_or_else(|| Failure::NotMlflow("`logged-models` has no `model`".to_owned()))
    }

    /// Whether the model is an output of the run.
    fn has_output(&self, run: &RemoteRun, model: &str, what: &str) -> Result<bool, TrackerError> {
        const CALL: &str = "runs/get";
        let found = self
            .client
            .get(CALL, &[("run_id", &run.id)])
            .map_err(Failure::on(what))?;
        let found = found.get("run").ok_or_else(|| missing_field(CALL, "run"))?;
        let outputs = found
            .pointer("/outputs/model_outputs")
            .and_then(Value::as_array);
        let is_this =
            |output: &Value| output.get("model_id").and_then(Value::as_str) == Some(model);
        Ok(outputs.is_some_and(|outputs| outputs.iter().any(is_this)))
    }

    /// Links the model to the run as its output. The server refuses to do so twice.
    fn add_output(&self, run: &RemoteRun, model: &str, what: &str) -> Result<(), TrackerError> {
        let body = json!({ "run_id": run.id, "models": [{ "model_id": model, "step": 0 }] });
        let answer = self.client.post("runs/outputs", &body);
        answer.map_err(Failure::on(what)).map(drop)
    }
}

const READY: &str = "LOGGED_MODEL_READY";

fn read(model: &Value) -> Option<Model> {
    let info = model.get("info")?;
    let text = |name: &str| Some(info.get(name)?.as_str()?.to_owned());
    Some(Model {
        id: text("model_id")?,
        artifact_uri: text("artifact_uri")?,
        is_ready: text("status").as_deref() == Some(READY),
    })
}
