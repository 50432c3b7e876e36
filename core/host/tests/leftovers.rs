//! What a process leaves that was killed, or that ran on a full disk, and who removes it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use protea_core::{
    Workspace,
    workspace::{Job, job_id},
};
use serde_json::{Map, Value, json};

const STATE_POINT: &str = "signac_statepoint.json";

fn state_point(k: u64) -> Map<String, Value> {
    json!({ "runner": "knn", "k": k })
        .as_object()
        .unwrap()
        .clone()
}

/// Makes a directory look as if it was made an hour ago.
fn age(directory: &Path) {
    let hour = Duration::from_secs(3600);
    let directory = File::open(directory).unwrap();
    directory.set_modified(SystemTime::now() - hour).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The second line of a marker of an open run: a process of this boot that has ended.
fn ended_process() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    child.wait().unwrap();
    format!("{}/{} {pid} 1", boot.trim(), namespace.display())
}

/// A run directory whose process has ended, with a marker.
fn abandoned_run(workspace: &Path, job: &Job) -> (PathBuf, PathBuf) {
    let run = job.begin_run("training", "knn").unwrap();
    let marker = workspace.join(".protea/open").join(run.id());
    let text = fs::read_to_string(&marker).unwrap();
    let log = text.lines().next().unwrap();
    fs::write(&marker, format!("{log}\n{}", ended_process())).unwrap();
    (run.path().to_owned(), marker)
}

#[test]
fn a_job_has_its_state_point_from_the_beginning() {
    let place = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(place.path()).unwrap();
    let job = workspace.job(&state_point(1)).unwrap();
    assert_eq!(*job.id(), job_id(&state_point(1)).unwrap());
    assert_eq!(job.state_point().unwrap(), state_point(1));
    assert_eq!(names(job.directory()), [STATE_POINT]);
    // The second time it is the same job.
    assert_eq!(workspace.job(&state_point(1)).unwrap(), job);
    // A process was killed while it created a job; nothing of that is among the jobs.
    let new_jobs = place.path().join(".protea/new-jobs");
    fs::create_dir(new_jobs.join("job")).unwrap();
    fs::write(new_jobs.join("job/.partial-AbCdEf"), "{").unwrap();
    Workspace::at(place.path()).unwrap();
    assert_eq!(names(&new_jobs), ["lock"]);
    fs::create_dir(new_jobs.join("job")).unwrap();
    let other = workspace.job(&state_point(2)).unwrap();
    assert_eq!(names(&new_jobs), ["lock"]);
    let mut ids = [job.id().as_str(), other.id().as_str()];
    ids.sort_unstable();
    assert_eq!(names(&place.path().join("workspace")), ids);
}

#[test]
fn a_job_directory_without_state_point_is_repaired() {
    let place = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(place.path()).unwrap();
    let directory = |k| {
        let id = job_id(&state_point(k)).unwrap();
        let directory = place.path().join("workspace").join(id.as_str());
        fs::create_dir_all(&directory).unwrap();
        directory
    };
    // The same job is asked for: it gets its state point, also if the directory has other files.
    let (empty, with_files) = (directory(1), directory(2));
    fs::write(with_files.join("notes.txt"), "mine").unwrap();
    for k in [1, 2] {
        let job = workspace.job(&state_point(k)).unwrap();
        assert_eq!(job.state_point().unwrap(), state_point(k));
    }
    assert_eq!(names(&empty), [STATE_POINT]);
    assert_eq!(names(&with_files), ["notes.txt", STATE_POINT]);

    // Otherwise nobody knows the state point, and the directory is removed if it holds nothing.
    let (abandoned, torn, occupied, young) =
        (directory(3), directory(4), directory(5), directory(6));
    fs::write(torn.join(".partial-AbCdEf"), "{").unwrap();
    fs::write(occupied.join("notes.txt"), "mine").unwrap();
    for directory in [&abandoned, &torn, &occupied] {
        age(directory);
    }
    Workspace::at(place.path()).unwrap();
    let is_there = |directory: &Path| directory.exists();
    assert!(!is_there(&abandoned) && !is_there(&torn));
    // Files of somebody else are kept, and so is what another process is just creating.
    assert!(is_there(&occupied) && is_there(&young));
}

#[test]
fn a_run_that_never_began_leaves_no_directory() {
    let place = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(place.path()).unwrap();
    let job = workspace.job(&state_point(1)).unwrap();
    let (empty, _) = abandoned_run(place.path(), &job);
    fs::write(empty.join(".partial-AbCdEf"), "{").unwrap();
    let (with_files, _) = abandoned_run(place.path(), &job);
    fs::write(with_files.join("notes.txt"), "mine").unwrap();
    let of_this_process = job.begin_run("training", "knn").unwrap();
    Workspace::at(place.path()).unwrap();
    assert!(!empty.exists());
    assert!(with_files.join("notes.txt").exists());
    assert!(of_this_process.path().exists());
    let markers = names(&place.path().join(".protea/open"));
    assert_eq!(markers, [of_this_process.id().as_str()]);
}

#[test]
fn temporary_files_of_a_killed_run_are_removed() {
    let place = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(place.path()).unwrap();
    let job = workspace.job(&state_point(1)).unwrap();
    let (run, marker) = abandoned_run(place.path(), &job);
    let id = marker.file_name().unwrap().to_str().unwrap();
    let manifest = json!({
        "run_id": id, "job_id": job.id(), "pipeline": "training", "status": "running",
        "isolation": "subprocess", "spec": {}, "seed": 0, "threads": 1, "datasets": {},
        "host": { "protea": "1", "platform": "linux", "cores": 1 },
        "started": "2026-11-29T00:00:00Z", "steps": [], "metrics": {},
        "artifacts": { "directory": run }, "error": null
    });
    fs::write(run.join("run_manifest.json"), manifest.to_string()).unwrap();
    let log = job.tracker_log().join(id).join("events.jsonl");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let start = json!({
        "seq": 0, "time": "2026-11-29T00:00:00Z", "event": "init_run", "run_id": id, "name": "n",
        "started": "2026-11-29T00:00:00Z"
    });
    fs::write(&log, format!("{start}\n")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    for file in [
        "predictions/.tmpA1b2C3",
        "predictions/a.tsv",
        "model/deep/.tmpA1b2C3",
    ] {
        fs::create_dir_all(run.join(file).parent().unwrap()).unwrap();
        fs::write(run.join(file), "x").unwrap();
    }
    fs::write(run.join("model/.tmpnotes"), "x").unwrap();
    fs::create_dir(run.join(".partial-A1b2C3")).unwrap();
    fs::write(outside.path().join(".tmpA1b2C3"), "x").unwrap();
    symlink(outside.path(), run.join("model/link")).unwrap();

    let opened = Workspace::at(place.path()).unwrap();
    assert_eq!(opened.unclosed(), &[] as &[String]);
    assert_eq!(names(&run.join("predictions")), ["a.tsv"]);
    assert_eq!(names(&run.join("model")), [".tmpnotes", "deep", "link"]);
    assert!(names(&run.join("model/deep")).is_empty());
    assert!(!run.join(".partial-A1b2C3").exists());
    // A link of the runner is not followed.
    assert_eq!(names(outside.path()), [".tmpA1b2C3"]);
    let manifest = fs::read_to_string(run.join("run_manifest.json")).unwrap();
    assert!(manifest.contains("\"killed\""), "{manifest}");
}
