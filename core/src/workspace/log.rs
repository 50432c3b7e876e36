//! The run's log: plain text for people and grep.
//!
//! ```text
//! 2026-11-20T20:40:52.123Z INFO  [experiment 20261120T204052Z-knn-856249 evaluate] runner.knn.search_start {"k":5}
//! ```

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, Unit};
use protea_contracts::{
    Level,
    emit::{Event, PROGRESS},
};

use crate::store::StoreError;

/// The log of one run, written to from any thread; each line goes out whole.
#[derive(Debug)]
pub struct RunLog {
    file: Mutex<File>,
    run: String,
}

impl RunLog {
    pub(super) fn create(directory: &Path, pipeline: &str, run: &str) -> Result<Self, StoreError> {
        let logs = directory.join("logs");
        fs::create_dir_all(&logs).map_err(StoreError::write(&logs))?;
        Self::append(directory, pipeline, run)
    }

    pub(super) fn append(directory: &Path, pipeline: &str, run: &str) -> Result<Self, StoreError> {
        let path = directory.join("logs").join("run.log");
        let file = File::options().append(true).create(true).open(&path);
        Ok(Self {
            file: Mutex::new(file.map_err(StoreError::write(&path))?),
            run: format!("{pipeline} {run}"),
        })
    }

    /// Writes one line. That it cannot be written does not end a run.
    pub fn line(&self, level: Level, step: &str, message: &str) {
        let level = match level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERROR",
        };
        let time = Timestamp::now();
        let time = time.round(Unit::Millisecond).unwrap_or(time);
        // One event, one line, whatever a runner puts into it.
        let message = message.replace(['\n', '\r'], " ⏎ ");
        let line = format!("{time} {level:5} [{} {step}] {message}\n", self.run);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(line.as_bytes());
    }

    /// Writes an event of a runner; progress is for the terminal only.
    pub(crate) fn event(&self, step: &str, event: &Event<'_>) {
        const MOST: usize = 2000;
        if event.name == PROGRESS {
            return;
        }
        let mut text = event.name.to_owned();
        if let Some(message) = event.message {
            text.push_str(": ");
            text.extend(message.chars().take(MOST));
        }
        if event.fields != b"{}" {
            text.push(' ');
            text.extend(String::from_utf8_lossy(event.fields).chars().take(MOST));
        }
        self.line(event.level, step, &text);
    }
}
