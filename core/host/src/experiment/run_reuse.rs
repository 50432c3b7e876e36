//! Finds finished runs that did the same work, to reuse them.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use protea_contracts::Sha256;
use protea_tracking::RunId;
use serde::Deserialize;
use serde_json::Value;

use super::{finished_run::FinishedRun, observer::Step, setup::Experiment, work::Work};
use crate::workspace::{RunManifest, Status};

/// The finished runs of jobs that fitted and evaluated. Each job is read once, when it is first
/// needed.
#[derive(Default)]
pub(super) struct ReusableRuns {
    /// Whether a run is reused only if its time is comparable too.
    alike: bool,
    jobs: Mutex<HashMap<PathBuf, Arc<[ReusableRun]>>>,
}

/// The fields of a run that decide whether it did a piece of work.
struct ReusableRun {
    run_id: RunId,
    directory: PathBuf,
    runner: Sha256,
    seed: u64,
    spec: Value,
    /// The SHA-256 of what was fitted on and evaluated on.
    datasets: [Sha256; 2],
    pipeline: String,
    threads: usize,
    isolation: String,
}

impl ReusableRuns {
    /// Of those, the ones of the same pipeline, threads and isolation.
    pub(super) fn alike() -> Self {
        Self {
            alike: true,
            ..Self::default()
        }
    }

    /// The latest finished run of the job that did this work with the same runner file. Unreadable
    /// runs are skipped.
    pub(super) fn find(
        &self,
        experiment: &Experiment,
        job: &Path,
        work: &Work<'_>,
    ) -> Option<FinishedRun> {
        let runs = self.runs_of(job);
        let did = runs.iter().filter(|done| {
            done.runner == experiment.runner.entry().sha256
                && done.seed == experiment.seed
                && done.datasets == [work.train.sha256, work.eval.sha256]
                && done.spec == *work.spec.as_value()
                && (!self.alike || done.is_alike(experiment, work))
        });
        let latest = did.max_by(|a, b| a.run_id.cmp(&b.run_id))?;
        Some(FinishedRun {
            directory: latest.directory.clone(),
            manifest: RunManifest::read(&latest.directory).ok()?,
        })
    }

    fn runs_of(&self, job: &Path) -> Arc<[ReusableRun]> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = jobs.entry(job.to_owned()).or_insert_with(|| read(job));
        Arc::clone(runs)
    }
}

fn read(job: &Path) -> Arc<[ReusableRun]> {
    let entries_of = |directory: PathBuf| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path())
    };
    let pipelines = entries_of(job.join("artifacts"));
    let runs = pipelines.flat_map(entries_of);
    runs.filter_map(|directory| {
        ReusableRun::from_manifest(RunManifest::read(&directory).ok()?, directory)
    })
    .collect()
}

impl ReusableRun {
    fn is_alike(&self, experiment: &Experiment, work: &Work<'_>) -> bool {
        self.pipeline == work.pipeline
            && self.threads == experiment.threads
            && self.isolation == experiment.runner.isolation().name()
    }

    /// `None` if the run did not finish fit and evaluate.
    fn from_manifest(manifest: RunManifest, directory: PathBuf) -> Option<Self> {
        let did = |step: Step| {
            let mut steps = manifest.steps.iter();
            steps.any(|record| record.name == step.name() && record.status == Status::Finished)
        };
        let whole = manifest.status == Status::Finished && did(Step::Fit) && did(Step::Evaluate);
        if !whole {
            return None;
        }
        let sum = |role: &str| {
            let dataset = manifest.datasets.get(role)?;
            Sha256::deserialize(dataset.get("sha256")?).ok()
        };
        Some(Self {
            datasets: [sum("train")?, sum("eval")?],
            run_id: manifest.run_id,
            directory,
            runner: manifest.runner?.sha256,
            seed: manifest.seed,
            spec: manifest.spec,
            pipeline: manifest.pipeline,
            threads: manifest.threads,
            isolation: manifest.isolation,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use protea_contracts::content::digest_bytes;
    use serde_json::{Map, json};

    use super::*;
    use crate::workspace::{Artifacts, HostRecord, RunnerRecord, StepRecord};

    fn write(job: &Path, run_id: &str, steps: &[(Step, Status)]) {
        let directory = job.join("artifacts/trial").join(run_id);
        fs::create_dir_all(&directory).unwrap();
        let step = |(step, status): &(Step, Status)| StepRecord {
            name: step.name().to_owned(),
            status: *status,
            seconds: 0.1,
            metrics: Map::new(),
            extras: Map::new(),
            resources: None,
            note: None,
        };
        let manifest = RunManifest {
            run_id: run_id.into(),
            job_id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            pipeline: "trial".to_owned(),
            name: None,
            parent: None,
            project: None,
            group: None,
            tags: Default::default(),
            notes: None,
            status: Status::Finished,
            runner: Some(RunnerRecord {
                name: "knn".to_owned(),
                version: "1.0.0".to_owned(),
                contract_version: "1.0.0".to_owned(),
                path: PathBuf::from("libknn.so"),
                sha256: [0; 32].into(),
            }),
            isolation: "worker".to_owned(),
            sandbox: None,
            spec: json!({ "k": 5 }),
            seed: 7,
            threads: 1,
            datasets: ["train", "eval"]
                .map(|role| {
                    (
                        role.to_owned(),
                        json!({ "sha256": digest_bytes(role.as_bytes()) }),
                    )
                })
                .into_iter()
                .collect(),
            host: HostRecord::current(),
            code: None,
            repositories: Vec::new(),
            started: protea_tracking::now(),
            finished: Some(protea_tracking::now()),
            steps: steps.iter().map(step).collect(),
            model_uri: None,
            metrics: Map::new(),
            artifacts: Artifacts::default(),
            error: None,
        };
        let text = serde_json::to_vec(&manifest).unwrap();
        fs::write(directory.join("run_manifest.json"), text).unwrap();
    }

    #[test]
    fn a_job_is_read_once_and_only_what_fitted_and_evaluated_counts() {
        const WHOLE: [(Step, Status); 2] = [
            (Step::Fit, Status::Finished),
            (Step::Evaluate, Status::Finished),
        ];
        let job = tempfile::tempdir().unwrap();
        write(job.path(), "a", &WHOLE);
        write(job.path(), "b", &WHOLE[..1]);
        write(
            job.path(),
            "c",
            &[WHOLE[0], (Step::Evaluate, Status::Failed)],
        );
        let garbage = job.path().join("artifacts/trial/d");
        fs::create_dir_all(&garbage).unwrap();
        fs::write(garbage.join("run_manifest.json"), "{").unwrap();

        let ids = |known: &ReusableRuns| {
            let runs = known.runs_of(job.path());
            let mut ids: Vec<RunId> = runs.iter().map(|done| done.run_id.clone()).collect();
            ids.sort();
            ids
        };
        let known = ReusableRuns::default();
        assert_eq!(ids(&known), ["a"]);
        assert_eq!(
            known.runs_of(job.path())[0].datasets,
            [digest_bytes(b"train"), digest_bytes(b"eval")]
        );
        write(job.path(), "e", &WHOLE);
        assert_eq!(ids(&known), ["a"], "a search goes by how it found the job");
        assert_eq!(ids(&ReusableRuns::default()), ["a", "e"]);
    }
}
