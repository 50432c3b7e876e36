//! How far tasks are.

use super::{
    claim::Claim,
    documents::{Attempt, TaskResult},
    task::TaskId,
};

/// How far a task is, as the plan directory says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// Nothing has happened yet.
    Waiting,
    /// A process has claimed it. It may have been killed since.
    Claimed(Box<Claim>),
    /// The last attempt ended without a result.
    Again(Box<Attempt>),
    /// It has a result.
    Finished(Box<TaskResult>),
    /// It failed, and would fail again.
    Failed(Box<TaskResult>),
}

impl TaskState {
    /// `waiting`, `claimed`, `again`, `finished` or `failed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed(_) => "claimed",
            Self::Again(_) => "again",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether nothing more is to be done about it.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_))
    }
}

/// A task and how far it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskStatus {
    /// Its index.
    pub index: usize,
    /// Its id.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: TaskState,
    /// How many attempts ended without a result.
    pub attempts: usize,
}

impl TaskStatus {
    /// Why the task has no result; empty if it has one.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.state {
            TaskState::Waiting => "it was not done yet".to_owned(),
            TaskState::Claimed(claim) if claim.holder.is_gone() => format!(
                "the process {} on {} that did it was killed",
                claim.holder.pid, claim.holder.host
            ),
            TaskState::Claimed(claim) => format!(
                "process {} on {} is doing it",
                claim.holder.pid, claim.holder.host
            ),
            TaskState::Again(attempt) => attempt.reason.clone(),
            TaskState::Failed(result) => result.error.clone().unwrap_or_default(),
            TaskState::Finished(_) => String::new(),
        }
    }
}
