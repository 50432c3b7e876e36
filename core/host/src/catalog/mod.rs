//! The catalog: the runners on the search path, by name. Runs no code of a runner.
//!
//! This module does not know dispatch, the workspace and experiments.

mod candidates;
mod entry;
mod error;
mod inspect;
mod lock;
mod lock_error;
mod pin;
mod search_path;
mod trace;
mod trust;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub use entry::Entry;
pub use error::CatalogError;
pub use inspect::{Unusable, Verdict, inspect};
pub use lock::{LOCK_FILE, Lock};
pub use lock_error::LockError;
pub use pin::Pin;
pub use search_path::{ENVIRONMENT_VARIABLE, Origin, SearchEntry, SearchPath, user_directory};
pub use trace::Trace;
pub use trust::{Insecure, examine_directory};

use candidates::candidates;

/// The inspected files of a search path.
#[derive(Debug, Clone)]
pub struct Catalog {
    places: Vec<Place>,
    allow_insecure: bool,
    lock: Option<Lock>,
}

/// A directory of the search path and its libraries.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Place {
    /// The directory and where the entry comes from.
    pub entry: SearchEntry,
    /// The shared libraries in it, by file name; or why it cannot be read.
    pub files: Result<Vec<Candidate>, String>,
    /// Why the directory is not trusted, if so.
    pub insecure: Option<Insecure>,
}

/// A shared library in a directory of the search path.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// The result of the inspection.
    pub verdict: Verdict,
    /// Why the file is not trusted, if so.
    pub insecure: Option<Insecure>,
}

