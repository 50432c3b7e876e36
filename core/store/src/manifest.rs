//! The manifest of a directory: the list of its files with sizes and hashes.

use std::{collections::BTreeSet, path::Path};

use protea_contracts::{FileDigest, Sha256, content};
use protea_files::{Directory, FilesError, Limits, Links, Stoppable};
use serde::Deserialize;
use serde_json::json;

use super::{StoreError, location::stays_below};

/// The manifest of a frozen dataset. The store reads only its list of files.
pub const DATASET_MANIFEST: &str = "dataset.json";

/// The manifest of an export, which the host writes last: format, and path, SHA-256 and size of
/// every other file.
pub const EXPORT_MANIFEST: &str = "store_manifest.json";

/// The possible names of a manifest, in the order of the search.
pub(super) const NAMES: [&str; 2] = [DATASET_MANIFEST, EXPORT_MANIFEST];

/// The largest manifest in bytes.
pub(super) const LARGEST: u64 = 4 << 20;

/// The longest listed path in bytes, and the most components in it.
const LONGEST: usize = 1024;
const DEEPEST: usize = 32;

/// The manifest of a directory: of a frozen dataset, or of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreManifest {
    /// [`DATASET_MANIFEST`] or [`EXPORT_MANIFEST`].
    pub name: String,
    /// Its bytes, whose SHA-256 is the identity of the directory.
    pub bytes: Vec<u8>,
    /// The files, all inside the directory, each listed once.
    pub files: Vec<FileDigest>,
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<FileDigest>,
}

impl StoreManifest {
    /// Parses a manifest from `uri` and checks its list.
    ///
    /// # Errors
    ///
    /// [`StoreError::Manifest`].
    pub fn parse(uri: &str, name: &str, bytes: Vec<u8>) -> Result<Self, StoreError> {
        let invalid = |reason: String| StoreError::Manifest {
            uri: uri.to_owned(),
            reason,
        };
        let listing: Listing =
            serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        let mut seen = BTreeSet::new();
        for file in &listing.files {
            let path = &file.path;
            if path.len() > LONGEST || path.split('/').count() > DEEPEST {
                let start: String = path.chars().take(60).collect();
                return Err(invalid(format!(
                    "the listed path {start:?}… is longer than {LONGEST} bytes or deeper than \
                     {DEEPEST} directories"
                )));
            }
            if !stays_below(path) {
                return Err(invalid(format!(
                    "the listed path {path:?} leaves the directory"
                )));
            }
            if NAMES.contains(&path.as_str()) || !seen.insert(path.as_str()) {
                return Err(invalid(format!(
                    "it lists {path:?}, which is its own name or listed twice"
                )));
            }
        }
        // A file cannot also be a directory.
        for path in &seen {
            let inside = path.match_indices('/').map(|(at, _)| &path[..at]);
            if let Some(file) = inside.into_iter().find(|above| seen.contains(above)) {
                return Err(invalid(format!("{file:?} is a file and a directory in it")));
            }
        }
        let mut sizes = listing.files.iter().map(|file| file.bytes);
        if sizes
            .try_fold(0_u64, |sum, size| sum.checked_add(size))
            .is_none()
        {
            return Err(invalid("the sum of the listed sizes overflows".to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            bytes,
            files: listing.files,
        })
    }

    /// The identity of the directory: the SHA-256 of the manifest.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        content::digest_bytes(&self.bytes)
    }

