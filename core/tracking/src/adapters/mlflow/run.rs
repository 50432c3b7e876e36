//! Finds and creates MLflow's runs.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    answer::{Failure, missing_field},
    experiment::Experiment,
    limits, refused,
    server::{Server, lock},
    tags, unavailable,
};
use crate::{RunId, RunReference, RunStart, TrackerError};

const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a run that was found has to stay the only one, at most.
const LONGEST_SETTLING: Duration = Duration::from_secs(1);
/// How long after its start other processes may still be creating a run.
const NEW: SignedDuration = SignedDuration::from_mins(2);

/// A run on the server.
#[derive(Debug)]
pub(super) struct RemoteRun {
    /// Our id.
    pub(super) run_id: RunId,
    /// MLflow's id.
    pub(super) id: String,
    pub(super) experiment_id: String,
    pub(super) artifact_uri: String,
    /// The params that the server has. They cannot be changed.
    pub(super) params: HashMap<String, String>,
    pub(super) is_deleted: bool,
    /// Whether this process has just created it, so that nothing was sent to it before.
    pub(super) is_new: bool,
    /// Our id, as the server has it.
    tagged_id: Option<String>,
}

impl Server {
    /// The run with the id of `start`. Creates it if there is none.
    pub(super) fn open(&self, start: &RunStart) -> Result<RemoteRun, TrackerError> {
        let _opening = lock(&self.opening);
        self.find_or_create(start)
    }

    /// The run that MLflow knows by this id. If the server does not have it, as
    /// [`open`](Self::open).
    pub(super) fn resume(&self, start: &RunStart, id: &str) -> Result<RemoteRun, TrackerError> {
        let _opening = lock(&self.opening);
        let Some(remembered) = self.run_with_id(id)? else {
            return self.find_or_create(start);
        };
        match &remembered.tagged_id {
            Some(tagged) if start.run_id == **tagged => {}
            // This id was remembered for another run, or our run is a duplicate that was deleted.
            Some(_) => return self.find_or_create(start),
            // Somebody has removed the tag. Without it, the run could be found by its id only.
            None if !remembered.is_deleted => self.set_tag(id, tags::RUN_ID, &start.run_id)?,
            None => {}
        }
        self.usable(RemoteRun {
            run_id: start.run_id.clone(),
            ..remembered
        })
    }

    /// The run with our id, in whatever experiment.
    pub(super) fn search(&self, run_id: &RunId) -> Result<Option<RunReference>, TrackerError> {
        let found = self.find_run(run_id, &ids(&self.experiments()?))?;
        Ok(found.map(|run| self.reference(&run)))
    }

    pub(super) fn reference(&self, run: &RemoteRun) -> RunReference {
        RunReference {
            run_id: run.id.clone(),
            url: Some(self.url(&run.experiment_id, &run.id)),
        }
    }

