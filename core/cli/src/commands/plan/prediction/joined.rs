//! The predictions of all parts, put together.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use protea_cafa::prediction::{EVIDENCE, PREDICTIONS, UNPREDICTED};
use protea_core::{
    contracts::{PredictResult, PredictionCounts},
    engine::EngineError,
    store,
};
use protea_files::{FilesError, Links, is_regular};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// The predictions of all parts, one after the other.
pub(super) struct Joined {
    directory: PathBuf,
    predictions: File,
    unpredicted: File,
    evidence: Option<File>,
    counts: PredictionCounts,
    extras: Vec<Map<String, Value>>,
}

impl Joined {
    pub(super) fn create(directory: &Path) -> Result<Self, Failure> {
        fs::create_dir(directory).map_err(unwritable(directory))?;
        let create = |name: &str| {
            let path = directory.join(name);
            File::create(&path).map_err(unwritable(&path))
        };
        Ok(Self {
            directory: directory.to_owned(),
            predictions: create(PREDICTIONS)?,
            unpredicted: create(UNPREDICTED)?,
            evidence: None,
            counts: PredictionCounts::default(),
            extras: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, part: &PredictResult) -> Result<(), Failure> {
        let predictions = store::local_path(&part.predictions_uri)?;
        append(&predictions, &mut self.predictions, &self.directory)?;
        let unpredicted = predictions.with_file_name(OsStr::new(UNPREDICTED));
        // A runner does not have to list them.
        if is_regular(&unpredicted) {
            append(&unpredicted, &mut self.unpredicted, &self.directory)?;
        }
        if let Some(uri) = &part.evidence_uri {
            let evidence = match &mut self.evidence {
                Some(evidence) => evidence,
                none => {
                    let path = self.directory.join(EVIDENCE);
                    none.insert(File::create(&path).map_err(unwritable(&path))?)
                }
            };
            append(&store::local_path(uri)?, evidence, &self.directory)?;
        }
        let (all, counts) = (&mut self.counts, &part.counts);
        all.proteins = all.proteins.saturating_add(counts.proteins);
        all.predicted = all.predicted.saturating_add(counts.predicted);
        all.predictions = all.predictions.saturating_add(counts.predictions);
        for (reason, proteins) in &counts.unpredicted {
            let sum = all.unpredicted.entry(reason.clone()).or_default();
            *sum = sum.saturating_add(*proteins);
        }
        if !self.extras.contains(&part.extras) {
            self.extras.push(part.extras.clone());
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<PredictResult, Failure> {
        let predictions = store::uri_of(&self.directory.join(PREDICTIONS))?;
        let mut result = PredictResult::new(predictions, self.counts);
        if self.evidence.is_some() {
            result.evidence_uri = Some(store::uri_of(&self.directory.join(EVIDENCE))?);
        }
        result.extras = match self.extras.len() {
            0 | 1 => self.extras.pop().unwrap_or_default(),
            // What runners return beside predictions need not be what can be added.
            _ => Map::from_iter([("parts".to_owned(), json!(self.extras))]),
        };
        Ok(result)
    }
}

/// Appends the lines of a file to one in `directory`. The last line gets an end if it has none.
fn append(from: &Path, to: &mut File, directory: &Path) -> Result<(), Failure> {
    let mut file = protea_files::open(from, Links::Refuse).map_err(EngineError::from)?;
    if io::copy(&mut file, to).map_err(unwritable(directory))? == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))
        .and_then(|_| file.read_exact(&mut last))
        .map_err(unreadable(from))?;
    match last {
        [b'\n'] => Ok(()),
        _ => to.write_all(b"\n").map_err(unwritable(directory)),
    }
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| EngineError::from(FilesError::Read { path, source }).into()
}

pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| EngineError::Write { path, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_without_an_end_gets_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("joined");
        let mut joined = File::create(&path).unwrap();
        for (name, text) in [("a", "1\n"), ("b", ""), ("c", "2\n3"), ("d", "4")] {
            let part = place.path().join(name);
            fs::write(&part, text).unwrap();
            assert!(append(&part, &mut joined, place.path()).is_ok());
        }
        assert_eq!(fs::read_to_string(path).unwrap(), "1\n2\n3\n4\n");
    }
}
