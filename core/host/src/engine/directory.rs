//! A plan directory: its layout, and how its files are read and written.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use protea_files::{Links, TemporaryFile, read, remove_tree};

use super::{
    claim::{Claimed, UNFINISHED},
    documents::{FORMAT, Plan},
    error::EngineError,
    json_files::{document, names, pretty},
    task::{Task, TaskId},
};
use crate::store::{PARTIAL, write_atomic};

pub(super) const PLAN: &str = "plan.json";
pub(super) const TASKS: &str = "tasks.jsonl";
pub(super) const GATHERED: &str = "gathered.json";
/// The directory of what gathering a prediction wrote where.
pub(super) const OUTPUTS: &str = "outputs";
pub(super) const RESULTS: &str = "results";
pub(super) const FAILURES: &str = "failures";
pub(super) const ATTEMPTS: &str = "attempts";
pub(super) const CLAIMS: &str = "claims";
pub(super) const WORK: &str = "work";
/// The directory for the queries of a prediction.
pub const QUERIES: &str = "queries";
/// The directory for copies of the runners' files: `runners/<name>/<file>`.
pub(super) const RUNNERS: &str = "runners";
const LOGS: &str = "logs";
const ENGINE: &str = "engine";
/// The directories that a new plan has.
pub(super) const DIRECTORIES: [&str; 7] = [RESULTS, FAILURES, ATTEMPTS, CLAIMS, WORK, LOGS, ENGINE];
/// The claim of the process that writes the plan. It is only there without `plan.json` if that process
/// still writes, or was killed.
const PLANNING: &str = ".planning";
/// The claim of the process that adds tasks to a plan.
const GROWING: &str = "growing";
/// How long the claim of another machine may stay unchanged before it is taken away.
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest list of tasks in bytes.
const LARGEST_LIST: u64 = 4 << 30;

/// A directory with a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanDirectory {
    pub(super) path: PathBuf,
    plan: Plan,
    /// The URI, if this is the mirror of a plan in an object store.
    location: Option<String>,
}

impl PlanDirectory {
    /// Writes a new plan. If the directory has the same plan already, nothing changes.
    ///
    /// # Errors
    ///
    /// [`EngineError::OtherPlan`], [`EngineError::NotEmpty`], [`EngineError::NotDirectory`],
    /// [`EngineError::Planning`], [`EngineError::Write`].
    pub fn create(path: &Path, plan: Plan, tasks: &[Task]) -> Result<Self, EngineError> {
        Self::create_with_queries(path, plan, tasks, None)
    }

