//! What to do with a place that is not a frozen dataset: datasets near it are named.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_core::{StageDatasetError, dataset::MANIFEST};

use super::file_kind::freeze_first;
use crate::output::display_path;

/// Entries of a directory that are looked at.
const MOST: usize = 1000;
/// Names with less in common are not meant.
const ALIKE: f64 = 0.8;
/// How many datasets are named.
const NAMED: usize = 6;

pub(super) fn staged(error: &StageDatasetError) -> Option<String> {
    match error {
        StageDatasetError::NotThere { .. } => {
            Some("copy one there with `protea store cp DATASET URI`".to_owned())
        }
        StageDatasetError::Missing { path } => meant(path),
        StageDatasetError::NotFrozen { path } => {
            inside(path).or_else(|| Some("create one with `protea dataset freeze`".to_owned()))
        }
        StageDatasetError::File { path } => Some(freeze_first(path)),
        _ => None,
    }
}

/// The datasets that a path means which has none.
pub(super) fn near(path: &Path) -> Option<String> {
    if path.exists() {
        inside(path)
    } else {
        meant(path)
    }
}

/// The datasets in a directory that is not one itself.
fn inside(directory: &Path) -> Option<String> {
    let found = datasets(directory);
    let named: Vec<String> = found.iter().take(NAMED).map(|path| shown(path)).collect();
    match found.len() {
        0 => None,
        1 => Some(format!("the dataset in it is {}", named[0])),
        count if count <= NAMED => Some(format!("the datasets in it are {}", named.join(", "))),
        _ => Some(format!("the datasets in it are {}, …", named.join(", "))),
    }
}

/// The dataset that a path means, by its name or because it is in the directory of that name.
fn meant(path: &Path) -> Option<String> {
    let parent = path.parent()?;
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    if !parent.exists() {
        let above = parent.parent()?;
        let wanted = Path::new(parent.file_name()?).join(path.file_name()?);
        return Some(format!(
            "the directory {} has no {}; check the path",
            display_path(above),
            display_path(&wanted)
        ))
        .filter(|_| above.exists());
    }
    let found = datasets(parent);
    let alike = |path: &PathBuf| {
        let other = path.file_name().unwrap_or_default().to_string_lossy();
        strsim::jaro_winkler(&name, &other.to_lowercase())
    };
    let best = found.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    if alike(best) >= ALIKE {
        return Some(format!("did you mean {}?", shown(best)));
    }
    let place = display_path(parent);
    let named: Vec<String> = found.iter().take(NAMED).map(|path| shown(path)).collect();
    Some(format!("{place} has the datasets {}", named.join(", ")))
}

fn datasets(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .take(MOST)
        .map(|entry| entry.path())
        .filter(|path| protea_files::is_regular(&path.join(MANIFEST)))
        .collect();
    found.sort();
    found
}

/// The path as the user would type it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    display_path(path.strip_prefix(&here).unwrap_or(path))
}
