//! Runs: finding the one that is meant, and making it.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    answer::{Failure, garbled},
    limits, refused,
    server::{Server, lock},
    tags, unavailable,
};
use crate::{RunStart, TrackerError};

/// How long somebody who made a run for the same id may take to see that and to take it back.
const YIELDING: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A run that has been alone for so long was not made by somebody who is about to take it back.
const SETTLED: Duration = Duration::from_secs(1);

/// A run as the server has it.
#[derive(Debug)]
pub(super) struct RemoteRun {
    /// Our id.
    pub(super) run_id: String,
    /// MLflow's.
    pub(super) id: String,
    pub(super) experiment_id: String,
    pub(super) artifact_uri: String,
    /// The params that it has, which can never change.
    pub(super) params: HashMap<String, String>,
    pub(super) is_deleted: bool,
}

impl Server {
    /// The run that began so, made where it is not there.
    pub(super) fn open(&self, start: &RunStart) -> Result<RemoteRun, TrackerError> {
        let _opening = lock(&self.opening);
        let experiment_id = self.experiment(start.project.as_deref())?;
        let run = match self.find_run(&start.run_id, &[&experiment_id])? {
            Some(run) if run.is_deleted => {
                return Err(refused(
                    &format!("the run {}", start.run_id),
                    format!(
                        "it was deleted there; `mlflow runs restore --run-id {}` brings it back",
                        run.id
                    ),
                ));
            }
            Some(run) => run,
            None => {
                let made = self.make_run(start, &experiment_id)?;
                let run = self.agree(made)?;
                self.adopt(start, &run)?;
                run
            }
        };
        lock(&self.runs).insert(start.run_id.clone(), run.id.clone());
        Ok(run)
    }

    fn make_run(&self, start: &RunStart, experiment_id: &str) -> Result<RemoteRun, TrackerError> {
        const CALL: &str = "runs/create";
        let parent = match &start.parent {
            Some(parent) => self.parent(parent, experiment_id)?,
            None => None,
        };
        let mut tags = tags::of_start(start, parent.as_deref());
        // The server would invent a name.
        let name = if start.name.is_empty() {
            &start.run_id
        } else {
            &start.name
        };
        let short = limits::cut(name, limits::RUN_NAME);
        if short != *name {
            tags.insert(tags::NAME.to_owned(), name.clone());
        }
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": limits::cut(value, limits::TAG) }))
            .collect();
        let body = json!({
            "experiment_id": experiment_id,
            "run_name": short,
            "user_id": tags::user().unwrap_or_default(),
            "start_time": start.started.as_millisecond(),
            "tags": tags,
        });
        let made = self.client.post(CALL, &body).map_err(|failure| {
            // It may have been deleted since it was asked for.
            let project = start.project.as_deref();
            lock(&self.experiments).remove(project.unwrap_or(super::experiment::DEFAULT));
            failure.of(&format!("the run {}", start.run_id))
        })?;
        let run = made.get("run").and_then(|run| read(run, &start.run_id));
        run.ok_or_else(|| garbled(CALL, "run"))
    }

