//! What starts the processes that execute tasks.

use super::{
    directory::PlanDirectory,
    error::EngineError,
    state::{TaskState, TaskStatus},
};

/// What an engine has started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submission {
    /// How many tasks it will do, or has done.
    pub tasks: usize,
    /// The names that the scheduler gave, such as job numbers.
    pub jobs: Vec<String>,
    /// The job that gathers after them, if the engine has started one.
    pub gather: Option<String>,
    /// What the user should know, such as tasks that were not submitted again.
    pub notes: Vec<String>,
}

impl Submission {
    /// A submission of this many tasks under these names.
    #[must_use]
    pub fn new(tasks: usize, jobs: Vec<String>) -> Self {
        Self {
            tasks,
            jobs,
            gather: None,
            notes: Vec::new(),
        }
    }
}

/// Starts the processes that execute the tasks of a plan: `protea task DIR --index N`.
///
/// An engine stores what it needs between calls in `DIR/engine/`.
pub trait Engine {
    /// Its name, such as `local` or `slurm`.
    fn name(&self) -> &'static str;

    /// Starts processes for these tasks, given by their indices. May wait until they have ended.
    ///
    /// # Errors
    ///
    /// [`EngineError::Program`], [`EngineError::Scheduler`], or an error of the directory.
    fn submit(&self, plan: &PlanDirectory, tasks: &[usize]) -> Result<Submission, EngineError>;

    /// The status of every task, in their order. If the directory says that a task has ended, that takes
    /// precedence. An engine adds what its scheduler reports about the others.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    fn status(&self, plan: &PlanDirectory) -> Result<Vec<TaskStatus>, EngineError> {
        plan.statuses()
    }

    /// Ends the processes that it started. Their tasks can be executed again.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    fn cancel(&self, plan: &PlanDirectory) -> Result<(), EngineError>;

    /// The last lines that the processes of a task printed or logged.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    fn logs(&self, plan: &PlanDirectory, task: usize) -> Result<Vec<String>, EngineError> {
        let status = plan.status(&plan.task(task)?)?;
        Ok(match status.state {
            TaskState::Again(attempt) => attempt.log,
            _ => plan.log_lines(task)?,
        })
    }
}
