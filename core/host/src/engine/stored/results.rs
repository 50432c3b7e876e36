//! Sends what a task left in the mirror: its result, and attempts without one.

use std::{fs, path::Path};

use protea_files::remove_tree;
use protea_store::Created;

use super::{ATTEMPTS, FILES, FORMAT, JSON, ResultRecord, StoredPlan, result_name};
use crate::engine::{
    directory::{ATTEMPTS as LOCAL_ATTEMPTS, PlanDirectory},
    documents::TaskOutcome,
    error::EngineError,
    task::TaskId,
};

/// What sending the result of a task found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The mirror has no result of the task.
    Nothing,
    /// The result is that of the mirror.
    Now(TaskOutcome),
    /// Another process had sent a result before, which stays.
    Before(TaskOutcome),
}

impl StoredPlan {
    /// Sends the result of a task from the mirror, if it is there, and removes it from the mirror. If
    /// another process was first, its result stays and this one is removed.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`]: the mirror keeps the result then, and a later call sends it.
    pub fn send_result(&self, mirror: &PlanDirectory, id: &TaskId) -> Result<Sent, EngineError> {
        let Some((directory, result)) = mirror.result(id)? else {
            return Ok(Sent::Nothing);
        };
        let sent = match self.outcome(id)? {
            Some(outcome) => Sent::Before(outcome),
            None => {
                let token = self.token()?;
                let files = format!("{FILES}/{id}/{token}");
                let published = self.prefix.publish(&directory, &files);
                let published = match (published, self.outcome(id)) {
                    (Ok(published), _) => published,
                    // The process that was first removes what others sent.
                    (Err(_), Ok(Some(outcome))) => return self.drop_result(&directory, outcome),
                    (Err(error), _) => return Err(error.into()),
                };
                let record = ResultRecord {
                    format: FORMAT,
                    task: id.clone(),
                    outcome: result.outcome,
                    files: token.clone(),
                    manifest: published.sha256,
                    result,
                };
                let name = result_name(id);
                let bytes = self.encoded(&name, &record)?;
                match self.prefix.create(&name, &bytes)? {
                    Created::Now => {
                        self.remove_others(id, &token)?;
                        Sent::Now(record.outcome)
                    }
                    Created::Exists => {
                        self.remove_published(&files)?;
                        Sent::Before(self.outcome(id)?.unwrap_or(record.outcome))
                    }
                }
            }
        };
        remove_tree(&directory).map_err(EngineError::write(&directory))?;
        Ok(sent)
    }

    fn drop_result(&self, directory: &Path, outcome: TaskOutcome) -> Result<Sent, EngineError> {
        remove_tree(directory).map_err(EngineError::write(directory))?;
        Ok(Sent::Before(outcome))
    }

    /// Removes what attempts that were killed, or lost the race, left of a task.
    fn remove_others(&self, id: &TaskId, token: &str) -> Result<(), EngineError> {
        let directory = format!("{FILES}/{id}");
        for name in self.prefix.names(&directory)? {
            let other = name.trim_end_matches('/');
            if other != token {
                self.remove_published(&format!("{directory}/{other}"))?;
            }
        }
        Ok(())
    }

    /// Sends the attempts at a task that ended without a result from the mirror, and removes them from it.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`]: a later call sends the others.
    pub fn send_attempts(&self, mirror: &PlanDirectory, id: &TaskId) -> Result<(), EngineError> {
        let attempts = mirror.attempts(id)?;
        if attempts.is_empty() {
            return Ok(());
        }
        let directory = format!("{ATTEMPTS}/{id}");
        let mut number = self.prefix.names(&directory)?.len();
        for attempt in attempts {
            loop {
                let name = format!("{directory}/{number}{JSON}");
                let bytes = self.encoded(&name, &attempt)?;
                number += 1;
                if self.prefix.create(&name, &bytes)? == Created::Now {
                    break;
                }
            }
        }
        let sent = mirror.path().join(LOCAL_ATTEMPTS).join(id.as_str());
        fs::remove_dir_all(&sent).map_err(EngineError::write(&sent))
    }
}
