//! What a plan directory contains about its tasks: results, attempts, logs.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use protea_files::{
    FilesError, Links, TemporaryFile, is_directory, is_regular, remove_tree, sync_directory,
    sync_tree,
};
use serde_json::Value;

use super::{
    claim::Claim,
    directory::{ATTEMPTS, CLAIMS, FAILURES, GATHERED, PlanDirectory, RESULTS, WORK},
    documents::{Attempt, TaskOutcome, TaskResult, Verdict},
    error::EngineError,
    holder::Holder,
    json_files::{RESULT, document, names, pretty},
    state::{DamagedResult, TaskState, TaskStatus},
    task::{Task, TaskId},
};
use crate::store::{PARTIAL, write_atomic};

/// The file that names the process that uses a directory of `work/`.
const HOLDER: &str = "holder.json";
/// The beginning of the name of a damaged result among the attempts at its task.
const DAMAGED: &str = "damaged-";
/// How much of the end of a log is read, in bytes.
const LOG_END: u64 = 1 << 20;
/// How many lines of a log are shown.
const LOG_LINES: usize = 20;

/// How often the removal of a directory is tried, and how long protea waits in between.
const REMOVALS: usize = 20;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(50);

/// Removes what a process left that has ended. Its worker may end a moment later, and until then creates
/// files in a directory that is being emptied. What cannot be removed stays; no task reads it.
fn remove_left(directory: &Path) {
    for _ in 0..REMOVALS {
        match remove_tree(directory) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                thread::sleep(BETWEEN_REMOVALS);
            }
            _ => return,
        }
    }
}

impl PlanDirectory {
    /// The directory of the result of a task that ended, and the result. `None` also for a damaged
    /// result, with which the task counts as not done; [`status`](Self::status) tells of the damage.
    ///
    /// # Errors
    ///
    /// [`EngineError::Files`].
    pub fn result(&self, id: &TaskId) -> Result<Option<(PathBuf, TaskResult)>, EngineError> {
        Ok(match self.find_result(id)? {
            FoundResult::Whole(directory, result) => Some((directory, *result)),
            FoundResult::Missing | FoundResult::Damaged(_) => None,
        })
    }

