//! Work that is done elsewhere: the operations of an experiment become tasks of a plan, and the results
//! of tasks take the place of work.
//!
//! The same code that does a search here also plans and gathers it. While it surveys, work without a
//! result becomes a task, and whatever it records is thrown away. When it records, results are taken
//! into the workspace. So a gathered search cannot differ from one that was done here.

mod attempt;
mod import;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protea_contracts::content::digest_bytes;
use protea_tracking::RunId;
use serde_json::json;

pub use attempt::{AttemptOptions, Attempted, attempt};

use super::{
    error::ExperimentError, finished_run::FinishedRun, observer::Step, run_spec::RunSpec,
    setup::Experiment,
};
use crate::{
    Dataset, DispatchError,
    engine::{
        EngineError, Plan, PlanDirectory, PlannedRunner, Task, TaskDataset, TaskId, TaskKind,
        TaskOutcome, TaskResult, TaskRunner,
    },
    search::SearchError,
    workspace::{RunManifest, job_id},
};

/// What is done with the results of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// They are read where they are.
    Survey,
    /// They are taken into the workspace.
    Record,
}

/// Where the work of an experiment goes instead of being done.
#[derive(Debug)]
pub struct Delegation {
    mode: Mode,
    workspace: PathBuf,
    parent: RunId,
    is_partial: bool,
    plan: Option<PlanDirectory>,
    known: HashMap<TaskId, usize>,
    found: Mutex<Found>,
}

/// What a survey found.
#[derive(Debug, Default)]
struct Found {
    tasks: Vec<Task>,
    runners: Vec<PlannedRunner>,
    datasets: Vec<Dataset>,
    name: Option<String>,
    total: usize,
    pending: usize,
    reused: usize,
    copies: HashMap<TaskId, usize>,
    has_ended: bool,
}

/// What a command adds to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCommand {
    /// `search`, `cv`, `benchmark` or `run`.
    pub kind: String,
    /// The arguments, without the program and the option that asks for a plan.
    pub arguments: Vec<String>,
    /// The directory that relative paths in them start from.
    pub directory: PathBuf,
}

impl Delegation {
    /// Plans: work that no finished run in `workspace` did becomes a task.
    #[must_use]
    pub fn survey(workspace: PathBuf) -> Self {
        Self {
            mode: Mode::Survey,
            workspace,
            parent: RunId::from(""),
            is_partial: false,
            plan: None,
            known: HashMap::new(),
            found: Mutex::default(),
        }
    }

    /// Plans again, with the results of a plan: what is found then are the tasks that depend on them.
    ///
    /// # Errors
    ///
    /// As [`PlanDirectory::tasks`].
    pub fn survey_results(plan: &PlanDirectory) -> Result<Self, EngineError> {
        Self::with_results(plan, Mode::Survey, false)
    }

    /// Gathers: results are taken into the workspace of the experiment. If `is_partial`, work without a
    /// result is left out, and the run that groups the others gets an id of its own.
    ///
    /// # Errors
    ///
    /// As [`PlanDirectory::tasks`].
    pub fn gather(plan: &PlanDirectory, is_partial: bool) -> Result<Self, EngineError> {
        Self::with_results(plan, Mode::Record, is_partial)
    }

    fn with_results(
        plan: &PlanDirectory,
        mode: Mode,
        is_partial: bool,
    ) -> Result<Self, EngineError> {
        let tasks = plan.tasks()?;
        Ok(Self {
            mode,
            workspace: plan.plan().workspace.clone(),
            parent: plan.plan().parent.clone(),
            is_partial,
            plan: Some(plan.clone()),
            known: tasks
                .into_iter()
                .map(|task| (task.id, task.index))
                .collect(),
            found: Mutex::default(),
        })
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing that the experiment records is kept.
    #[must_use]
    pub fn is_survey(&self) -> bool {
        self.mode == Mode::Survey
    }

    /// Whether the experiment came to its end as far as there are results: an error of the call that
    /// this was given to is about missing results only.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.found().has_ended
    }

    /// How many pieces of work finished runs of the workspace did already.
    #[must_use]
    pub fn reused(&self) -> usize {
        self.found().reused
    }

    /// The tasks that the plan does not have yet.
    #[must_use]
    pub fn new_tasks(&self) -> Vec<Task> {
        self.found().tasks.clone()
    }

    /// How many pieces of work have no result.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.found().pending
    }

    /// The plan of what was found.
    ///
    /// # Errors
    ///
    /// [`EngineError::Write`] when the system gives no random bytes.
    pub fn plan(&self, command: PlannedCommand) -> Result<Plan, EngineError> {
        let found = self.found();
        let identity = json!({
            "command": command.arguments,
            "directory": command.directory,
            "workspace": self.workspace,
            "runners": found.runners.iter().map(|runner| runner.sha256).collect::<Vec<_>>(),
            "datasets": found.datasets.iter().map(|dataset| dataset.sha256).collect::<Vec<_>>(),
        });
        let runner = found.runners.first();
        let known_by = match command.kind.as_str() {
            "benchmark" => "benchmark",
            _ => runner.map_or("plan", |runner| runner.name.as_str()),
        };
        let mut plan = Plan::new(
            digest_bytes(identity.to_string().as_bytes()),
            crate::workspace::new_run_id(known_by).map_err(EngineError::write(&self.workspace))?,
        );
        plan.kind = command.kind;
        plan.command = command.arguments;
        plan.directory = command.directory;
        plan.workspace.clone_from(&self.workspace);
        plan.name.clone_from(&found.name);
        plan.runners.clone_from(&found.runners);
        plan.datasets.clone_from(&found.datasets);
        plan.total = found.total.max(found.tasks.len());
        plan.resources.cpus = found
            .tasks
            .iter()
            .map(|task| task.threads)
            .max()
            .filter(|n| *n > 0);
        Ok(plan)
    }

    /// A run that groups others begins: its name, and the id that it is to have.
    pub(super) fn group(&self, name: &str) -> Option<RunId> {
        self.found().name = Some(name.to_owned());
        (self.mode == Mode::Record && !self.is_partial).then(|| self.parent.clone())
    }

    /// Whether work without a result is left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// How many pieces of work there will be.
    pub(super) fn expect(&self, total: usize) {
        self.found().total = total;
    }

    /// The call that the work belongs to ends.
    pub(super) fn ends_with(&self, error: Option<&ExperimentError>) {
        let about_results = match error {
            None => true,
            Some(error) => matches!(
                error,
                ExperimentError::Pending { .. }
                    | ExperimentError::NoScores
                    | ExperimentError::Search(SearchError::AllFailed { .. })
            ),
        };
        self.found().has_ended |= about_results;
    }

    /// The run that groups the others, as children name it.
    pub(super) fn parent(&self) -> Option<&RunId> {
        (self.mode == Mode::Record).then_some(&self.parent)
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
        drop(found);
        let run = match self.mode {
            Mode::Survey => read(directory.join(&result.run))?,
            Mode::Record => import::import(experiment, run_spec, &directory, &result)?,
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