    /// The sizes of all files together, in bytes, without the manifest.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The manifest of a local directory, if it has one.
    pub(super) fn find_local(directory: &Path) -> Result<Option<Self>, StoreError> {
        for name in NAMES {
            if let Some(manifest) = Self::read(directory, name)? {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// The manifest called `name` in a local directory, if the directory has one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Manifest`] when it is not one; [`StoreError::Read`] when it cannot be read.
    pub fn read(directory: &Path, name: &str) -> Result<Option<Self>, StoreError> {
        let path = directory.join(name);
        let display_uri = path.display().to_string();
        // The files of a dataset may be links: their hashes are what counts.
        let bytes = match protea_files::read(&path, Links::Follow, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(FilesError::Read { path, source }) => {
                return Err(StoreError::Read { path, source });
            }
            Err(error) => {
                return Err(StoreError::Manifest {
                    uri: display_uri,
                    reason: match error {
                        FilesError::TooLarge { .. } => {
                            "it is larger than the limit for manifests".to_owned()
                        }
                        error => error.reason(),
                    },
                });
            }
        };
        Self::parse(&display_uri, name, bytes).map(Some)
    }

    /// Creates the manifest of a directory without one, from all its files.
    pub(super) fn make(
        directory: &Path,
        meter: &super::meter::Meter<'_>,
    ) -> Result<Self, StoreError> {
        let listing = Content::list(directory, meter)?;
        let mut files = Vec::with_capacity(listing.paths.len());
        for path in listing.paths {
            let full = directory.join(&path);
            let file = listing.directory.open_file(Path::new(&path))?;
            let stop = || meter.is_cancelled();
            let reader = Stoppable::new(file, &full, &stop);
            let (sha256, bytes) = content::digest_reader(reader).map_err(|error| {
                meter
                    .check()
                    .err()
                    .unwrap_or_else(|| StoreError::read(&full)(error))
            })?;
            files.push(FileDigest {
                path,
                sha256,
                bytes,
            });
        }
        let display_uri = directory.display().to_string();
        let value = json!({ "format": 1, "files": files });
        let text = serde_json::to_vec_pretty(&value);
        let mut bytes = text.map_err(|error| StoreError::Manifest {
            uri: display_uri.clone(),
            reason: error.to_string(),
        })?;
        bytes.push(b'\n');
        if bytes.len() as u64 > LARGEST {
            return Err(StoreError::Manifest {
                uri: display_uri,
                reason: format!("a manifest cannot list {} files", files.len()),
            });
        }
        Self::parse(&display_uri, EXPORT_MANIFEST, bytes)
    }

    /// Fails if a local directory has files that its manifest does not list, which would not be
    /// copied.
    pub(super) fn covers(
        &self,
        directory: &Path,
        meter: &super::meter::Meter<'_>,
    ) -> Result<(), StoreError> {
        let Content { paths, .. } = Content::list(directory, meter)?;
        let listed: BTreeSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        match paths
            .iter()
            .find(|path| !listed.contains(path.as_str()) && **path != self.name)
        {
            None => Ok(()),
            Some(path) => Err(StoreError::Manifest {
                uri: directory.join(&self.name).display().to_string(),
                reason: format!(
                    "it does not list {path:?}, which is in the directory; move that file away"
                ),
            }),
        }
    }
}

/// The files in a directory that is about to be published.
struct Content {
    directory: Directory,
    /// Relative paths with `/`, sorted.
    paths: Vec<String>,
}

impl Content {
    /// Lists a directory. A link or special file in it is an error: what it leads to is not part of
    /// the directory.
    fn list(directory: &Path, meter: &super::meter::Meter<'_>) -> Result<Self, StoreError> {
        let directory = Directory::open(directory, Links::Follow)?;
        let tree = directory.walk(&Limits::default(), &|| meter.is_cancelled())?;
        if let Some(error) = tree.left_out.into_iter().next() {
            return Err(error.into());
        }
        let paths = tree.files.into_iter().map(|file| {
            let parts: Option<Vec<&str>> = file.path.iter().map(|part| part.to_str()).collect();
            parts
                .map(|parts| parts.join("/"))
                .ok_or_else(|| StoreError::Location {
                    location: directory.path().join(&file.path).display().to_string(),
                    reason: "a name that is not UTF-8 cannot be published".to_owned(),
                })
        });
        let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        Ok(Self { directory, paths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn parse(files: &str) -> Result<StoreManifest, StoreError> {
        let text = format!("{{\"files\": [{files}]}}");
        StoreManifest::parse("s3://b/dataset.json", DATASET_MANIFEST, text.into_bytes())
    }

    fn file(path: &str, bytes: u64) -> String {
        json!({ "path": path, "sha256": SUM, "bytes": bytes }).to_string()
    }

    #[test]
    fn a_manifest_that_lists_what_cannot_be_is_refused() {
        let good = parse(&[file("a", 1), file("b/c", 2)].join(",")).unwrap();
        assert_eq!(good.total(), 3);
        parse(&file(&format!("{}b", "a/".repeat(DEEPEST - 1)), 1)).unwrap();
        let invalid = [
            file("../a", 1),
            file("/a", 1),
            file("dataset.json", 1),
            [file("a", 1), file("a", 1)].join(","),
            [file("a", 1), file("a/b", 1)].join(","),
            [file("a", u64::MAX), file("b", 1)].join(","),
            file(&format!("{}b", "a/".repeat(DEEPEST)), 1),
            file(&"a".repeat(LONGEST + 1), 1),
            json!({ "path": "a", "sha256": "abc", "bytes": 1 }).to_string(),
            json!({ "path": "a", "sha256": SUM, "bytes": -1 }).to_string(),
            "7".to_owned(),
        ];
        for files in invalid {
            let error = parse(&files).unwrap_err();
            assert!(
                matches!(error, StoreError::Manifest { .. }),
                "{files}: {error}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = StoreManifest::parse("x", "dataset.json", bytes);
        }

        #[test]
        fn whatever_path_is_taken_stays_below(path in "[a-z./\\\\]{0,12}") {
            if let Ok(manifest) = parse(&file(&path, 1)) {
                let joined = Path::new("/base").join(&manifest.files[0].path);
                proptest::prop_assert!(joined.starts_with("/base"));
                let mut parts = joined.components();
                proptest::prop_assert!(!parts.any(|part| part == std::path::Component::ParentDir));
            }
        }
    }
}
