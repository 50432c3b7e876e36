//! Ids and names in W&B, within its rules.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use md5::{Digest, Md5};

use crate::{RunStart, Tags, TrackerError, truncate::ellipsis};

/// W&B's id of a run: 12 letters and digits, a hash of our id.
pub(super) fn id(run_id: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digest: [u8; 16] = Md5::digest(run_id.as_bytes()).into();
    let mut number = u128::from_be_bytes(digest);
    let mut id = String::with_capacity(12);
    for _ in 0..12 {
        id.push(char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
    }
    id
}

/// The directory of a run. Its name contains the start of the run in UTC.
pub(super) fn run_directory(directory: &Path, started: Timestamp, id: &str) -> PathBuf {
    let started = started.strftime("%Y%m%d_%H%M%S");
    directory
        .join("wandb")
        .join(format!("offline-run-{started}-{id}"))
}

/// Whether this is a directory of the run with this id.
pub(super) fn is_run_directory(path: &Path, id: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let of_run = name.and_then(|name| name.strip_prefix("offline-run-"));
    of_run
        .and_then(|name| name.rsplit_once('-'))
        .is_some_and(|(_, found)| found == id)
}

/// The file of a run in its directory.
pub(super) fn run_file(run_directory: &Path, id: &str) -> PathBuf {
    run_directory.join(format!("run-{id}.wandb"))
}

const MAX_PROJECT: usize = 128;

/// Checks what W&B would only refuse during the upload.
pub(super) fn check(start: &RunStart) -> Result<(), TrackerError> {
    start.check()?;
    let Some(project) = &start.project else {
        return Ok(());
    };
    let reason = if project.trim().is_empty() {
        "the name of a project is blank; give a name, or none for W&B's default"
    } else if project.contains(['/', '\\', '#', '?', '%', ':', '\r', '\n']) {
        "W&B does not allow `/\\#?%:` and line breaks in the name of a project"
    } else if project.chars().count() > MAX_PROJECT {
        "W&B allows at most 128 characters in the name of a project"
    } else {
        return Ok(());
    };
    Err(TrackerError::Name {
        what: "project",
        value: project.clone(),
        reason: reason.to_owned(),
    })
}

const MAX_TAG: usize = 64;

/// Tags of W&B, which are strings of 1 to 64 characters. The complete tags are in the config.
pub(super) fn tags(tags: &Tags) -> Vec<String> {
    tags.iter()
        .map(|(key, value)| ellipsis(&format!("{key}:{value}"), MAX_TAG).into_owned())
        .collect()
}

/// The name of an artifact. W&B allows at most 128 characters and no `/`.
pub(super) fn artifact(name: &str) -> Result<String, TrackerError> {
    const MAX_NAME: usize = 128;
    let name = name.replace(['/', ':', '?', '%'], "-");
    if name.chars().count() > MAX_NAME {
        return Err(TrackerError::Refused {
            backend: super::BACKEND.to_owned(),
            what: format!("the artefact {name:?}"),
            reason: "W&B allows at most 128 characters in its name".to_owned(),
        });
    }
    Ok(name)
}

/// The name of a metric. Names that W&B itself uses get a prefix.
pub(super) fn metric(name: &str) -> String {
    const RESERVED: [&str; 5] = ["_step", "_timestamp", "_runtime", "_wandb", ""];
    if RESERVED.contains(&name) || name == super::history::AXIS {
        format!("metric/{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable() {
        // Uploaded runs are found by these ids, so they must never change.
        assert_eq!(id("20261121T084949Z-0a1b2c3d"), "kpkan18pje3y");
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn long_tags_are_shortened() {
        let tags = tags(&Tags::from([("größe".to_owned(), "ä".repeat(80))]));
        assert_eq!(tags[0].chars().count(), 64);
        assert!(tags[0].starts_with("größe:ää") && tags[0].ends_with('…'));
    }

    #[test]
    fn an_invalid_project_is_refused_at_once() {
        let start = RunStart::new("knn").with_project("a/b");
        let error = check(&start).unwrap_err().to_string();
        assert!(error.contains("project \"a/b\""), "{error}");
        for blank in ["", "  "] {
            assert!(check(&RunStart::new("knn").with_project(blank)).is_err());
        }
        assert!(check(&RunStart::new("knn").with_project("p".repeat(129))).is_err());
        assert!(check(&RunStart::new("knn").with_project("p".repeat(128))).is_ok());
    }
}