    /// What the directories of results have about a task.
    fn find_result(&self, id: &TaskId) -> Result<FoundResult, EngineError> {
        let mut found = FoundResult::Missing;
        for part in [RESULTS, FAILURES] {
            let directory = self.path.join(part).join(id.as_str());
            if directory.symlink_metadata().is_err() {
                continue;
            }
            let reason = match document::<TaskResult>(&directory.join(RESULT)) {
                Ok(result) if result.task == *id => {
                    return Ok(FoundResult::Whole(directory, Box::new(result)));
                }
                Ok(result) => format!("its {RESULT} is that of the task {}", result.task),
                Err(EngineError::Document { reason, .. }) => {
                    format!("its {RESULT} cannot be understood: {reason}")
                }
                Err(EngineError::Files(FilesError::Read { source, .. }))
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    format!("it has no {RESULT}")
                }
                // It may be readable later, or on another machine.
                Err(error @ EngineError::Files(FilesError::Read { .. })) => return Err(error),
                Err(error) => error.to_string(),
            };
            found = FoundResult::Damaged(Box::new(DamagedResult { directory, reason }));
        }
        Ok(found)
    }

    /// Moves a damaged result of a task to the attempts at it, where nothing is lost, and records this
    /// as an attempt. The process should hold the claim of the task.
    fn set_damaged_aside(&self, id: &TaskId) -> Result<(), EngineError> {
        while let FoundResult::Damaged(damaged) = self.find_result(id)? {
            let attempts = self.path.join(ATTEMPTS).join(id.as_str());
            fs::create_dir_all(&attempts).map_err(EngineError::write(&attempts))?;
            let taken = names(&attempts)?;
            let number = taken
                .iter()
                .filter(|name| name.starts_with(DAMAGED))
                .count();
            let aside = attempts.join(format!("{DAMAGED}{number}"));
            match fs::rename(&damaged.directory, &aside) {
                Ok(()) => {}
                // Another process moved it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(EngineError::write(&damaged.directory)(error)),
            }
            self.record_attempt(&Attempt::new(
                id.clone(),
                Verdict::Again,
                format!(
                    "{}; it was moved to {}",
                    damaged.describe(),
                    aside.display()
                ),
                Vec::new(),
                Holder::current(),
            ))?;
        }
        Ok(())
    }

    /// Whether a task has ended: it has a result, or failed and would fail again.
    #[must_use]
    pub fn has_ended(&self, id: &TaskId) -> bool {
        matches!(self.find_result(id), Ok(FoundResult::Whole(..)))
    }

    /// How a task ended, if it has.
    ///
    /// # Errors
    ///
    /// As [`result`](Self::result).
    pub fn outcome(&self, id: &TaskId) -> Result<Option<TaskOutcome>, EngineError> {
        Ok(self.result(id)?.map(|(_, result)| result.outcome))
    }

    /// Creates a directory in which to execute a task. The process should hold the claim of the task: this
    /// removes what ended processes of this machine left of the same task, and moves a damaged result of
    /// it aside, which would be in the way.
    ///
    /// # Errors
    ///
    /// [`EngineError::Removed`], [`EngineError::Write`].
    pub(crate) fn work_directory(&self, id: &TaskId) -> Result<PathBuf, EngineError> {
        let work = self.path.join(WORK);
        if !is_directory(&work) {
            return Err(EngineError::Removed { path: work });
        }
        self.set_damaged_aside(id)?;
        for name in names(&work)?
            .iter()
            .filter(|name| name.starts_with(id.as_str()))
        {
            let left = work.join(name);
            match document::<Holder>(&left.join(HOLDER)) {
                Ok(holder) if holder.is_gone() => remove_left(&left),
                Ok(_) => {}
                // The process was killed before it had named itself, so there is nothing else in it.
                Err(_) => {
                    let _ = fs::remove_file(left.join(HOLDER));
                    let _ = fs::remove_dir(&left);
                }
            }
        }
        let holder = Holder::current();
        for number in 0.. {
            let path = work.join(format!("{id}-{}-{}-{number}", holder.host, holder.pid));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let bytes = pretty(&holder).map_err(EngineError::write(&path))?;
                    protea_files::write(&path.join(HOLDER), &bytes)?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(EngineError::write(&path)(error)),
            }
        }
        unreachable!("there are more numbers than directories")
    }

    /// Publishes the directory in which a task was executed as its result: flushes it to the disk and
    /// renames it.
    ///
    /// # Errors
    ///
    /// [`EngineError::Removed`], [`EngineError::Write`], [`EngineError::Staging`].
    pub(crate) fn publish(
        &self,
        directory: &Path,
        result: &TaskResult,
    ) -> Result<Published, EngineError> {
        let part = self.path.join(match result.outcome {
            TaskOutcome::Finished => RESULTS,
            TaskOutcome::Failed => FAILURES,
        });
        if !is_directory(&part) {
            return Err(EngineError::Removed { path: part });
        }
        if self.has_ended(&result.task) {
            return Ok(Published::Before);
        }
        let bytes = pretty(result).map_err(EngineError::write(directory))?;
        protea_files::write(&directory.join(RESULT), &bytes)?;
        sync_tree(directory)?;
        let place = part.join(result.task.as_str());
        if let Err(error) = fs::rename(directory, &place) {
            // Not empty: another process was first.
            if self.has_ended(&result.task) {
                return Ok(Published::Before);
            }
            // Or something came into the way while the task was done.
            self.set_damaged_aside(&result.task)?;
            fs::rename(directory, &place).map_err(|_| EngineError::write(&place)(error))?;
        }
        // Not before: if this process is killed, the next one finds by this file that the directory may go.
        let _ = fs::remove_file(place.join(HOLDER));
        sync_directory(&part).map_err(EngineError::write(&part))?;
        Ok(Published::Now)
    }

    /// Records an attempt that ended without a result.
    ///
    /// # Errors
    ///
    /// [`EngineError::Write`].
    pub fn record_attempt(&self, attempt: &Attempt) -> Result<(), EngineError> {
        let directory = self.path.join(ATTEMPTS).join(attempt.task.as_str());
        fs::create_dir_all(&directory).map_err(EngineError::write(&directory))?;
        let number = names(&directory)?.len();
        for number in number.. {
            let place = directory.join(format!("{number}.json"));
            let create = || -> io::Result<()> {
                let mut file = TemporaryFile::create_in(&directory, PARTIAL.as_ref(), 0o666)?;
                file.write_all(&pretty(attempt)?)?;
                file.persist_noclobber(&place)
            };
            match create() {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(EngineError::write(&place)(error)),
            }
        }
        Ok(())
    }

    /// The attempts at a task that ended without a result, in their order.
    ///
    /// # Errors
    ///
    /// [`EngineError::Document`], [`EngineError::Files`].
    pub fn attempts(&self, id: &TaskId) -> Result<Vec<Attempt>, EngineError> {
        let directory = self.path.join(ATTEMPTS).join(id.as_str());
        if !is_directory(&directory) {
            return Ok(Vec::new());
        }
        let number = |name: &String| name.strip_suffix(".json")?.parse::<usize>().ok();
        let mut numbers: Vec<usize> = names(&directory)?.iter().filter_map(number).collect();
        numbers.sort_unstable();
        let places = numbers.iter().map(|n| directory.join(format!("{n}.json")));
        places.map(|place| document(&place)).collect()
    }

    /// The state of a task.
    ///
    /// # Errors
    ///
    /// [`EngineError::Document`], [`EngineError::Files`].
    pub fn status(&self, task: &Task) -> Result<TaskStatus, EngineError> {
        let mut attempts = self.attempts(&task.id)?;
        let number = attempts.len();
        let found = self.find_result(&task.id)?;
        let state = if let FoundResult::Whole(directory, result) = found {
            if directory.starts_with(self.path.join(FAILURES)) {
                TaskState::Failed(result)
            } else {
                TaskState::Finished(result)
            }
        } else if let Some(claim) = Claim::read(&self.path.join(CLAIMS).join(task.id.as_str())) {
            TaskState::Claimed(Box::new(claim))
        } else if let FoundResult::Damaged(damaged) = found {
            TaskState::Damaged(damaged)
        } else if let Some(attempt) = attempts.pop() {
            TaskState::Again(Box::new(attempt))
        } else {
            TaskState::Waiting
        };
        Ok(TaskStatus {
            index: task.index,
            id: task.id.clone(),
            name: task.name.clone(),
            state,
            attempts: number,
        })
    }

    /// The report of gathering the whole plan, if it was gathered.
    #[must_use]
    pub fn gathered(&self) -> Option<Value> {
        document(&self.path.join(GATHERED)).ok()
    }

    /// Writes the report of gathering the whole plan.
    ///
    /// # Errors
    ///
    /// [`EngineError::Write`].
    pub fn keep_gathered(&self, report: &Value) -> Result<(), EngineError> {
        let place = self.path.join(GATHERED);
        let bytes = pretty(report).map_err(EngineError::write(&place))?;
        write_atomic(&place, &bytes).map_err(EngineError::stored(&place))
    }

    /// The states of all tasks, in their order.
    ///
    /// # Errors
    ///
    /// As [`tasks`](Self::tasks) and [`status`](Self::status).
    pub fn statuses(&self) -> Result<Vec<TaskStatus>, EngineError> {
        self.tasks()?.iter().map(|task| self.status(task)).collect()
    }

    /// The last lines of the log of a task's process; empty if its engine kept none.
    ///
    /// # Errors
    ///
    /// [`EngineError::Files`].
    pub fn log_lines(&self, index: usize) -> Result<Vec<String>, EngineError> {
        last_lines(&self.log(index))
    }
}

/// What a plan directory has about the result of a task.
enum FoundResult {
    Missing,
    /// Its directory, and the result.
    Whole(PathBuf, Box<TaskResult>),
    Damaged(Box<DamagedResult>),
}

/// Whether this process published a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    Now,
    /// Another process did so before.
    Before,
}

/// The last lines of a file; none if it is missing.
pub(crate) fn last_lines(path: &Path) -> Result<Vec<String>, EngineError> {
    if !is_regular(path) {
        return Ok(Vec::new());
    }
    let unreadable = |source| {
        EngineError::Files(FilesError::Read {
            path: path.to_owned(),
            source,
        })
    };
    let mut file = protea_files::open(path, Links::Refuse)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let start = length.saturating_sub(LOG_END);
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LOG_END)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(LOG_LINES);
    Ok(lines[first..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect())
}
