//! The states of tasks.

use std::path::PathBuf;

use super::{
    claim::Claim,
    documents::{Attempt, TaskResult},
    task::TaskId,
};

/// The state of a task, as the plan directory and the scheduler report it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// Nothing has happened yet.
    Waiting,
    /// A scheduler has a job for it, or had one that ended without a result.
    Scheduled(Box<Scheduled>),
    /// A process has claimed it. It may have been killed since.
    Claimed(Box<Claim>),
    /// It has a directory of a result, and no result in it. Another attempt moves the directory aside.
    Damaged(Box<DamagedResult>),
    /// The last attempt ended without a result.
    Again(Box<Attempt>),
    /// It has a result.
    Finished(Box<TaskResult>),
    /// It failed, and would fail again.
    Failed(Box<TaskResult>),
}

impl TaskState {
    /// `waiting`, `scheduled`, `lost`, `claimed`, `damaged`, `again`, `finished` or `failed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scheduled(job) if job.is_active => "scheduled",
            Self::Scheduled(_) => "lost",
            Self::Claimed(_) => "claimed",
            Self::Damaged(_) => "damaged",
            Self::Again(_) => "again",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether it needs no further attempt.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_))
    }
}

/// A result that somebody changed or removed a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DamagedResult {
    /// The directory of the result.
    pub directory: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl DamagedResult {
    pub(super) fn describe(&self) -> String {
        let directory = self.directory.display();
        format!("the result in {directory} is damaged: {}", self.reason)
    }
}

/// A job of a scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// Its name, such as `17_3`.
    pub job: String,
    /// Its state in the scheduler's words, such as `PENDING` or `TIMEOUT`; `UNKNOWN` if the scheduler
    /// does not know the job any more.
    pub state: String,
    /// Why it waits or ended, in the scheduler's words; empty if there is no reason.
    pub reason: String,
    /// Exit code and signal in the scheduler's words; may be empty.
    pub exit_code: String,
    /// Whether it waits or runs.
    pub is_active: bool,
}

impl Scheduled {
    fn describe(&self) -> String {
        let mut details: Vec<String> = Vec::new();
        if !self.reason.is_empty() {
            details.push(self.reason.clone());
        }
        if !self.is_active && !["", "0:0"].contains(&self.exit_code.as_str()) {
            details.push(format!("exit code and signal {}", self.exit_code));
        }
        let mut text = match self.is_active {
            true => format!("job {} is {}", self.job, self.state),
            false => format!("job {} ended without a result: {}", self.job, self.state),
        };
        if !details.is_empty() {
            text.push_str(&format!(" ({})", details.join(", ")));
        }
        text
    }
}

/// A task and its state.
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
            TaskState::Scheduled(job) => job.describe(),
            TaskState::Claimed(claim) if claim.holder.is_gone() => format!(
                "the process {} on {} that did it was killed",
                claim.holder.pid, claim.holder.host
            ),
            TaskState::Claimed(claim) => format!(
                "process {} on {} is doing it",
                claim.holder.pid, claim.holder.host
            ),
            TaskState::Damaged(damaged) => damaged.describe(),
            TaskState::Again(attempt) => attempt.reason.clone(),
            TaskState::Failed(result) => result.error.clone().unwrap_or_default(),
            TaskState::Finished(_) => String::new(),
        }
    }
}
