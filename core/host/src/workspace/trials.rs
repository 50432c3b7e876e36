//! The trials of a search as they end: a line of JSON for each in `trials.jsonl`, in the directory of
//! the search's run.
//!
//! At its end a search writes the table `search.tsv` and removes this file. Until then, and always
//! if its process was killed, this file is the only record of which trials were reused from earlier
//! runs: reused runs are not child runs of the search.

use std::path::Path;

use protea_files::{FilesError, Links};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Status;

/// The file, from the directory of the run.
pub const TRIALS: &str = "trials.jsonl";

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A trial that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EndedTrial {
    /// Its place in the search, from 0.
    pub number: usize,
    /// The settings that were varied, with their values.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// Its score by the metric of the search. `None` if it has none.
    pub score: Option<f64>,
    /// How it ended.
    pub status: Status,
    /// `computed`, `taken_over` from an earlier run, or `repeated` from a trial of the same search.
    #[serde(default)]
    pub origin: String,
    /// Wall time of its steps in seconds.
    #[serde(default)]
    pub seconds: f64,
    /// Its run, which may be an earlier one.
    #[serde(default)]
    pub run_id: Option<String>,
    /// Why it has no score.
    #[serde(default)]
    pub error: Option<String>,
}

impl EndedTrial {
    pub(crate) fn new(number: usize, score: Option<f64>, status: Status) -> Self {
        Self {
            number,
            params: Map::new(),
            score,
            status,
            origin: String::new(),
            seconds: 0.0,
            run_id: None,
            error: None,
        }
    }
}

/// The trials of a search that have ended.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct EndedTrials {
    /// The trials, in the order of their numbers.
    pub trials: Vec<EndedTrial>,
    /// Number of lines that are not trials. The last line of a killed search may be cut.
    pub unreadable: usize,
}

impl EndedTrials {
    /// Reads the trials of the run in `directory`.
    ///
    /// # Errors
    ///
    /// If there is no such file, if it is not a regular file, or if it is larger than 64 MB.
    pub fn read(directory: &Path) -> Result<Self, FilesError> {
        let bytes = protea_files::read(&directory.join(TRIALS), Links::Refuse, LARGEST)?;
        let mut found = Self::default();
        let lines = bytes.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(trial) => found.trials.push(trial),
                Err(_) => found.unreadable += 1,
            }
        }
        found.trials.sort_by_key(|trial| trial.number);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_cut_line_is_counted_and_the_others_are_in_order() {
        let directory = tempfile::TempDir::new().unwrap();
        let line = |number: usize| {
            let mut trial = EndedTrial::new(number, Some(0.5), Status::Finished);
            trial.origin = "taken_over".to_owned();
            serde_json::to_string(&trial).unwrap()
        };
        let text = format!("{}\n{}\n{}", line(2), line(0), &line(1)[..20]);
        fs::write(directory.path().join(TRIALS), text).unwrap();
        let found = EndedTrials::read(directory.path()).unwrap();
        let numbers: Vec<usize> = found.trials.iter().map(|trial| trial.number).collect();
        assert_eq!((numbers, found.unreadable), (vec![0, 2], 1));
        let none = tempfile::TempDir::new().unwrap();
        assert!(EndedTrials::read(none.path()).unwrap_err().is_not_found());
    }
}