    fn find_or_create(&self, start: &RunStart) -> Result<RemoteRun, TrackerError> {
        let project = start.project.as_deref();
        let named = self.existing_experiment(project)?;
        // The experiment may have another name by now. A new one, with a second run, would split
        // the run.
        let experiments = self.experiments()?;
        let mut searched: Vec<&str> = ids(&experiments);
        searched.extend(named.as_deref().filter(|id| !searched.contains(id)));
        let found = self.find(tags::RUN_ID, &start.run_id, &searched)?;
        let (own, elsewhere): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|run| Some(&run.experiment_id) == named.as_ref());
        if let Some(run) = own.into_iter().next()
            && (run.is_deleted || self.is_settled(&run, start)?)
        {
            return self.usable(run);
        }
        if let Some(run) = elsewhere.into_iter().next() {
            return self.usable(run);
        }
        let experiment_id = match named.clone() {
            Some(named) => named,
            None => self.experiment(project)?,
        };
        let created = self.create_run(start, &experiment_id)?;
        let run = self.resolve_conflict(created)?;
        if !searched.contains(&&*experiment_id) {
            searched.push(&experiment_id);
        }
        self.link_children(start, &run, &searched)?;
        self.usable(run)
    }

    /// Remembers the id of a run, unless it is deleted.
    fn usable(&self, run: RemoteRun) -> Result<RemoteRun, TrackerError> {
        if run.is_deleted {
            // MLflow deletes the runs of an experiment with it.
            if let Some(experiment) = self.experiment_with_id(&run.experiment_id)? {
                Self::not_deleted(experiment)?;
            }
            return Err(refused(
                &format!("the run {}", run.run_id),
                format!(
                    "it was deleted on the server; restore it with `mlflow runs restore \
                     --run-id {}`",
                    run.id
                ),
            ));
        }
        lock(&self.runs).insert(run.run_id.clone(), run.id.clone());
        Ok(run)
    }

    /// The run with this id of MLflow, even if it is deleted.
    fn run_with_id(&self, id: &str) -> Result<Option<RemoteRun>, TrackerError> {
        const CALL: &str = "runs/get";
        match self.client.get(CALL, &[("run_id", id)]) {
            Ok(found) => {
                // Our own id of it is in a tag, if at all.
                let run = found.get("run").and_then(|run| read(run, &id.into()));
                run.map(Some).ok_or_else(|| missing_field(CALL, "run"))
            }
            // The second is what MLflow says to a text that cannot be an id.
            Err(failure)
                if failure.has_code("RESOURCE_DOES_NOT_EXIST")
                    || failure.has_code("INVALID_PARAMETER_VALUE") =>
            {
                Ok(None)
            }
            Err(failure) => Err(failure.into_error("the request for a run")),
        }
    }

    fn set_tag(&self, id: &str, key: &str, value: &str) -> Result<(), TrackerError> {
        let body = json!({ "run_id": id, "key": key, "value": value });
        let done = self.client.post("runs/set-tag", &body);
        done.map_err(Failure::on("a tag of a run")).map(drop)
    }

    fn create_run(&self, start: &RunStart, experiment_id: &str) -> Result<RemoteRun, TrackerError> {
        const CALL: &str = "runs/create";
        let parent = match &start.parent {
            Some(parent) => self.parent(parent, experiment_id)?,
            None => None,
        };
        let mut tags = tags::initial(start, parent.as_deref());
        // Without a name, the server invents one.
        let name = if start.name.is_empty() {
            start.run_id.as_str()
        } else {
            &start.name
        };
        let short = limits::fitted(name, limits::RUN_NAME);
        if short != name {
            tags.insert(tags::NAME.to_owned(), name.to_owned());
        }
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": limits::fitted(value, limits::TAG) }))
            .collect();
        let body = json!({
            "experiment_id": experiment_id,
            "run_name": short,
            "user_id": tags::user().unwrap_or_default(),
            "start_time": start.started.as_millisecond(),
            "tags": tags,
        });
        let created = self.client.post(CALL, &body).map_err(|failure| {
            // The experiment may have been deleted after its id was cached.
            let project = start.project.as_deref();
            lock(&self.experiments).remove(project.unwrap_or(super::experiment::DEFAULT));
            failure.into_error(&format!("the run {}", start.run_id))
        })?;
        let run = created.get("run").and_then(|run| read(run, &start.run_id));
        run.ok_or_else(|| missing_field(CALL, "run"))
    }

    /// Makes all processes that created a run for the same id at the same time use the same run.
    ///
    /// After creating a run, each process lists the runs with the id, so at least one process sees
    /// all of them. The rules:
    ///
    /// 1. A process that sees a run with a smaller id than its own deletes its own.
    /// 2. The process with the smallest id waits for the others to do so. If it times out, the
    ///    other run belongs to a process that saw no conflict and uses its run, so it deletes its
    ///    own too.
    /// 3. A process that has deleted its own run uses a run that stays the only one for a while. A
    ///    new one can still be deleted, when its creator sees an even smaller id.
    ///
    /// The others list the runs within a few requests, so the times are fractions of the time limit
    /// of a request: 5 s for rule 2 and 1 s for rule 3 by default.
    fn resolve_conflict(&self, created: RemoteRun) -> Result<RemoteRun, TrackerError> {
        let conflict_timeout = self.client.timeout() / 6;
        let stable_for = self.client.timeout() / 30;
        let deadline = Instant::now() + conflict_timeout;
        loop {
            let others = self.others(&created)?;
            match others.first() {
                None => {
                    return Ok(RemoteRun {
                        is_new: true,
                        ..created
                    });
                }
                Some(other) if other.id < created.id || Instant::now() > deadline => break,
                Some(_) => thread::sleep(POLL_INTERVAL),
            }
        }
        self.delete_duplicate(&created)?;
        let mut only: Option<(String, Instant)> = None;
        loop {
            let mut others = self.others(&created)?;
            only = match others.as_slice() {
                [other] => only
                    .filter(|(id, _)| *id == other.id)
                    .or_else(|| Some((other.id.clone(), Instant::now()))),
                _ => None,
            };
            let is_stable = only
                .as_ref()
                .is_some_and(|(_, since)| since.elapsed() > stable_for);
            if is_stable || Instant::now() > deadline + conflict_timeout {
                let other = (!others.is_empty()).then(|| others.swap_remove(0));
                return other.ok_or_else(|| {
                    let run_id = &created.run_id;
                    unavailable(format!("other processes are creating the run {run_id}"))
                });
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Whether a run that another process created stays the only one for a while. A new one can
    /// still be deleted, when its creator sees a smaller id.
    fn is_settled(&self, run: &RemoteRun, start: &RunStart) -> Result<bool, TrackerError> {
        let age = crate::now().duration_since(start.started);
        if age > NEW {
            return Ok(true);
        }
        let settled = Instant::now() + (self.client.timeout() / 30).min(LONGEST_SETTLING);
        while Instant::now() < settled {
            let alone = self.find(tags::RUN_ID, &run.run_id, &[&run.experiment_id])?;
            let mut alone = alone.iter().filter(|other| !other.is_deleted);
            if !matches!((alone.next(), alone.next()), (Some(only), None) if only.id == run.id) {
                return Ok(false);
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(true)
    }

    /// The other runs with our id, sorted by MLflow's id.
    fn others(&self, created: &RemoteRun) -> Result<Vec<RemoteRun>, TrackerError> {
        let mut all = self.find(tags::RUN_ID, &created.run_id, &[&created.experiment_id])?;
        all.retain(|run| !run.is_deleted && run.id != created.id);
        Ok(all)
    }

    /// Deletes a run to which nothing was sent, and changes its id so that it is not found again.
    fn delete_duplicate(&self, created: &RemoteRun) -> Result<(), TrackerError> {
        // Our ids contain no space, so this is the id of no run.
        let unused_id = format!("{} created twice", created.run_id);
        for (call, body) in [
            (
                "runs/set-tag",
                json!({ "run_id": created.id, "key": tags::RUN_ID, "value": unused_id }),
            ),
            ("runs/delete", json!({ "run_id": created.id })),
        ] {
            self.client
                .post(call, &body)
                .map_err(Failure::on("the deletion of a run that was created twice"))?;
        }
        Ok(())
    }

    /// Nests runs that were sent before their parent.
    fn link_children(
        &self,
        start: &RunStart,
        parent: &RemoteRun,
        experiments: &[&str],
    ) -> Result<(), TrackerError> {
        for child in self.find(tags::PARENT, &start.run_id, experiments)? {
            self.set_tag(&child.id, tags::MLFLOW_PARENT, &parent.id)?;
        }
        Ok(())
    }

    /// MLflow's id of a parent. None if it was not sent yet: a parent can arrive after its child.
    fn parent(&self, run_id: &RunId, experiment_id: &str) -> Result<Option<String>, TrackerError> {
        if let Some(id) = lock(&self.runs).get(run_id) {
            return Ok(Some(id.clone()));
        }
        let mut found = self.find_run(run_id, &[experiment_id])?;
        if found.is_none() {
            found = self.find_run(run_id, &ids(&self.experiments()?))?;
        }
        if let Some(found) = &found {
            lock(&self.runs).insert(run_id.clone(), found.id.clone());
        }
        Ok(found.map(|found| found.id))
    }

    /// The run with our id. If there are several, always the same of them.
    fn find_run(
        &self,
        run_id: &RunId,
        experiments: &[&str],
    ) -> Result<Option<RemoteRun>, TrackerError> {
        let all = self.find(tags::RUN_ID, run_id, experiments)?;
        Ok(all.into_iter().next())
    }

    /// The runs with this value of a tag. Deleted runs are at the end.
    fn find(
        &self,
        tag: &str,
        run_id: &RunId,
        experiments: &[&str],
    ) -> Result<Vec<RemoteRun>, TrackerError> {
        const CALL: &str = "runs/search";
        if experiments.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "experiment_ids": experiments,
            // Our ids contain no character that needs escaping.
            "filter": format!("tags.`{tag}` = '{run_id}'"),
            "run_view_type": "ALL",
            "max_results": 1000,
        });
        let found = self
            .client
            .post(CALL, &body)
            .map_err(Failure::on("a search for a run"))?;
        let runs = found.get("runs").and_then(Value::as_array);
        let mut all = Vec::new();
        for run in runs.into_iter().flatten() {
            all.push(read(run, run_id).ok_or_else(|| missing_field(CALL, "run_id"))?);
        }
        all.sort_by(|a, b| (a.is_deleted, &a.id).cmp(&(b.is_deleted, &b.id)));
        Ok(all)
    }
}

fn ids(experiments: &[Experiment]) -> Vec<&str> {
    experiments.iter().map(|found| found.id.as_str()).collect()
}

fn read(run: &Value, run_id: &RunId) -> Option<RemoteRun> {
    let info = run.get("info")?;
    let text = |name: &str| Some(info.get(name)?.as_str()?.to_owned());
    let params = run.pointer("/data/params").and_then(Value::as_array);
    let pair = |param: &Value| {
        let text = |name: &str| Some(param.get(name)?.as_str()?.to_owned());
        Some((text("key")?, text("value").unwrap_or_default()))
    };
    Some(RemoteRun {
        run_id: run_id.clone(),
        id: text("run_id")?,
        experiment_id: text("experiment_id")?,
        artifact_uri: text("artifact_uri").unwrap_or_default(),
        params: params.into_iter().flatten().filter_map(pair).collect(),
        is_deleted: text("lifecycle_stage").as_deref() == Some("deleted"),
        is_new: false,
        tagged_id: tags::of(run, tags::RUN_ID),
    })
}
