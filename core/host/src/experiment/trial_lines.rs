//! Writes the trials of a search to a file as they end.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use protea_files::Access;

use crate::{
    search::Trial,
    store::StoreError,
    workspace::{EndedTrial, TRIALS},
};

/// The file of ended trials. Its lines are whole, each in one write, so that it can be read at any
/// moment and after any end of the process.
#[derive(Debug)]
pub(super) struct TrialLines {
    path: PathBuf,
    file: File,
}

impl TrialLines {
    /// Creates the file in the directory of the search's run.
    pub(super) fn create(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(TRIALS);
        let file = protea_files::open_to_write(&path, Access::Append).map_err(io::Error::from);
        let file = file.map_err(StoreError::write(&path))?;
        Ok(Self { path, file })
    }

    /// Adds a trial that has ended.
    pub(super) fn add(&mut self, trial: &Trial) -> Result<(), StoreError> {
        let mut ended = EndedTrial::new(trial.number, trial.score, trial.status);
        ended.params = trial.params.clone();
        ended.origin = trial.origin.name().to_owned();
        ended.seconds = trial.seconds;
        ended.run_id = trial.run_id.as_ref().map(ToString::to_string);
        ended.error = trial.error.clone();
        let line = serde_json::to_string(&ended).map_err(io::Error::from);
        let written = line.and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(StoreError::write(&self.path))
    }

    /// Removes the file. The table of the search has all of it.
    pub(super) fn remove(self) -> Result<(), StoreError> {
        fs::remove_file(&self.path).map_err(StoreError::write(&self.path))
    }
}