    /// The one run that all who made one for the same id go on with: of two processes that looked for it
    /// at the same moment, and found none, both did.
    ///
    /// Each looks again after making its own, so at least one sees both. Who sees one with a smaller id
    /// takes its own back. Who has the smallest waits for that; where it waits in vain, the run beside is
    /// of somebody who saw nobody else and works with it, so it takes back its own too. Who has taken its own
    /// back goes on with the one that has been alone for a while: before that, its maker may see a smaller one
    /// yet that comes late, and take it back.
    fn agree(&self, made: RemoteRun) -> Result<RemoteRun, TrackerError> {
        let until = Instant::now() + YIELDING;
        loop {
            let others = self.beside(&made)?;
            match others.first() {
                None => return Ok(made),
                Some(other) if other.id < made.id || Instant::now() > until => break,
                Some(_) => thread::sleep(LOOK_AGAIN),
            }
        }
        self.take_back(&made)?;
        let mut alone: Option<(String, Instant)> = None;
        loop {
            let mut others = self.beside(&made)?;
            alone = match others.as_slice() {
                [other] => alone
                    .filter(|(id, _)| *id == other.id)
                    .or_else(|| Some((other.id.clone(), Instant::now()))),
                _ => None,
            };
            let settled = alone
                .as_ref()
                .is_some_and(|(_, since)| since.elapsed() > SETTLED);
            if settled || Instant::now() > until + YIELDING {
                let other = (!others.is_empty()).then(|| others.swap_remove(0));
                return other
                    .ok_or_else(|| unavailable(format!("the run {} is being made", made.run_id)));
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The runs with the same id of ours that are there beside this one.
    fn beside(&self, made: &RemoteRun) -> Result<Vec<RemoteRun>, TrackerError> {
        let mut all = self.find(tags::RUN_ID, &made.run_id, &[&made.experiment_id])?;
        all.retain(|run| !run.is_deleted && run.id != made.id);
        Ok(all)
    }

    /// Deletes a run that nothing was sent to, and lets it be found no more.
    fn take_back(&self, made: &RemoteRun) -> Result<(), TrackerError> {
        // No id of ours has a space.
        let apart = format!("{} made twice", made.run_id);
        for (call, body) in [
            (
                "runs/set-tag",
                json!({ "run_id": made.id, "key": tags::RUN_ID, "value": apart }),
            ),
            ("runs/delete", json!({ "run_id": made.id })),
        ] {
            self.client
                .post(call, &body)
                .map_err(Failure::on("a run that was made twice"))?;
        }
        Ok(())
    }

    /// Nests the runs that came before their parent below it.
    fn adopt(&self, start: &RunStart, parent: &RemoteRun) -> Result<(), TrackerError> {
        let experiments = self.experiments()?;
        let ids: Vec<&str> = experiments.iter().map(|found| found.id.as_str()).collect();
        for child in self.find(tags::PARENT, &start.run_id, &ids)? {
            let body = json!({
                "run_id": child.id,
                "key": tags::MLFLOW_PARENT,
                "value": parent.id,
            });
            self.client
                .post("runs/set-tag", &body)
                .map_err(Failure::on("the parent of a run"))?;
        }
        Ok(())
    }

    /// MLflow's id of the run that has ours. A parent may come later than its child, or never;
    /// then there is none.
    fn parent(&self, run_id: &str, experiment_id: &str) -> Result<Option<String>, TrackerError> {
        if let Some(id) = lock(&self.runs).get(run_id) {
            return Ok(Some(id.clone()));
        }
        let mut found = self.find_run(run_id, &[experiment_id])?;
        if found.is_none() {
            let experiments = self.experiments()?;
            let ids: Vec<&str> = experiments.iter().map(|found| found.id.as_str()).collect();
            found = self.find_run(run_id, &ids)?;
        }
        if let Some(found) = &found {
            lock(&self.runs).insert(run_id.to_owned(), found.id.clone());
        }
        Ok(found.map(|found| found.id))
    }

    /// The run that has our id; where there are several, always the same of them.
    fn find_run(
        &self,
        run_id: &str,
        experiments: &[&str],
    ) -> Result<Option<RemoteRun>, TrackerError> {
        let all = self.find(tags::RUN_ID, run_id, experiments)?;
        Ok(all.into_iter().next())
    }

    /// The runs with this tag, those that were deleted last.
    fn find(
        &self,
        tag: &str,
        run_id: &str,
        experiments: &[&str],
    ) -> Result<Vec<RemoteRun>, TrackerError> {
        const CALL: &str = "runs/search";
        let body = json!({
            "experiment_ids": experiments,
            // The id has no character that would have to be escaped.
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
            all.push(read(run, run_id).ok_or_else(|| garbled(CALL, "run_id"))?);
        }
        all.sort_by(|a, b| (a.is_deleted, &a.id).cmp(&(b.is_deleted, &b.id)));
        Ok(all)
    }
}

fn read(run: &Value, run_id: &str) -> Option<RemoteRun> {
    let info = run.get("info")?;
    let text = |name: &str| Some(info.get(name)?.as_str()?.to_owned());
    let params = run.pointer("/data/params").and_then(Value::as_array);
    let pair = |param: &Value| {
        let text = |name: &str| Some(param.get(name)?.as_str()?.to_owned());
        Some((text("key")?, text("value").unwrap_or_default()))
    };
    Some(RemoteRun {
        run_id: run_id.to_owned(),
        id: text("run_id")?,
        experiment_id: text("experiment_id")?,
        artifact_uri: text("artifact_uri").unwrap_or_default(),
        params: params.into_iter().flatten().filter_map(pair).collect(),
        is_deleted: text("lifecycle_stage").as_deref() == Some("deleted"),
    })
}
