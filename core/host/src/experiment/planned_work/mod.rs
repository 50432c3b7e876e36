//! Takes the results of tasks in the place of work, and does tasks.

mod attempt;
mod import;
mod prediction;
mod take_jobs;

use std::path::PathBuf;

pub use attempt::{AttemptOptions, Attempted, attempt};
pub use prediction::attempt_prediction;

use super::{
    delegation::{Delegation, Found, Mode},
    error::ExperimentError,
    finished_run::FinishedRun,
    observer::Step,
    run_spec::RunSpec,
    setup::Experiment,
};
use crate::{
    DispatchError,
    engine::{PlannedRunner, Task, TaskDataset, TaskKind, TaskOutcome, TaskResult, TaskRunner},
    workspace::{RunManifest, job_id},
};

impl Delegation {
    /// Takes the results into the workspace, as far as this can be done for all at once.
    pub(super) fn prepare(&self, experiment: &Experiment) -> Result<(), ExperimentError> {
        match &self.plan {
            Some(plan) if self.mode == Mode::Record && experiment.job.is_none() => Ok(
                take_jobs::take_jobs(plan, experiment.workspace.directory())?,
            ),
            _ => Ok(()),
        }
    }

    /// The directory of a job in the workspace, which may not exist.
    pub(super) fn job_directory(
        &self,
        experiment: &Experiment,
        run_spec: &RunSpec<'_>,
    ) -> Result<PathBuf, ExperimentError> {
        let id = job_id(&run_spec.state_point(experiment)).map_err(crate::WorkspaceError::from)?;
        Ok(self.workspace.join("workspace").join(id.as_str()))
    }

    /// Whether the plan has this work as a task.
    pub(super) fn knows(
        &self,
        experiment: &Experiment,
        run_spec: &RunSpec<'_>,
        kind: TaskKind,
    ) -> bool {
        self.known
            .contains_key(&task_of(experiment, run_spec, kind).id)
    }

    /// A finished run of the workspace did this work.
    pub(super) fn reuse(&self, experiment: &Experiment, run_spec: &RunSpec<'_>) {
        let mut found = self.found();
        found.reused += 1;
        found.note(experiment, run_spec);
    }

    /// The result of the task that does this work.
    pub(super) fn outcome(
        &self,
        experiment: &Experiment,
        run_spec: &RunSpec<'_>,
        kind: TaskKind,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut task = task_of(experiment, run_spec, kind);
        let mut found = self.found();
        found.note(experiment, run_spec);
        let copies = found.copies.entry(task.id.clone()).or_default();
        task.copy = *copies;
        *copies += 1;
        task.id = task.content_id();
        let index = self.known.get(&task.id).copied();
        let result = match (&self.plan, index) {
            (Some(plan), Some(_)) => plan.result(&task.id)?,
            _ => None,
        };
        let Some((directory, result)) = result else {
            found.pending += 1;
            task.index = index.unwrap_or(self.known.len() + found.tasks.len());
            let pending = ExperimentError::Pending {
                index: task.index,
                reason: self.reason(&task),
            };
            if index.is_none() {
                found.tasks.push(task);
            }
            return Err(pending);
        };
        task.index = index.unwrap_or_default();
        drop(found);
        let run = match self.mode {
            Mode::Survey => read(directory.join(&result.run))?,
            Mode::Record => {
                import::import(experiment, run_spec, &directory, (task.index, &result))?
            }
        };
        match result.outcome {
            TaskOutcome::Finished => Ok(run),
            TaskOutcome::Failed => Err(failure(&result, run)),
        }
    }

    /// Why a task has no result.
    fn reason(&self, task: &Task) -> String {
        let status = self.plan.as_ref().and_then(|plan| plan.status(task).ok());
        status.map_or_else(
            || "it was not done yet".to_owned(),
            |status| status.reason(),
        )
    }
}

impl Found {
    fn note(&mut self, experiment: &Experiment, run_spec: &RunSpec<'_>) {
        let entry = experiment.runner.entry();
        if !self
            .runners
            .iter()
            .any(|known| known.sha256 == entry.sha256)
        {
            self.runners.push(PlannedRunner {
                name: entry.descriptor.name.clone(),
                version: entry.descriptor.version.clone(),
                path: std::path::absolute(&entry.path).unwrap_or_else(|_| entry.path.clone()),
                sha256: entry.sha256,
            });
        }
        for (_, dataset) in &run_spec.datasets {
            if !self.datasets.contains(dataset) {
                self.datasets.push((*dataset).clone());
            }
        }
    }
}

fn task_of(experiment: &Experiment, run_spec: &RunSpec<'_>, kind: TaskKind) -> Task {
    let dataset = |role: &str| {
        let found = run_spec.datasets.iter().find(|(name, _)| *name == role);
        let (_, dataset) = found.expect("work has a dataset to fit on and one to evaluate on");
        TaskDataset {
            name: dataset.name.clone(),
            uri: dataset.source().clone(),
            sha256: dataset.sha256,
        }
    };
    let entry = experiment.runner.entry();
    let runner = TaskRunner {
        name: entry.descriptor.name.clone(),
        sha256: entry.sha256,
    };
    let mut task = Task::new(kind, runner, dataset("train"), dataset("eval"));
    task.pipeline = run_spec.pipeline.to_owned();
    task.name.clone_from(&run_spec.name);
    task.spec = run_spec.spec.clone();
    task.seed = experiment.seed;
    task.threads = experiment.threads;
    task.id = task.content_id();
    task
}

fn read(directory: PathBuf) -> Result<FinishedRun, ExperimentError> {
    Ok(FinishedRun {
        manifest: RunManifest::read(&directory)?,
        directory,
    })
}

/// The error that the step of a task ended with, as far as it is on record.
fn failure(result: &TaskResult, run: FinishedRun) -> ExperimentError {
    let steps = [Step::Fit, Step::Evaluate, Step::Export];
    let named = |step: &Step| Some(step.name()) == result.step.as_deref();
    let step = steps.into_iter().find(named).unwrap_or(Step::Fit);
    let recorded = result.error.clone().unwrap_or_default();
    let message = match recorded.strip_prefix(&format!("{} failed: ", step.name())) {
        Some(message) => message.to_owned(),
        None => recorded,
    };
    ExperimentError::Step {
        step,
        directory: run.directory,
        source: Box::new(DispatchError::Recorded(message)),
    }
}