    /// As [`create`](Self::create), with the queries of a prediction: a directory on the same file
    /// system, which is renamed to [`QUERIES`] in the plan.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn create_with_queries(
        path: &Path,
        plan: Plan,
        tasks: &[Task],
        queries: Option<&Path>,
    ) -> Result<Self, EngineError> {
        let path = &std::path::absolute(path).map_err(EngineError::write(path))?;
        if let Some(found) = Self::existing(path, &plan)? {
            return Ok(found);
        }
        if path.symlink_metadata().is_ok() && !path.is_dir() {
            return Err(EngineError::NotDirectory {
                path: path.to_owned(),
            });
        }
        fs::create_dir_all(path).map_err(EngineError::write(path))?;
        let claim = Self::begin(path)?;
        // Another process may have written it meanwhile.
        if let Some(found) = Self::existing(path, &plan)? {
            return Ok(found);
        }
        let built = Self::build(path, &plan, tasks, queries);
        if let Err(error) = built {
            if let Some(found) = Self::existing(path, &plan)? {
                return Ok(found);
            }
            // So that it can be planned into again.
            let _ = Self::clear(path);
            return Err(error);
        }
        drop(claim);
        Self::open(path)
    }

    /// The plan that a directory has, if it is this one. An error if it is another.
    fn existing(path: &Path, plan: &Plan) -> Result<Option<Self>, EngineError> {
        match Self::open(path) {
            Ok(found) if found.plan.id == plan.id => Ok(Some(found)),
            Ok(found) => Err(EngineError::OtherPlan {
                path: path.to_owned(),
                found: Box::new(found.plan.id),
                expected: Box::new(plan.id),
            }),
            Err(EngineError::NoPlan { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Claims a directory to write a plan to, and removes what a process left that was killed while it
    /// wrote one. `None` if there is a plan.
    fn begin(path: &Path) -> Result<Option<Claimed>, EngineError> {
        let has_plan = || path.join(PLAN).symlink_metadata().is_ok();
        let found = names(path)?;
        let is_begun = found.iter().any(|name| name == PLANNING);
        let is_claim = |name: &String| name.starts_with(UNFINISHED);
        if !is_begun && !found.iter().all(is_claim) {
            return match has_plan() {
                true => Ok(None),
                false => Err(EngineError::NotEmpty {
                    path: path.to_owned(),
                }),
            };
        }
        let id = TaskId::named(PLANNING);
        let taken = Claimed::take(path, &id, 0, PATIENCE, &has_plan);
        let claim = taken.map_err(|error| match error {
            EngineError::Claimed { holder, .. } => EngineError::Planning {
                path: path.to_owned(),
                holder,
            },
            error => error,
        })?;
        if claim.is_some() && !has_plan() {
            Self::clear(path)?;
        }
        Ok(claim)
    }

    /// Removes what there is of a plan before `plan.json`. A directory with content is not of such a plan.
    fn clear(path: &Path) -> Result<(), EngineError> {
        for part in DIRECTORIES {
            let left = path.join(part);
            match fs::remove_dir(&left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(EngineError::write(&left)(error));
                }
                _ => {}
            }
        }
        let queries = path.join(QUERIES);
        remove_tree(&queries).map_err(EngineError::write(&queries))?;
        match fs::remove_file(path.join(TASKS)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EngineError::write(&path.join(TASKS))(error))
            }
            _ => Ok(()),
        }
    }

    /// Writes the files of a plan.
    fn build(
        path: &Path,
        plan: &Plan,
        tasks: &[Task],
        queries: Option<&Path>,
    ) -> Result<(), EngineError> {
        for part in DIRECTORIES {
            let part = path.join(part);
            fs::create_dir(&part).map_err(EngineError::write(&part))?;
        }
        if let Some(queries) = queries {
            let place = path.join(QUERIES);
            fs::rename(queries, &place).map_err(EngineError::write(&place))?;
        }
        write_atomic(&path.join(TASKS), &lines(tasks)?).map_err(EngineError::stored(path))?;
        // Written last: a process that finds this file also finds the others. Of two processes, one
        // creates it.
        let place = path.join(PLAN);
        let create = || -> io::Result<()> {
            let mut file = TemporaryFile::create_in(path, PARTIAL.as_ref(), 0o666)?;
            file.write_all(&pretty(plan)?)?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&place)
        };
        create().map_err(EngineError::write(&place))
    }

    /// Opens the plan in a directory.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoPlan`], [`EngineError::Document`], [`EngineError::Files`].
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let path = std::path::absolute(path).map_err(EngineError::write(path))?;
        let place = path.join(PLAN);
        if place.symlink_metadata().is_err() {
            return Err(EngineError::NoPlan { path });
        }
        let plan: Plan = document(&place)?;
        if plan.format != FORMAT {
            return Err(EngineError::Document {
                path: place,
                reason: format!("its format is {}, this version reads {FORMAT}", plan.format),
            });
        }
        Ok(Self {
            path,
            plan,
            location: None,
        })
    }

    /// The directory, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// This directory as the mirror of a plan in an object store.
    pub(super) fn with_location(mut self, uri: String) -> Self {
        self.location = Some(uri);
        self
    }

    /// The URI of the plan, if this directory is the mirror of a plan in an object store.
    #[must_use]
    pub fn stored_at(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Where other processes and people find the plan: its URI, or this directory.
    #[must_use]
    pub fn location(&self) -> PathBuf {
        self.location
            .as_ref()
            .map_or_else(|| self.path.clone(), PathBuf::from)
    }

    /// The directories with copies of the files of the runners, if the plan has them.
    #[must_use]
    pub fn runner_directories(&self) -> Vec<PathBuf> {
        let runners = self.plan.runners.iter();
        let directories = runners.map(|runner| self.path.join(RUNNERS).join(&runner.name));
        directories.filter(|directory| directory.is_dir()).collect()
    }

    /// `plan.json`.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The list of tasks: one line each.
    #[must_use]
    pub fn task_list(&self) -> PathBuf {
        self.path.join(TASKS)
    }

    /// The directory for the notes of an engine.
    #[must_use]
    pub fn engine_notes(&self) -> PathBuf {
        self.path.join(ENGINE)
    }

    /// The file for the output of the process of a task.
    #[must_use]
    pub fn log(&self, index: usize) -> PathBuf {
        self.path.join(LOGS).join(format!("{index}.log"))
    }

    /// The directory for the output of processes.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    /// All tasks, in their order.
    ///
    /// # Errors
    ///
    /// [`EngineError::Document`], [`EngineError::Files`].
    pub fn tasks(&self) -> Result<Vec<Task>, EngineError> {
        let text = self.task_lines()?;
        let parse = |(index, line)| self.parse(index, line);
        text.lines().enumerate().map(parse).collect()
    }

    /// The task with this index.
    ///
    /// # Errors
    ///
    /// [`EngineError::Index`]; as [`tasks`](Self::tasks).
    pub fn task(&self, index: usize) -> Result<Task, EngineError> {
        let text = self.task_lines()?;
        match text.lines().nth(index) {
            Some(line) => self.parse(index, line),
            None => Err(EngineError::Index {
                index,
                tasks: text.lines().count(),
            }),
        }
    }

    fn task_lines(&self) -> Result<String, EngineError> {
        let place = self.path.join(TASKS);
        if place.symlink_metadata().is_err() {
            return Err(EngineError::TasksRemoved { path: place });
        }
        let bytes = read(&place, Links::Refuse, LARGEST_LIST)?;
        String::from_utf8(bytes).map_err(|error| EngineError::Document {
            path: place,
            reason: error.to_string(),
        })
    }

    fn parse(&self, index: usize, line: &str) -> Result<Task, EngineError> {
        let invalid = |reason: String| EngineError::Document {
            path: self.path.join(TASKS),
            reason: format!("line {}: {reason}", index + 1),
        };
        let task: Task = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
        if task.index != index {
            return Err(invalid(format!("its index is {}, not {index}", task.index)));
        }
        if !task.id.is_valid() || task.id != task.content_id() {
            return Err(invalid(
                "its id is not the SHA-256 of its content".to_owned(),
            ));
        }
        Ok(task)
    }

    /// Adds tasks after the others. Their indices must follow. If another process has added tasks
    /// meanwhile, nothing changes: it found the same ones.
    ///
    /// # Errors
    ///
    /// [`EngineError::Planning`], [`EngineError::Write`].
    pub fn append(&self, tasks: &[Task]) -> Result<(), EngineError> {
        let (claims, id) = (self.path.join(CLAIMS), TaskId::named(GROWING));
        let taken = Claimed::take(&claims, &id, 0, PATIENCE, &|| false);
        let _growing = taken.map_err(|error| match error {
            EngineError::Claimed { holder, .. } => EngineError::Planning {
                path: self.path.clone(),
                holder,
            },
            error => error,
        })?;
        let listed = self.task_lines()?;
        let follow = tasks.first().map(|task| task.index);
        if follow != Some(listed.lines().count()) {
            return Ok(());
        }
        let mut bytes = listed.into_bytes();
        bytes.extend(lines(tasks)?);
        let place = self.path.join(TASKS);
        write_atomic(&place, &bytes).map_err(EngineError::stored(&place))
    }

    /// Claims a task for this process, until the returned claim is dropped. `None` if the task has
    /// ended. Takes over the claim of a process on another machine that has not renewed it for
    /// `timeout`.
    ///
    /// # Errors
    ///
    /// [`EngineError::Claimed`]; [`EngineError::Removed`]; [`EngineError::Write`].
    pub fn claim(&self, task: &Task, timeout: Duration) -> Result<Option<Claimed>, EngineError> {
        let has_ended = || self.has_ended(&task.id);
        let claims = self.path.join(CLAIMS);
        Claimed::take(&claims, &task.id, task.index, timeout, &has_ended)
    }
}

pub(super) fn lines(tasks: &[Task]) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    for task in tasks {
        let line = serde_json::to_vec(task);
        bytes.extend(line.map_err(|error| EngineError::write(Path::new(TASKS))(error.into()))?);
        bytes.push(b'\n');
    }
    Ok(bytes)
}
