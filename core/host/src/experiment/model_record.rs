//! The hashes on record of the files of a model, and whether the files still have them.
//!
//! The manifest of a run lists the files of its model, and `run.json` those of an export. A model on
//! record is used only if its files are those. Runs and exports of earlier versions have no such list.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use protea_contracts::{
    FileDigest,
    content::{ContentError, digest_reader},
    model::FILE_NAME as MODEL_FILE,
};
use protea_files::{DigestCache, Directory, FilesError, Limits, Links, Stop, Stoppable};
use serde::Deserialize;
use url::Url;

use super::error::ExperimentError;
use crate::{
    dataset,
    file_comparison::same,
    store::{self, StoreError},
    workspace::{RUN_MANIFEST, RunManifest},
};

/// The directory of a model in that of its run.
pub(super) const MODEL: &str = "model";
/// The file of an export that says where it comes from.
const EXPORTED: &str = "run.json";
/// The largest `run.json` that is read, in bytes.
const EXPORTED_LIMIT: u64 = 4 << 20;
/// The most files that are listed. Of a model with more, the document is.
const MOST: usize = 1000;

/// What is on record of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRecord {
    /// The files are those on record.
    Checked,
    /// The run or export is there, but has no hashes of the model's files.
    NoHashes,
    /// The model is not in the directory of a run or an export.
    Unknown,
}

/// Compares the files of a model on this machine with the hashes in the manifest of its run, or in
/// the `run.json` of its export. Of a frozen dataset in it only the manifest is compared, which has
/// the hashes of its files.
///
/// # Errors
///
/// [`ExperimentError::ModelChanged`]; [`ExperimentError::Store`] if a record cannot be read.
pub fn check_model(model: &Url) -> Result<ModelRecord, ExperimentError> {
    match store::local_path(model) {
        Ok(path) if store::is_local(model) => check(&path),
        _ => Ok(ModelRecord::Unknown),
    }
}

/// As [`check_model`], of a path.
pub(super) fn check(model: &Path) -> Result<ModelRecord, ExperimentError> {
    let Ok(model) = model.canonicalize() else {
        // What is missing, the runner reports.
        return Ok(ModelRecord::Unknown);
    };
    let mut record = ModelRecord::Unknown;
    let directory = if model.is_dir() {
        model.as_path()
    } else {
        model.parent().unwrap_or(&model)
    };
    if let Some(files) = exported(directory)? {
        let place = directory.join(EXPORTED);
        record = compare(&model, directory, &place, files.as_deref())?;
    }
    // A runner can write files of that name inside its model, so each that is above it counts.
    for run in model.ancestors().skip(1) {
        let manifest = run.join(RUN_MANIFEST);
        if !model.starts_with(run.join(MODEL)) || !protea_files::is_regular(&manifest) {
            continue;
        }
        // The reader of runs reports a manifest that is damaged.
        let Ok(recorded) = RunManifest::read(run) else {
            continue;
        };
        let files = recorded.artifacts.model;
        let files = (!files.is_empty()).then_some(files.as_slice());
        record = compare(&model, run, &manifest, files)?;
    }
    Ok(record)
}

/// What `run.json` lists: `None` if the directory is not that of an export.
fn exported(directory: &Path) -> Result<Option<Option<Vec<FileDigest>>>, ExperimentError> {
    #[derive(Deserialize)]
    struct Exported {
        files: Option<Vec<FileDigest>>,
    }
    let opened = Directory::open(directory, Links::Follow).map_err(StoreError::from)?;
    let bytes = match opened.read(Path::new(EXPORTED), EXPORTED_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(StoreError::from(error).into()),
    };
    // A runner may write a file of this name in a model that is not an export.
    let exported: Option<Exported> = serde_json::from_slice(&bytes).ok();
    Ok(exported.map(|exported| exported.files))
}

fn compare(
    model: &Path,
    directory: &Path,
    record: &Path,
    files: Option<&[FileDigest]>,
) -> Result<ModelRecord, ExperimentError> {
    let Some(files) = files else {
        return Ok(ModelRecord::NoHashes);
    };
    let changed = |source| ExperimentError::ModelChanged {
        model: model.to_owned(),
        record: record.to_owned(),
        source: Box::new(source),
    };
    let document = if model.is_dir() {
        model.join(MODEL_FILE)
    } else {
        model.to_owned()
    };
    let named = document.strip_prefix(directory).ok().map(slashed);
    if !files.iter().any(|file| Some(&file.path) == named.as_ref()) {
        let path = document.display().to_string();
        let reason = "it is not among the files on record";
        let source = io::Error::new(io::ErrorKind::NotFound, reason);
        return Err(changed(ContentError::Unreadable { path, source }));
    }
    let opened = Directory::open(directory, Links::Follow).map_err(StoreError::from)?;
    let cache = DigestCache::of_user();
    for file in files {
        if is_in_dataset(&file.path, files) {
            continue;
        }
        let digest = |file: &File| {
            let hash = |file: &File| Ok(*digest_reader(file)?.0.as_bytes());
            Ok(cache.digest(file, hash)?.into())
        };
        same(file, &opened, digest).map_err(changed)?;
    }
    Ok(ModelRecord::Checked)
}

/// Whether a file belongs to a frozen dataset among the files, which has a hash of it.
fn is_in_dataset(path: &str, files: &[FileDigest]) -> bool {
    let path = Path::new(path);
    path.file_name()
        .is_some_and(|name| name != dataset::MANIFEST)
        && path
            .ancestors()
            .skip(1)
            .filter(|above| !above.as_os_str().is_empty())
            .any(|above| {
                let manifest = slashed(&above.join(dataset::MANIFEST));
                files.iter().any(|file| file.path == manifest)
            })
}

/// The files of the model in the directory of a run, with their hashes and paths relative to it. Of a
/// frozen dataset in the model, its manifest alone.
pub(super) fn record(run: &Path, stop: &dyn Stop) -> Result<Vec<FileDigest>, FilesError> {
    let directory = run.join(MODEL);
    let opened = match Directory::open(&directory, Links::Refuse) {
        Ok(opened) => opened,
        // A model of a URI that only the runner resolves.
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let tree = opened.walk(&Limits::default(), stop)?;
    let is_manifest = |path: &Path| path.file_name().is_some_and(|n| n == dataset::MANIFEST);
    let files = || tree.files.iter().map(|file| file.path.as_path());
    let datasets: Vec<&Path> = files()
        .filter(|path| is_manifest(path))
        .filter_map(Path::parent)
        .filter(|parent| !parent.as_os_str().is_empty())
        .collect();
    let in_dataset = |path: &Path| datasets.iter().any(|dataset| path.starts_with(dataset));
    let mut listed: Vec<PathBuf> = files()
        .filter(|path| is_manifest(path) || !in_dataset(path))
        .map(Path::to_path_buf)
        .collect();
    if listed.len() > MOST {
        listed.retain(|path| path == Path::new(MODEL_FILE));
    }
    let digest = |path: &PathBuf| {
        let whole = directory.join(path);
        let read = Stoppable::new(opened.open_file(path)?, &whole, stop);
        let (sha256, bytes) =
            digest_reader(read).map_err(|source| match FilesError::of(&source) {
                Some(FilesError::Stopped { path }) => FilesError::Stopped { path: path.clone() },
                _ => FilesError::Read {
                    path: whole,
                    source,
                },
            })?;
        Ok(FileDigest {
            path: format!("{MODEL}/{}", slashed(path)),
            sha256,
            bytes,
        })
    };
    listed.iter().map(digest).collect()
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
