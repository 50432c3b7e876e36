//! A workspace that was moved or copied: its manifests name the places where things were.

use std::path::{Path, PathBuf};

use url::Url;

use super::RunManifest;
use crate::store;

/// The depth of a run's directory in its workspace:
/// `workspace/<job_id>/artifacts/<pipeline>/<run_id>`.
const DEPTH: usize = 5;

/// Lets the places in a manifest follow the workspace, if the run's directory is not where it was.
/// A place outside of the workspace stays.
pub(super) fn follow(directory: &Path, manifest: &mut RunManifest) {
    let before = manifest.artifacts.directory.clone();
    let Some(moved) = Moved::between(&before, directory) else {
        return;
    };
    manifest.artifacts.directory = directory.to_owned();
    if let Some(path) = &mut manifest.artifacts.predictions {
        moved.path(path);
    }
    if let Some(uri) = &mut manifest.model_uri {
        moved.uri(uri);
    }
    for file in &mut manifest.artifacts.export {
        moved.uri(&mut file.uri);
    }
    for dataset in manifest.datasets.values_mut() {
        let named = dataset.get("uri").and_then(|uri| uri.as_str());
        if let Some(mut uri) = named.and_then(|uri| Url::parse(uri).ok()) {
            moved.uri(&mut uri);
            dataset["uri"] = uri.as_str().into();
        }
    }
}

/// Where a workspace was, and where it is.
struct Moved<'a> {
    from: &'a Path,
    to: &'a Path,
}

impl<'a> Moved<'a> {
    /// `None` if the directory of the run is the one that it was.
    fn between(before: &'a Path, now: &'a Path) -> Option<Self> {
        let is_same = before == now
            || before
                .canonicalize()
                .is_ok_and(|before| now.canonicalize().is_ok_and(|now| before == now));
        let (from, to) = (before.ancestors().nth(DEPTH)?, now.ancestors().nth(DEPTH)?);
        let below = |path: &'a Path, root: &Path| path.strip_prefix(root).ok();
        (!is_same && below(before, from) == below(now, to)).then_some(Self { from, to })
    }

    fn path(&self, path: &mut PathBuf) {
        let Ok(rest) = path.strip_prefix(self.from) else {
            return;
        };
        let place = self.to.join(rest);
        // In a copy of a part of a workspace, the rest is still where it was.
        if place.symlink_metadata().is_ok() || path.symlink_metadata().is_err() {
            *path = place;
        }
    }

    fn uri(&self, uri: &mut Url) {
        if !store::is_local(uri) {
            return;
        }
        let is_directory = uri.path().ends_with('/');
        let Ok(before) = store::local_path(uri) else {
            return;
        };
        let mut path = before.clone();
        self.path(&mut path);
        let moved = if is_directory {
            Url::from_directory_path(&path)
        } else {
            Url::from_file_path(&path)
        };
        if path != before
            && let Ok(moved) = moved
        {
            *uri = moved;
        }
    }
}