/// Serialises a path as text. Invalid UTF-8 becomes U+FFFD.
///
/// # Errors
///
/// Those of the serialiser.
pub fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl Catalog {
    /// Inspects every shared library in every directory of the search path. Runs no runner's code.
    /// Unusable files are recorded and are not an error.
    #[must_use]
    pub fn scan(search_path: &SearchPath) -> Self {
        let places = search_path
            .entries()
            .into_iter()
            .map(|entry| Place {
                entry: entry.clone(),
                files: candidates(&entry.directory),
                insecure: examine_directory(&entry.directory),
            })
            .collect();
        Self {
            places,
            allow_insecure: false,
            lock: None,
        }
    }

    /// Allows runners that other users can replace: see [`Insecure`].
    #[must_use]
    pub fn allowing_insecure(mut self) -> Self {
        self.allow_insecure = true;
        self
    }

    /// Allows only runners that are pinned in `lock`.
    #[must_use]
    pub fn locked(mut self, lock: Lock) -> Self {
        self.lock = Some(lock);
        self
    }

    /// The directories searched, with everything found in them.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The usable runners by name. Of several with the same name, the first on the search path.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Duplicate`] when one directory has a name twice.
    pub fn runners(&self) -> Result<Vec<Entry>, CatalogError> {
        let mut names: Vec<&str> = self.named().map(|(_, _, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        let found = names.into_iter().map(|name| self.find(name));
        found
            .filter(|found| match found {
                Ok(_) => true,
                Err(error) => matches!(error, CatalogError::Duplicate { .. }),
            })
            .collect()
    }

    /// The files that are or look like runners but are unusable, with the reason.
    #[must_use]
    pub fn unusable(&self) -> Vec<(PathBuf, String)> {
        let mut unusable = self.insecure();
        unusable.extend(
            self.candidates()
                .filter_map(|(_, candidate)| match &candidate.verdict {
                    Verdict::Runner(_) | Verdict::NotARunner => None,
                    verdict => Some((candidate.path.clone(), reason(verdict))),
                }),
        );
        unusable
    }

    /// Untrusted directories and files of runners. Each directory is listed once.
    fn insecure(&self) -> Vec<(PathBuf, String)> {
        if self.allow_insecure {
            return Vec::new();
        }
        let mut found: Vec<(PathBuf, String)> = Vec::new();
        for (place, candidate, _) in self.named() {
            let (path, insecure) = match (&place.insecure, &candidate.insecure) {
                (Some(insecure), _) => (&place.entry.directory, insecure),
                (None, Some(insecure)) => (&candidate.path, insecure),
                (None, None) => continue,
            };
            if found.last().is_none_or(|(last, _)| last != path) {
                found.push((path.clone(), insecure.to_string()));
            }
        }
        found
    }

    /// The runner of this name: the first on the search path.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unknown`] with the nearest names, [`CatalogError::Duplicate`] with both
    /// files, [`CatalogError::Incompatible`] with both versions, [`CatalogError::Insecure`] and
    /// [`CatalogError::Locked`] for an untrusted runner. Later directories are not searched then.
    pub fn find(&self, name: &str) -> Result<Entry, CatalogError> {
        if name
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | '\\'))
        {
            return Err(CatalogError::Name {
                name: name.to_owned(),
            });
        }
        for place in &self.places {
            let mut hits = place
                .files
                .iter()
                .flatten()
                .filter(|candidate| name_of(&candidate.verdict) == Some(name));
            let Some(candidate) = hits.next() else {
                continue;
            };
            if let Some(second) = hits.next() {
                return Err(CatalogError::Duplicate {
                    name: name.to_owned(),
                    first: candidate.path.clone(),
                    second: second.path.clone(),
                });
            }
            return match &candidate.verdict {
                Verdict::Incompatible { mismatch, .. } => Err(CatalogError::Incompatible {
                    name: name.to_owned(),
                    path: candidate.path.clone(),
                    mismatch: mismatch.clone(),
                }),
                Verdict::Runner(descriptor) => self.trusted(
                    place,
                    candidate,
                    Entry::read(&candidate.path, descriptor.clone(), place.entry.origin)?,
                ),
                Verdict::NotARunner | Verdict::Unusable(_) => {
                    unreachable!("only runners have a name")
                }
            };
        }
        Err(self.unknown(name))
    }

    fn trusted(
        &self,
        place: &Place,
        candidate: &Candidate,
        entry: Entry,
    ) -> Result<Entry, CatalogError> {
        let insecure = place.insecure.as_ref().or(candidate.insecure.as_ref());
        if let Some(insecure) = insecure.filter(|_| !self.allow_insecure) {
            return Err(CatalogError::Insecure {
                name: entry.descriptor.name,
                insecure: insecure.clone(),
            });
        }
        if let Some(lock) = &self.lock {
            lock.check(&entry)?;
        }
        Ok(entry)
    }

    fn candidates(&self) -> impl Iterator<Item = (&Place, &Candidate)> {
        self.places.iter().flat_map(|place| {
            place
                .files
                .iter()
                .flatten()
                .map(move |candidate| (place, candidate))
        })
    }

    fn named(&self) -> impl Iterator<Item = (&Place, &Candidate, &str)> {
        self.candidates()
            .filter_map(|(place, candidate)| Some((place, candidate, name_of(&candidate.verdict)?)))
    }

    fn unknown(&self, name: &str) -> CatalogError {
        const ALIKE: f64 = 0.78;
        const MOST: usize = 3;
        let found: BTreeSet<&str> = self.named().map(|(_, _, known)| known).collect();
        let meant = without_file_name(name);
        let mut near: Vec<(f64, &str)> = found
            .iter()
            .map(|known| (strsim::jaro_winkler(&meant, known), *known))
            .filter(|(similarity, _)| *similarity >= ALIKE)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        near.truncate(MOST);
        let owned = |name: &str| name.to_owned();
        CatalogError::Unknown {
            name: owned(name),
            nearest: near.into_iter().map(|(_, known)| owned(known)).collect(),
            found: found.into_iter().map(owned).collect(),
            searched: self
                .places()
                .iter()
                .map(|place| place.entry.directory.clone())
                .collect(),
            unusable: self.unusable(),
        }
    }
}

/// What a name means: names are in lower case, and `libprotea_knn.so` is the file of `knn`.
fn without_file_name(name: &str) -> String {
    let name = name.to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    let stem = stem.strip_prefix("protea_").unwrap_or(stem);
    stem.strip_suffix("_runner").unwrap_or(stem).to_owned()
}

fn name_of(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Runner(descriptor) => Some(&descriptor.name),
        Verdict::Incompatible { descriptor, .. } => Some(&descriptor.name),
        Verdict::NotARunner | Verdict::Unusable(_) => None,
    }
}

fn reason(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Runner(descriptor) => format!("it is the runner {:?}", descriptor.name),
        Verdict::Incompatible { mismatch, .. } => mismatch.to_string(),
        Verdict::NotARunner => "it is a shared library without a runner".to_owned(),
        Verdict::Unusable(unusable) => unusable.to_string(),
    }
}
