//! Work that is done elsewhere: the operations of an experiment become tasks of a plan, and the results
//! of tasks take the place of work.
//!
//! The same code that does a search here also plans and gathers it. While it surveys, work without a
//! result becomes a task, and whatever it records is thrown away. When it records, results are taken
//! into the workspace. So a gathered search cannot differ from one that was done here.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protea_contracts::content::digest_bytes;
use protea_tracking::RunId;
use serde_json::json;

use super::error::ExperimentError;
use crate::{
    Dataset,
    engine::{EngineError, Plan, PlanDirectory, PlannedRunner, Task, TaskId},
    search::SearchError,
};

/// What is done with the results of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are read where they are.
    Survey,
    /// They are taken into the workspace.
    Record,
}

/// Where the work of an experiment goes instead of being done.
#[derive(Debug)]
pub struct Delegation {
    pub(super) mode: Mode,
    pub(super) workspace: PathBuf,
    pub(super) parent: RunId,
    pub(super) is_partial: bool,
    pub(super) plan: Option<PlanDirectory>,
    pub(super) known: HashMap<TaskId, usize>,
    pub(super) found: Mutex<Found>,
}

/// What a survey found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) runners: Vec<PlannedRunner>,
    pub(super) datasets: Vec<Dataset>,
    pub(super) name: Option<String>,
    pub(super) total: usize,
    pub(super) pending: usize,
    pub(super) reused: usize,
    pub(super) copies: HashMap<TaskId, usize>,
    pub(super) has_ended: bool,
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
    /// result is left out, and the run that groups the others gets its own id.
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

    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
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
            "directory": command.directory.to_string_lossy(),
            "workspace": self.workspace.to_string_lossy(),
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
}
