//! Lets files of an export share space with identical files of earlier exports of the workspace.
//!
//! A model that predicts from references brings them along, so without this every export of a search
//! would hold the ontology and the embeddings of the same dataset. Only files that nobody may write are
//! shared: then no program changes several exports at once by mistake.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use protea_contracts::{ExportedFile, Sha256, content::digest_reader};
use protea_files::Links;

use crate::{
    store,
    workspace::{RunManifest, Workspace},
};

/// Smaller files are not worth a look, in bytes.
const SMALLEST: u64 = 64 << 10;
/// In how many of the newest runs identical files are looked for.
const RUNS: usize = 32;

/// Replaces files of an export by links to identical files of earlier exports. A file that cannot be
/// linked, such as on a file system without links, stays as it is.
pub(super) fn share(files: &[ExportedFile], workspace: &Workspace) {
    let wanted: Vec<(PathBuf, &ExportedFile)> = files
        .iter()
        .filter(|file| file.bytes >= SMALLEST)
        .filter_map(|file| Some((store::local_path(&file.uri).ok()?, file)))
        .filter(|(path, _)| is_protected(path))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let earlier = earlier(workspace);
    for (path, file) in wanted {
        let same = earlier.get(&file.sha256).into_iter().flatten();
        for twin in same.filter(|twin| **twin != path) {
            if is_protected(twin) && is_still(twin, file) && link(twin, &path).is_ok() {
                break;
            }
        }
    }
}

/// The exported files of the newest runs by their content.
fn earlier(workspace: &Workspace) -> HashMap<Sha256, Vec<PathBuf>> {
    let mut found: HashMap<Sha256, Vec<PathBuf>> = HashMap::new();
    for (_, directory) in workspace.run_directories().into_iter().rev().take(RUNS) {
        let Ok(manifest) = RunManifest::read(&directory) else {
            continue;
        };
        for file in manifest.artifacts.export {
            // Elsewhere, the user may do with it what she likes.
            if let Ok(path) = store::local_path(&file.uri)
                && path.starts_with(&directory)
            {
                found.entry(file.sha256).or_default().push(path);
            }
        }
    }
    found
}

/// Whether it is a regular file that nobody may write.
fn is_protected(path: &Path) -> bool {
    let metadata = path.symlink_metadata();
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().readonly())
}

/// Whether a file has the content that the manifest says.
fn is_still(path: &Path, file: &ExportedFile) -> bool {
    let opened = protea_files::open(path, Links::Refuse);
    let digest = opened.ok().and_then(|opened| digest_reader(opened).ok());
    digest.is_some_and(|(sha256, bytes)| sha256 == file.sha256 && bytes == file.bytes)
}

fn link(twin: &Path, path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".shared");
    let beside = path.with_file_name(name);
    fs::hard_link(twin, &beside)?;
    fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))?;
    // Renaming one name of a file to another name of the same file does nothing.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
