//! The files that gathering a prediction wrote outside of the plan directory, so that it can replace its own
//! ones and no others.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protea_contracts::{
    Sha256,
    content::{digest_bytes, digest_reader},
};
use protea_files::Links;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    directory::{OUTPUTS, PlanDirectory},
    error::EngineError,
    json_files::{document, pretty},
};
use crate::store::write_atomic;

/// `outputs/<SHA-256 of the path>.json`: a file that gathering wrote, or was about to write.
#[derive(Debug, Default, Serialize, Deserialize)]
struct GatheredOutput {
    /// Its absolute path, for people.
    path: String,
    /// The hash of the file, and that of the file that replaces it.
    sha256: Vec<Sha256>,
    /// The report of gathering the whole plan to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<Value>,
}

impl PlanDirectory {
    /// Whether a file is one that gathering this plan wrote, and unchanged.
    #[must_use]
    pub fn is_output(&self, file: &Path) -> bool {
        self.output(file)
            .is_some_and(|(output, found)| output.sha256.contains(&found))
    }

    /// Notes that a file with this hash will be at a path, before it is. So it is known as one of this plan
    /// also if the process is killed.
    ///
    /// # Errors
    ///
    /// [`EngineError::Write`].
    pub fn note_output(&self, file: &Path, sha256: Sha256) -> Result<(), EngineError> {
        // What is there stays known until it is replaced.
        let known = self.output(file);
        let known = known.filter(|(output, found)| output.sha256.contains(found));
        let mut hashes: Vec<Sha256> = known.into_iter().map(|(_, found)| found).collect();
        if !hashes.contains(&sha256) {
            hashes.push(sha256);
        }
        self.write_output(file, hashes, None)
    }

    /// Writes the report of gathering the whole plan to a file.
    ///
    /// # Errors
    ///
    /// [`EngineError::Files`], [`EngineError::Write`].
    pub fn keep_output(&self, file: &Path, report: Value) -> Result<(), EngineError> {
        let sha256 = digest(file)?;
        self.write_output(file, vec![sha256], Some(report))
    }

    /// The report of gathering the whole plan to a file, if the file is as it was then.
    #[must_use]
    pub fn output_report(&self, file: &Path) -> Option<Value> {
        let (output, found) = self.output(file)?;
        output.report.filter(|_| output.sha256.contains(&found))
    }

    fn output(&self, file: &Path) -> Option<(GatheredOutput, Sha256)> {
        let output = document(&self.output_place(file)).ok()?;
        Some((output, digest(file).ok()?))
    }

    fn write_output(
        &self,
        file: &Path,
        sha256: Vec<Sha256>,
        report: Option<Value>,
    ) -> Result<(), EngineError> {
        let place = self.output_place(file);
        let output = GatheredOutput {
            path: absolute(file).to_string_lossy().into_owned(),
            sha256,
            report,
        };
        let directory = self.path().join(OUTPUTS);
        fs::create_dir_all(&directory).map_err(EngineError::write(&directory))?;
        let bytes = pretty(&output).map_err(EngineError::write(&place))?;
        write_atomic(&place, &bytes).map_err(EngineError::stored(&place))
    }

    fn output_place(&self, file: &Path) -> PathBuf {
        let name = digest_bytes(absolute(file).as_os_str().as_encoded_bytes());
        self.path().join(OUTPUTS).join(format!("{name}.json"))
    }
}

fn digest(file: &Path) -> Result<Sha256, EngineError> {
    let read = || -> io::Result<_> { digest_reader(protea_files::open(file, Links::Refuse)?) };
    match read() {
        Ok((sha256, _)) => Ok(sha256),
        Err(source) => Err(protea_files::FilesError::Read {
            path: file.to_owned(),
            source,
        }
        .into()),
    }
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}
