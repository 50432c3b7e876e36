//! The manifest of a run at its beginning: what is to be done, with what, and where.

use std::path::Path;

use protea_contracts::Metrics;
use serde_json::json;

use super::{error::ExperimentError, recording::Diff, run_spec::RunSpec, setup::Experiment};
use crate::{
    catalog::Entry,
    workspace::{
        Artifacts, HostRecord, Job, Repositories, RunDirectory, RunManifest, RunnerRecord, Status,
    },
};

/// The manifest of a run that begins in `directory`.
///
/// # Errors
///
/// [`ExperimentError::Workspace`] when uncommitted changes of the code cannot be written.
pub(super) fn first_manifest(
    job: &Job,
    experiment: &Experiment,
    run_spec: &RunSpec<'_>,
    directory: &RunDirectory,
) -> Result<RunManifest, ExperimentError> {
    let runner = run_spec.of_runner.then(|| experiment.runner.entry());
    let tracking = &experiment.tracking;
    let mut tags = tracking.tags.clone();
    tags.extend(run_spec.tags.clone());
    let parent = run_spec.parent.or(experiment.below.as_ref());
    let is_part = run_spec.parent.is_some();
    let repositories = repositories(experiment, runner, is_part, directory.path())?;
    Ok(RunManifest {
        run_id: directory.id().clone(),
        job_id: job.id().clone(),
        pipeline: run_spec.pipeline.to_owned(),
        name: Some(run_spec.name.clone()),
        parent: parent.cloned(),
        project: tracking.project.clone(),
        group: tracking.group.clone(),
        tags,
        notes: run_spec.notes.clone().or_else(|| tracking.notes.clone()),
        status: Status::Running,
        runner: runner.map(|entry| RunnerRecord {
            name: entry.descriptor.name.clone(),
            version: entry.descriptor.version.clone(),
            contract_version: entry.descriptor.contract_version.clone(),
            path: entry.path.clone(),
            sha256: entry.sha256,
        }),
        isolation: experiment.runner.isolation().name().to_owned(),
        sandbox: experiment.runner.sandbox(),
        spec: run_spec.spec.clone(),
        seed: experiment.seed,
        threads: experiment.threads,
        datasets: run_spec
            .datasets
            .iter()
            .map(|(role, dataset)| ((*role).to_owned(), json!(dataset)))
            .collect(),
        host: HostRecord::current(),
        code: repositories.current(),
        repositories: repositories.into_records(),
        started: protea_tracking::now(),
        finished: None,
        steps: Vec::new(),
        model_uri: run_spec.model_uri.cloned(),
        metrics: Metrics::new(),
        artifacts: Artifacts {
            directory: directory.path().to_owned(),
            ..Artifacts::default()
        },
        error: None,
    })
}

/// The git work trees of what the run uses.
fn repositories(
    experiment: &Experiment,
    runner: Option<&Entry>,
    is_part: bool,
    run: &Path,
) -> Result<Repositories, ExperimentError> {
    let runner = runner.map(|entry| ("runner", entry.path.as_path()));
    let workspace = ("workspace", experiment.workspace.directory());
    let paths: Vec<(&str, &Path)> = runner.into_iter().chain([workspace]).collect();
    let mut repositories = Repositories::find(&paths, is_part);
    // The search, cross-validation or benchmark that this run is part of has the changes.
    if !is_part && experiment.recording.diff == Diff::Kept {
        repositories.keep_changes(run)?;
    }
    Ok(repositories)
}
