//! Tests publishing a directory atomically.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::symlink, path::Path};

use protea_files::{FilesError, Staging, StagingError};

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_directory_appears_whole_with_the_parents_it_needs() {
    let place = tempfile::tempdir().unwrap();
    let destination = place.path().join("new/parents/out");
    let staging = Staging::begin(&destination).unwrap();
    fs::create_dir(staging.path().join("below")).unwrap();
    fs::write(staging.path().join("below/file"), "content").unwrap();
    assert!(!destination.exists());
    assert_eq!(staging.publish().unwrap(), destination);
    assert_eq!(
        fs::read_to_string(destination.join("below/file")).unwrap(),
        "content"
    );
    assert_eq!(names(&place.path().join("new/parents")), ["out"]);
}

#[test]
fn nothing_stays_of_what_is_not_published() {
    let place = tempfile::tempdir().unwrap();
    let destination = place.path().join("new/parents/out");
    let staging = Staging::begin_labelled(&destination, "freezing").unwrap();
    let hidden = names(&place.path().join("new/parents"));
    assert!(hidden[0].starts_with(".out.freezing-"), "{hidden:?}");
    fs::write(staging.path().join("file"), "content").unwrap();
    drop(staging);
    assert!(names(place.path()).is_empty());
}

#[test]
fn what_exists_is_not_replaced() {
    let place = tempfile::tempdir().unwrap();
    let destination = place.path().join("out");
    let staging = Staging::begin(&destination).unwrap();
    fs::create_dir(&destination).unwrap();
    for error in [
        staging.publish().unwrap_err(),
        Staging::begin(&destination).unwrap_err(),
        Staging::begin(&place.path().join("out/..")).unwrap_err(),
    ] {
        assert!(matches!(error, StagingError::Exists { .. }), "{error}");
    }
    let nameless = Staging::begin(&place.path().join("missing/..")).unwrap_err();
    assert!(
        matches!(nameless, StagingError::InvalidName { .. }),
        "{nameless}"
    );
    assert_eq!(names(place.path()), ["out"]);
}

#[test]
fn a_link_and_a_stop_prevent_publishing() {
    let place = tempfile::tempdir().unwrap();
    let destination = place.path().join("out");
    let staging = Staging::begin(&destination).unwrap();
    symlink("/etc/passwd", staging.path().join("link")).unwrap();
    let error = staging.publish().unwrap_err();
    assert!(
        matches!(
            error,
            StagingError::Content(FilesError::SymbolicLink { .. })
        ),
        "{error}"
    );
    let staging = Staging::begin(&destination).unwrap();
    fs::write(staging.path().join("file"), "content").unwrap();
    let error = staging.publish_unless(&|| true).unwrap_err();
    assert!(
        matches!(error, StagingError::Content(FilesError::Stopped { .. })),
        "{error}"
    );
    assert!(names(place.path()).is_empty());
}
