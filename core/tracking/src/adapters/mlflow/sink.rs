//! Sends events to a run.

use std::{collections::HashSet, sync::Arc};

use serde_json::json;

use super::{
    answer::Failure,
    batch::{Batch, Pushed},
    limits, naming,
    params::params,
    refused,
    run::RemoteRun,
    server::Server,
    tags,
    uploads::Uploads,
};
use crate::{
    Artifact, EventKind, MetricPoint, RunEvent, RunReference, RunSink, RunStart, RunStatus, Tags,
    TrackerError,
};

/// The sink of a run.
pub(super) struct MlflowSink {
    pub(super) server: Arc<Server>,
    pub(super) run: RemoteRun,
    batch: Batch,
    /// Params in the batch. The server has them once it is sent.
    pending: Vec<(String, String)>,
    /// Files that are sent together with the batch.
    uploads: Uploads,
    /// Positions of the models that this sink has begun to send.
    pub(super) models: HashSet<u64>,
}

impl MlflowSink {
    pub(super) fn new(server: Arc<Server>, run: RemoteRun) -> Self {
        Self {
            server,
            run,
            batch: Batch::default(),
            pending: Vec::new(),
            uploads: Uploads::default(),
            models: HashSet::new(),
        }
    }

    fn accept(&mut self, event: &RunEvent<'_>) -> Result<(), TrackerError> {
        match &event.kind {
            EventKind::InitRun(start) => self.start(start),
            EventKind::LogParams { params: settings } => self.params(params(settings)),
            EventKind::Log { step, metrics } => {
                self.metrics(event.time.as_millisecond(), *step, metrics)
            }
            EventKind::SetTags { tags } => self.tags(tags),
            EventKind::LogArtifact(artifact) => self.put_artifact(artifact),
            EventKind::LogModel(artifact) => self.put_model(event.seq, artifact),
            EventKind::Finish { status, error } => {
                if let Some(error) = error {
                    self.tag(tags::ERROR, error)?;
                }
                self.flush()?;
                self.finish(*status, event.time.as_millisecond())
            }
        }
    }

    fn start(&mut self, start: &RunStart) -> Result<(), TrackerError> {
        self.tags(&start.tags)?;
        self.params(params(&start.config))?;
        self.server.put_inputs(&self.run, &start.inputs)
    }

    /// Uploads a file or directory as an artefact of the run, with the next batch.
    pub(super) fn put_artifact(&mut self, artifact: &Artifact) -> Result<(), TrackerError> {
        if self.uploads.is_full() {
            self.flush()?;
        }
        let name: Vec<_> = artifact
            .name
            .split('/')
            .map(naming::artifact_part)
            .collect();
        self.uploads
            .add(&self.run.artifact_uri, &name.join("/"), &artifact.path)
    }

    fn tags(&mut self, tags: &Tags) -> Result<(), TrackerError> {
        tags.iter()
            .try_for_each(|(name, value)| self.tag(&tags::key(name), value))
    }

    fn tag(&mut self, key: &str, value: &str) -> Result<(), TrackerError> {
        let value = limits::fitted(value, limits::TAG);
        self.push(|batch| batch.tag(key, &value))
    }

    fn params(&mut self, params: Vec<(String, String)>) -> Result<(), TrackerError> {
        // Params cannot be changed. The others are sent although the first change is reported.
        let mut changed = None;
        for (key, value) in params {
            let pending = self.pending.iter().find(|(known, _)| *known == key);
            let known = pending
                .map(|(_, value)| value)
                .or(self.run.params.get(&key));
            match known {
                Some(known) if *known == value => {}
                Some(known) => changed = changed.or(Some((key, known.clone(), value))),
                None => {
                    self.push(|batch| batch.param(&key, &value))?;
                    self.pending.push((key, value));
                }
            }
        }
        let Some((key, was, now)) = changed else {
            return Ok(());
        };
        Err(refused(
            &format!("a change of the param {key:?}"),
            format!(
                "its value {:?} cannot be changed to {:?}",
                limits::fitted(&was, MAX_PRINTED),
                limits::fitted(&now, MAX_PRINTED)
            ),
        ))
    }

    fn metrics(
        &mut self,
        time: i64,
        step: u64,
        metrics: &[MetricPoint<'_>],
    ) -> Result<(), TrackerError> {
        // The server would report success and drop the point.
        let Ok(step) = i64::try_from(step) else {
            return Err(refused(
                &format!("the step {step}"),
                format!("the largest step is {}", i64::MAX),
            ));
        };
        for metric in metrics {
            let key = naming::key(&metric.name);
            self.push(|batch| batch.metric(&key, metric.value, time, step))?;
        }
        Ok(())
    }

    fn finish(&self, status: RunStatus, time: i64) -> Result<(), TrackerError> {
        let mut body = json!({ "run_id": self.run.id, "status": status.name().to_uppercase() });
        if status != RunStatus::Running {
            body["end_time"] = time.into();
        }
        let done = self.server.client.post("runs/update", &body);
        done.map_err(Failure::on("the end of a run")).map(drop)
    }

    fn push(&mut self, push: impl Fn(&mut Batch) -> Pushed) -> Result<(), TrackerError> {
        if push(&mut self.batch) == Pushed::Full {
            self.flush()?;
            push(&mut self.batch);
        }
        Ok(())
    }

    /// Sends the batch, and at the same time the files.
    fn flush(&mut self) -> Result<(), TrackerError> {
        let body = (!self.batch.is_empty()).then(|| self.batch.body(&self.run.id));
        self.batch.clear();
        let pending = std::mem::take(&mut self.pending);
        let (client, params) = (&self.server.client, &mut self.run.params);
        self.uploads.send(client, || {
            let Some(body) = body else {
                return Ok(());
            };
            let sent = client.post_bytes("runs/log-batch", &body);
            sent.map_err(Failure::on("metrics, params and tags"))?;
            params.extend(pending);
            Ok(())
        })
    }
}

/// How much of a value to print in a message, in characters.
const MAX_PRINTED: usize = 100;

impl RunSink for MlflowSink {
    fn reference(&self) -> RunReference {
        self.server.reference(&self.run)
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        // What an earlier call did not send comes again with its events.
        self.batch.clear();
        self.pending.clear();
        self.uploads.clear();
        let accepted = events.iter().try_for_each(|event| self.accept(event));
        if accepted.is_ok() || matches!(accepted, Err(TrackerError::Refused { .. })) {
            // What precedes a refused event is sent.
            self.flush()?;
        }
        accepted
    }
}
