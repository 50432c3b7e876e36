//! What things are called in W&B.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use md5::{Digest, Md5};

use crate::{RunStart, Tags, TrackerError};

/// The id that W&B knows a run by: 12 letters and digits, by a hash of the run's own id.
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

/// The directory of a run, with its start in UTC: the same wherever and whenever it is asked for.
pub(super) fn run_directory(directory: &Path, started: Timestamp, id: &str) -> PathBuf {
    let started = started.strftime("%Y%m%d_%H%M%S");
    directory
        .join("wandb")
        .join(format!("offline-run-{started}-{id}"))
}

/// Whether a directory is of the run with this id.
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

const LONGEST_PROJECT: usize = 128;

/// Checks what W&B would refuse when the run is uploaded, long after.
pub(super) fn check(start: &RunStart) -> Result<(), TrackerError> {
    start.check()?;
    let Some(project) = &start.project else {
        return Ok(());
    };
    let reason = if project.contains(['/', '\\', '#', '?', '%', ':', '\r', '\n']) {
        "W&B takes none of the characters `/\\#?%:` and no line breaks in the name of a project"
    } else if project.chars().count() > LONGEST_PROJECT {
        "W&B takes at most 128 characters for the name of a project"
    } else {
        return Ok(());
    };
    Err(TrackerError::Name {
        what: "project",
        value: project.clone(),
        reason: reason.to_owned(),
    })
}

const LONGEST_TAG: usize = 64;

/// Tags as W&B has them: texts of 1 to 64 characters. The whole ones are in the config.
pub(super) fn tags(tags: &Tags) -> Vec<String> {
    let short = |(key, value): (&String, &String)| {
        let tag = format!("{key}:{value}");
        if tag.chars().count() <= LONGEST_TAG {
            return tag;
        }
        let kept: String = tag.chars().take(LONGEST_TAG - 1).collect();
        kept + "…"
    };
    tags.iter().map(short).collect()
}

/// The name of an artifact, of which W&B allows no `/` and at most 128 characters.
pub(super) fn artifact(name: &str) -> Result<String, TrackerError> {
    const LONGEST: usize = 128;
    let name = name.replace(['/', ':', '?', '%'], "-");
    if name.chars().count() > LONGEST {
        return Err(TrackerError::Refused {
            backend: super::BACKEND.to_owned(),
            what: format!("the artefact {name:?}"),
            reason: "its name has more than 128 characters".to_owned(),
        });
    }
    Ok(name)
}

/// The name of a metric. Those that W&B fills itself are moved aside.
pub(super) fn metric(name: &str) -> String {
    const TAKEN: [&str; 5] = ["_step", "_timestamp", "_runtime", "_wandb", ""];
    if TAKEN.contains(&name) || name == super::history::AXIS {
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
        // Runs that were uploaded are found by these ids: they must never change.
        assert_eq!(id("20261121T084949Z-0a1b2c3d"), "kpkan18pje3y");
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn long_tags_are_cut_at_a_character() {
        let tags = tags(&Tags::from([("größe".to_owned(), "ä".repeat(80))]));
        assert_eq!(tags[0].chars().count(), 64);
        assert!(tags[0].starts_with("größe:ää") && tags[0].ends_with('…'));
    }

    #[test]
    fn a_project_that_no_server_takes_is_refused_at_once() {
        let start = RunStart::new("knn").project("a/b");
        let error = check(&start).unwrap_err().to_string();
        assert!(error.contains("project \"a/b\""), "{error}");
        assert!(check(&RunStart::new("knn").project("p".repeat(129))).is_err());
        assert!(check(&RunStart::new("knn").project("p".repeat(128))).is_ok());
    }
}
