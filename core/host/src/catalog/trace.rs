//! Explains where a runner comes from: every examined file, and why it is used or skipped.

use std::path::{Path, PathBuf};

use super::{Candidate, Catalog, CatalogError, Entry, Origin, Verdict, as_text, name_of, reason};

/// One line of the answer to "where does this runner come from?".
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Trace {
    /// The file; or the directory, if it is unreadable or has no library.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Where the entry of the search path comes from.
    pub origin: Origin,
    /// Whether this is the file that is used.
    pub taken: bool,
    /// Why it is used or skipped.
    pub reason: String,
}

impl Catalog {
    /// Every examined file for this runner, in order, and why it is used or skipped.
    #[must_use]
    pub fn trace(&self, name: &str) -> Vec<Trace> {
        let found = self.find(name);
        // The first directory with a runner of this name decides. Later directories are skipped.
        let mut is_decided = false;
        let mut lines = Vec::new();
        for place in &self.places {
            let line = |path: &Path, taken: bool, reason: String| Trace {
                path: path.to_owned(),
                origin: place.entry.origin,
                taken,
                reason,
            };
            let files = match &place.files {
                Ok(files) if !files.is_empty() => files,
                Ok(_) => {
                    let reason = "there is no shared library in it".to_owned();
                    lines.push(line(&place.entry.directory, false, reason));
                    continue;
                }
                Err(reason) => {
                    lines.push(line(&place.entry.directory, false, reason.clone()));
                    continue;
                }
            };
            let has_name = |candidate: &&Candidate| name_of(&candidate.verdict) == Some(name);
            let namesakes = files.iter().filter(has_name).count();
            for candidate in files {
                let of_name = has_name(&candidate);
                let reason = match of_name {
                    true if is_decided => {
                        "an earlier directory has a runner of this name".to_owned()
                    }
                    true => outcome(&found, candidate, namesakes),
                    false => reason(&candidate.verdict),
                };
                let taken = of_name && !is_decided && found.is_ok();
                lines.push(line(&candidate.path, taken, reason));
            }
            is_decided |= namesakes > 0;
        }
        lines
    }
}

/// The outcome for a file with the requested name, in the directory that decides.
fn outcome(found: &Result<Entry, CatalogError>, file: &Candidate, namesakes: usize) -> String {
    match found {
        _ if matches!(file.verdict, Verdict::Incompatible { .. }) => reason(&file.verdict),
        Ok(_) => "taken".to_owned(),
        Err(_) if namesakes > 1 => "another file in this directory has this name too".to_owned(),
        Err(CatalogError::Insecure { insecure, .. }) => insecure.to_string(),
        Err(error) => error.to_string(),
    }
}
