//! A full disk: the error names the file, and earlier files stay whole.
//!
//! The disk is a small one in memory, mounted where only the test sees it: in a user and mount
//! namespace of its own, in which this test's program runs once more.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use protea_e2e::{Place, built, judges::Judge, test, train};
use serde_json::Value;

/// Where the program in the namespace mounts the disk.
const DISK: &str = "PROTEA_E2E_SMALL_DISK";
const MIB: usize = 1 << 20;
const PAGE: usize = 4096;

/// `disk.py` says what is judged. `PROTEA_TEST_DISK_POINTS=40` makes it 40 points of each command.
const POINTS: &str = "PROTEA_TEST_DISK_POINTS";

#[test]
fn nothing_is_half_done_without_inodes() {
    disk(
        &["inodes", "export", "run"],
        "2",
        &["unshare", "--user", "--map-root-user", "--mount"],
    );
}

#[test]
fn nothing_is_half_done_after_errors_of_the_disk() {
    if has_strace() {
        disk(&["errors", "export", "run"], "3", &[]);
    }
}

/// Whether strace is installed. Without it a test of its use is left out, or fails under `CI=true`.
pub fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    if !found {
        let ci = env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "the test needs strace");
        eprintln!("SKIPPED: the test needs strace");
    }
    found
}

#[test]
#[ignore = "takes minutes; the test of a full disk in this file does the same for one command"]
fn nothing_is_half_done_on_a_full_disk() {
    let all = [
        "space",
        "run",
        "search",
        "cv",
        "benchmark",
        "freeze",
        "split",
        "predict",
        "export",
    ];
    disk(
        &all,
        "10",
        &["unshare", "--user", "--map-root-user", "--mount"],
    );
}

/// Runs the script with a kind of failure and commands, started by another program if there is one.
fn disk(what: &[&str], points: &str, starter: &[&str]) {
    if let Some((unshare, options)) = starter.split_first() {
        let tried = Command::new(unshare)
            .args(options)
            .args(["sh", "-c", "mount -t tmpfs tmpfs /mnt"])
            .output();
        if !tried.as_ref().is_ok_and(|output| output.status.success()) {
            let ci = env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!ci, "no disk can be mounted in a user namespace: {tried:?}");
            eprintln!("SKIPPED: no disk can be mounted in a user namespace: {tried:?}");
            return;
        }
    }
    let points = env::var(POINTS).unwrap_or_else(|_| points.to_owned());
    Judge {
        script: "tests/e2e/full_disk/disk.py",
        trials: ["--points", &points],
        starter,
        arguments: what,
    }
    .run();
}

#[test]
fn a_full_disk_is_reported_and_earlier_files_stay_whole() {
    match env::var_os(DISK) {
        Some(disk) => fill_up(Path::new(&disk)),
        None => in_a_namespace("full_disk::a_full_disk_is_reported_and_earlier_files_stay_whole"),
    }
}

/// Runs this test again in a namespace, where a small disk can be mounted.
fn in_a_namespace(test: &str) {
    let place = Place::new();
    let mount = format!(
        "mount -t tmpfs -o size=64m tmpfs '{}'",
        place.path().display()
    );
    let unshare = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--user", "--map-root-user", "--mount"])
            .args(command);
        unshare
    };
    let tried = unshare(&["sh", "-c", &mount]).output();
    if !tried.as_ref().is_ok_and(|output| output.status.success()) {
        let ci = env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "no disk can be mounted in a user namespace: {tried:?}");
        eprintln!("SKIPPED: no disk can be mounted in a user namespace: {tried:?}");
        return;
    }
    // Before the namespace, in which the build files may belong to another user.
    built();
    let program = env::current_exe().unwrap();
    let again = format!(
        "{mount} && exec '{}' --exact {test} --nocapture",
        program.display()
    );
    let output = unshare(&["sh", "-c", &again])
        .env(DISK, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs on a disk with less and less room on it.
fn fill_up(disk: &Path) {
    // Only what a run writes is on the disk.
    let place = Place::new();
    place.runner_directory("runners", &["protea_baseline"]);
    let first = run(&place, disk, 0);
    assert_eq!(first["status"], "finished", "{first:#}");
    let whole = files(&disk.join("workspace"));
    let mut failures = Vec::new();
    let mut room = 0;
    for seed in 1.. {
        let filler = fill(disk, room);
        let told = run(&place, disk, seed);
        fs::remove_file(filler).unwrap();
        for (path, bytes) in &whole {
            assert!(
                fs::read(path).unwrap() == *bytes,
                "{} changed",
                path.display()
            );
        }
        if told["status"] == "finished" {
            break;
        }
        let message = told["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(told["error"]["kind"], "output", "{told:#}");
        let workspace = disk.join("workspace");
        assert!(message.contains(workspace.to_str().unwrap()), "{message}");
        assert!(message.contains("No space left on device"), "{message}");
        failures.push(message.to_owned());
        room = (2 * room).max(PAGE);
    }
    // Both the host and the runner have written to a full disk.
    assert!(
        failures
            .iter()
            .any(|message| message.contains("fit failed")),
        "{failures:#?}"
    );
    assert!(
        failures.iter().any(|message| !message.contains(" failed")),
        "{failures:#?}"
    );
    let partial = |path: &PathBuf| path.to_string_lossy().contains(".partial-");
    let left: Vec<_> = files(disk).into_keys().filter(partial).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What `protea run --json` prints.
fn run(place: &Place, disk: &Path, seed: u64) -> Value {
    let seed = seed.to_string();
    let paths = [train(), test(), disk.join("workspace")];
    let [train, test, workspace] = paths.each_ref().map(|path| path.to_str().unwrap());
    let ran = place.protea([
        "run",
        "baseline",
        "--json",
        "--runner-dir",
        "runners",
        "--seed",
        &seed,
        "--train",
        train,
        "--eval",
        test,
        "--workspace",
        workspace,
    ]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}"));
    let code = match told["error"].is_null() {
        true => 0,
        false => 5,
    };
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    told
}

/// Fills the disk except for `room` bytes. Returns the file that does so.
fn fill(disk: &Path, room: usize) -> PathBuf {
    let path = disk.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    let mut written = 0;
    let chunk = vec![0; MIB];
    loop {
        match file.write(&chunk) {
            Ok(bytes) => written += bytes,
            Err(error) if error.kind() == ErrorKind::StorageFull => break,
            Err(error) => panic!("{error}"),
        }
    }
    file.set_len(written.saturating_sub(room) as u64).unwrap();
    path
}

/// Every file below a directory, with what is in it.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}
