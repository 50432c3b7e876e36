//! Finding prediction files in a directory.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use protea_ontology::Reading;

use crate::error::ScoringError;

/// A prediction file and its name in the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionFile {
    /// Path of the file.
    pub path: PathBuf,
    /// The path relative to the directory, with `_` instead of `/` as in cafaeval, without the
    /// suffix `.gz` or `.zst`.
    pub name: String,
}

/// The prediction files in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundFiles {
    /// The files, sorted by name.
    pub files: Vec<PredictionFile>,
    /// Files and directories that are not predictions: hidden ones, and what editors, notebooks and
    /// operating systems leave.
    pub ignored: Vec<PathBuf>,
}

/// Lists every file under a directory, sorted by name (cafaeval uses the order of the file system).
/// Hidden files and leftovers of editors are ignored. If the path is a file, lists only that file.
///
/// # Errors
///
/// [`ScoringError::Read`] if a directory cannot be read or contains a special file;
/// [`ScoringError::NoPredictionFiles`] if there is no file; [`ScoringError::SameName`] if two files
/// have the same name, such as `a/b` and `a_b`, or `a` and `a.gz`.
pub fn prediction_files(directory: impl AsRef<Path>) -> Result<Vec<PredictionFile>, ScoringError> {
    find_prediction_files(directory, Reading::default()).map(|found| found.files)
}

/// Lists prediction files like [`prediction_files`], and what is ignored. cafaeval ignores nothing.
///
/// # Errors
///
/// Those of [`prediction_files`].
pub fn find_prediction_files(
    directory: impl AsRef<Path>,
    reading: Reading,
) -> Result<FoundFiles, ScoringError> {
    let directory = directory.as_ref();
    let read = |path: &Path, source| ScoringError::Read {
        input: "predictions",
        file: path.display().to_string(),
        source,
    };
    if !fs::metadata(directory)
        .map_err(|e| read(directory, e))?
        .is_dir()
    {
        let name = directory
            .file_name()
            .unwrap_or(directory.as_os_str())
            .to_string_lossy();
        let file = PredictionFile {
            path: directory.to_owned(),
            name: without_compression_suffix(&name).to_owned(),
        };
        return Ok(FoundFiles {
            files: vec![file],
            ignored: Vec::new(),
        });
    }
    let (mut files, mut ignored) = (Vec::new(), Vec::new());
    let mut directories = vec![directory.to_owned()];
    while let Some(current) = directories.pop() {
        for entry in fs::read_dir(&current).map_err(|e| read(&current, e))? {
            let entry = entry.map_err(|e| read(&current, e))?;
            let (path, kind) = (
                entry.path(),
                entry.file_type().map_err(|e| read(&current, e))?,
            );
            if reading == Reading::Specification && is_leftover(&entry.file_name()) {
                ignored.push(path);
            } else if kind.is_dir() {
                directories.push(path);
            } else if !path.is_dir() {
                // Links to directories are not followed because they can form a cycle. Pipes found
                // in a directory are refused because reading them can block forever; a pipe passed
                // as a file is read.
                let metadata = fs::metadata(&path).map_err(|e| read(&path, e))?;
                if !metadata.is_file() {
                    let reason = "it is a pipe, socket or device; give a regular file";
                    let refused = io::Error::new(io::ErrorKind::InvalidInput, reason);
                    return Err(read(&path, refused));
                }
                let relative = path.strip_prefix(directory).unwrap_or(&path);
                let parts: Vec<_> = relative.iter().map(|p| p.to_string_lossy()).collect();
                let name = without_compression_suffix(&parts.join("_")).to_owned();
                files.push(PredictionFile { path, name });
            }
        }
    }
    files.sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    if files.is_empty() {
        return Err(ScoringError::NoPredictionFiles {
            dir: directory.display().to_string(),
        });
    }
    match files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        None => {
            ignored.sort_unstable();
            Ok(FoundFiles { files, ignored })
        }
        Some(pair) => Err(ScoringError::SameName {
            name: pair[0].name.clone(),
            first: pair[0].path.display().to_string(),
            second: pair[1].path.display().to_string(),
        }),
    }
}

/// Endings of copies that editors, version control and downloads leave.
const LEFTOVERS: [&str; 13] = [
    ".swp",
    ".swo",
    ".bak",
    ".orig",
    ".rej",
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".save",
    ".old",
];

/// Whether a file or directory is hidden, or left by an editor, a notebook or the operating system.
fn is_leftover(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let by_system = ["Thumbs.db", "desktop.ini", "__MACOSX"];
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || name.starts_with("~$")
        || LEFTOVERS.iter().any(|ending| {
            let start = name.len().checked_sub(ending.len());
            let end = start.and_then(|start| name.get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(ending))
        })
        || by_system
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
}

fn without_compression_suffix(name: &str) -> &str {
    [".gz", ".zst"]
        .into_iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}
