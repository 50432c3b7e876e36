//! Brings what other machines sent into a mirror.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use protea_files::{Staging, StagingError, remove_tree};

use super::{ATTEMPTS, FILES, JSON, LARGEST_RECORD, RESULTS, StoredPlan};
use crate::{
    engine::{
        directory::{
            ATTEMPTS as LOCAL_ATTEMPTS, CLAIMS as LOCAL_CLAIMS, FAILURES, PlanDirectory,
            RESULTS as LOCAL_RESULTS,
        },
        documents::TaskOutcome,
        error::EngineError,
        json_files::{RESULT, document, names, pretty},
        outcomes::last_lines,
        task::{Task, TaskId},
    },
    store::write_atomic,
};

/// The most results that are fetched at the same time.
const MOST_THREADS: usize = 16;

/// What of the results is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// How tasks ended.
    States,
    /// With all files.
    Files,
}

impl StoredPlan {
    /// Brings results, attempts and claims of the tasks into a mirror. What the mirror has is not fetched
    /// again.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`], [`EngineError::Record`] and [`EngineError::Damaged`] name the object that
    /// is missing, unreachable or damaged.
    pub fn pull(&self, mirror: &PlanDirectory, what: Pull) -> Result<(), EngineError> {
        let tasks = mirror.tasks()?;
        let listed = self.prefix.names(RESULTS)?;
        let ended: BTreeSet<&str> = listed
            .iter()
            .filter_map(|name| name.strip_suffix(JSON))
            .collect();
        let mut missing = Vec::new();
        for task in &tasks {
            let has = mirror.has_ended(&task.id);
            match ended.contains(task.id.as_str()) {
                true if !has => missing.push(task),
                // Somebody removed the record, so that the task is executed again.
                false if has => remove_result(mirror, &task.id)?,
                _ => {}
            }
        }
        self.fetch_all(mirror, &missing, what)?;
        let known: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
        self.pull_attempts(mirror, &known)?;
        self.pull_claims(mirror, &known)
    }

    /// The end of the log of the last run of a task: of its result, otherwise of the last attempt. Empty
    /// if there is none. `mirror` has been pulled.
    ///
    /// # Errors
    ///
    /// As [`pull`](Self::pull).
    pub fn log_lines(
        &self,
        mirror: &PlanDirectory,
        id: &TaskId,
    ) -> Result<Vec<String>, EngineError> {
        let Some(record) = self.result(id)? else {
            let last = mirror.attempts(id)?.pop();
            return Ok(last.map(|attempt| attempt.log).unwrap_or_default());
        };
        let Some(run) = record.result.run.to_str() else {
            return Ok(Vec::new());
        };
        let files = format!("{FILES}/{id}/{}", record.files);
        let scratch = self.draft()?;
        let log = format!("{run}/{}", crate::workspace::RUN_LOG);
        let place = scratch.path().join("run.log");
        match self
            .prefix
            .fetch_listed(&files, &record.manifest, &log, &place)?
        {
            true => last_lines(&place),
            false => Ok(Vec::new()),
        }
    }

    fn fetch_all(
        &self,
        mirror: &PlanDirectory,
        missing: &[&Task],
        what: Pull,
    ) -> Result<(), EngineError> {
        let next = AtomicUsize::new(0);
        let fetch = || -> Result<(), EngineError> {
            // Separate connections for each thread.
            let own = Self::new(&self.uri, &self.store)?;
            while let Some(task) = missing.get(next.fetch_add(1, Ordering::SeqCst)) {
                if let Err(error) = own.fetch_result(mirror, task, what) {
                    next.store(missing.len(), Ordering::SeqCst);
                    return Err(error);
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads = missing.len().min(MOST_THREADS);
            // If the system has no more threads, this one has a larger share.
            let workers: Vec<_> = (1..threads)
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, fetch).ok())
                .collect();
            fetch()?;
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    }

    fn fetch_result(
        &self,
        mirror: &PlanDirectory,
        task: &Task,
        what: Pull,
    ) -> Result<(), EngineError> {
        // Removed since it was listed.
        let Some(record) = self.result(&task.id)? else {
            return Ok(());
        };
        let part = mirror.path().join(match record.outcome {
            TaskOutcome::Finished => LOCAL_RESULTS,
            TaskOutcome::Failed => FAILURES,
        });
        let staging = match Staging::begin(&part.join(task.id.as_str())) {
            Ok(staging) => staging,
            Err(StagingError::Exists { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match what {
            Pull::States => {
                let place = staging.path().join(RESULT);
                let bytes = pretty(&record.result).map_err(EngineError::write(&place))?;
                protea_files::write(&place, &bytes)?;
            }
            Pull::Files => {
                let files = format!("{FILES}/{}/{}", task.id, record.files);
                self.prefix
                    .fetch(&files, &record.manifest, staging.path())?;
                let found: crate::engine::TaskResult = document(&staging.path().join(RESULT))?;
                if found != record.result {
                    let reason = "it differs from the record of the result".to_owned();
                    return Err(self.invalid(&format!("{files}/{RESULT}"), reason));
                }
            }
        }
        // A mirror can be fetched again: nothing needs to be on the disk before the rename.
        match staging.publish_synced() {
            Ok(_) | Err(StagingError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn pull_attempts(
        &self,
        mirror: &PlanDirectory,
        known: &BTreeSet<&str>,
    ) -> Result<(), EngineError> {
        for name in self.prefix.all_names(ATTEMPTS)? {
            let Some((task, object)) = name.split_once('/') else {
                continue;
            };
            let number = object.strip_suffix(JSON).map(str::parse::<usize>);
            let directory = mirror.path().join(LOCAL_ATTEMPTS).join(task);
            let place = directory.join(object);
            if !known.contains(task) || !matches!(number, Some(Ok(_))) || place.exists() {
                continue;
            }
            let bytes = self
                .prefix
                .read(&format!("{ATTEMPTS}/{name}"), LARGEST_RECORD)?;
            if let Some(bytes) = bytes {
                fs::create_dir_all(&directory).map_err(EngineError::write(&directory))?;
                write_atomic(&place, &bytes).map_err(EngineError::stored(&place))?;
            }
        }
        Ok(())
    }

    fn pull_claims(
        &self,
        mirror: &PlanDirectory,
        known: &BTreeSet<&str>,
    ) -> Result<(), EngineError> {
        let directory = mirror.path().join(LOCAL_CLAIMS);
        let claims = self.claims()?.into_iter();
        let claims: BTreeMap<String, _> = claims
            .filter(|(id, _)| known.contains(id.as_str()))
            .map(|(id, claim)| (id.as_str().to_owned(), claim))
            .collect();
        for name in names(&directory)? {
            if !claims.contains_key(&name) {
                remove_file(&directory.join(name))?;
            }
        }
        for (id, claim) in claims {
            let place = directory.join(id);
            let bytes = pretty(&claim).map_err(EngineError::write(&place))?;
            write_atomic(&place, &bytes).map_err(EngineError::stored(&place))?;
        }
        Ok(())
    }
}

fn remove_result(mirror: &PlanDirectory, id: &TaskId) -> Result<(), EngineError> {
    for part in [LOCAL_RESULTS, FAILURES] {
        let place = mirror.path().join(part).join(id.as_str());
        remove_tree(&place).map_err(EngineError::write(&place))?;
    }
    Ok(())
}

fn remove_file(place: &Path) -> Result<(), EngineError> {
    match fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EngineError::write(place)(error))
        }
        _ => Ok(()),
    }
}
