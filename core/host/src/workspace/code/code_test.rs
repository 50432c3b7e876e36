//! Repositories that the tests make, some of them hostile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use super::*;

fn git(directory: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn repository() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    git(directory.path(), &["init", "-q", "-b", "main"]);
    fs::write(directory.path().join("a.txt"), "one\n").unwrap();
    git(directory.path(), &["add", "."]);
    git(directory.path(), &["commit", "-q", "-m", "first"]);
    directory
}

#[test]
fn commit_branch_and_changes_are_read_from_the_status() {
    let clean = "# branch.oid 9430500\n# branch.head main\n# branch.upstream o/main\n";
    let record = from_status(clean).unwrap();
    assert_eq!(record.commit, "9430500");
    assert_eq!(record.branch.as_deref(), Some("main"));
    assert_eq!(record.changed, Some(false));

    let changed = "# branch.oid 9430500\n# branch.head (detached)\n1 .M N... a b c d e f\n";
    let record = from_status(changed).unwrap();
    assert_eq!((record.branch, record.changed), (None, Some(true)));

    let empty = "# branch.oid (initial)\n# branch.head main\n";
    assert_eq!(from_status(empty), None);
}

#[test]
fn changes_of_tracked_files_are_kept_and_no_others() {
    let directory = repository();
    let root = directory.path();
    fs::write(root.join("a.txt"), "two\n").unwrap();
    fs::write(root.join("secret.txt"), "password\n").unwrap();
    let run = tempfile::tempdir().unwrap();
    let mut found = Repositories::find(
        &[("runner", &root.join("a.txt")), ("workspace", root)],
        false,
    );
    found.keep_changes(run.path()).unwrap();
    let root = root.canonicalize().unwrap();
    let records = found.into_records();
    let record = records.iter().find(|record| record.root == root).unwrap();
    assert_eq!(record.holds, ["runner", "workspace"]);
    let code = record.code.as_ref().unwrap();
    assert_eq!(
        (code.branch.as_deref(), code.changed),
        (Some("main"), Some(true))
    );
    let diff = record.diff.as_ref().unwrap();
    let content = fs::read(run.path().join(&diff.file)).unwrap();
    assert_eq!(diff.sha256, digest_bytes(&content));
    assert_eq!(diff.bytes, content.len() as u64);
    let text = String::from_utf8(content).unwrap();
    assert!(text.contains("-one\n+two\n") && !diff.is_cut, "{text}");
    assert!(
        !text.contains("password") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn large_changes_are_cut_at_a_line() {
    let directory = repository();
    let line = "x".repeat(99) + "\n";
    fs::write(directory.path().join("a.txt"), line.repeat(30_000)).unwrap();
    let (content, is_cut) = changes(directory.path()).unwrap().unwrap();
    assert!(is_cut && content.len() as u64 <= LARGEST_DIFF);
    assert!(content.ends_with(b"x\n"));
}

/// Settings of a repository can name programs. None of them starts.
#[cfg(unix)]
#[test]
fn settings_of_the_repository_start_no_program() {
    let directory = repository();
    let root = directory.path();
    let trace = root.join("started");
    let program = format!("sh -c 'echo started >> {}; cat'", trace.display());
    fs::write(root.join(".gitattributes"), "*.txt filter=f diff=d\n").unwrap();
    fs::create_dir_all(root.join("hooks")).unwrap();
    let hook = format!("#!/bin/sh\n{program}\n");
    for name in ["post-index-change", "query-watchman"] {
        let path = root.join("hooks").join(name);
        fs::write(&path, &hook).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
    }
    for (key, value) in [
        ("filter.f.clean", &*program),
        ("filter.f.process", &program),
        ("filter.f.required", "true"),
        ("hook.h.event", "post-index-change"),
        ("hook.h.command", &program),
        ("diff.external", &program),
        ("diff.d.command", &program),
        ("diff.d.textconv", &program),
        ("core.fsmonitor", &program),
        ("core.pager", &program),
        ("pager.diff", &program),
        ("core.hooksPath", "hooks"),
    ] {
        git(root, &["config", key, value]);
    }
    fs::write(root.join("a.txt"), "two\n").unwrap();
    let root = root.canonicalize().unwrap();
    let state = State::read(&root);
    assert_eq!(state.problem, None);
    assert_eq!(state.code.unwrap().changed, Some(true));
    let (content, _) = changes(&root).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&content).contains("+two"));
    assert!(!trace.exists(), "{}", fs::read_to_string(&trace).unwrap());
}

#[test]
fn settings_that_cannot_be_turned_off_are_refused() {
    use std::io::Write;

    let append = |root: &Path, text: &[u8]| {
        let config = fs::OpenOptions::new()
            .append(true)
            .open(root.join(".git/config"));
        config.unwrap().write_all(text).unwrap();
    };
    let program = |name: &[u8]| {
        let name = [b"[filter \"", name, b"\"]\n\tclean = false\n"];
        name.concat()
    };
    let names = repository();
    append(names.path(), &program(b"\xff"));
    let long = repository();
    let key = format!("[a]\n\tb{} = 1\n", "x".repeat(900));
    append(long.path(), key.repeat(5000).as_bytes());
    append(long.path(), &program(b"f"));
    for (repository, reason) in [(&names, "not UTF-8"), (&long, "too long")] {
        let state = State::read(&repository.path().canonicalize().unwrap());
        assert_eq!(state.code, None);
        assert!(state.problem.unwrap().contains(reason));
    }
}

/// A diff is not there for a file that has another time only, and the repository stays as it is.
#[test]
fn a_repository_is_read_and_not_written() {
    let directory = repository();
    let root = directory.path().canonicalize().unwrap();
    fs::write(root.join("b.txt"), "b\n").unwrap();
    git(&root, &["add", "b.txt"]);
    git(&root, &["commit", "-q", "-m", "second"]);
    let index = || fs::read(root.join(".git/index")).unwrap();
    let before = index();
    let later = std::time::SystemTime::now() + Duration::from_secs(1000);
    let touched = fs::File::options().write(true).open(root.join("a.txt"));
    touched.unwrap().set_modified(later).unwrap();
    assert_eq!(changes(&root).unwrap(), None);
    fs::write(root.join("b.txt"), "c\n").unwrap();
    let (content, _) = changes(&root).unwrap().unwrap();
    let text = String::from_utf8(content).unwrap();
    assert!(
        text.contains("-b\n+c\n") && !text.contains("a.txt"),
        "{text}"
    );
    assert_eq!(index(), before);
}

#[test]
fn many_warnings_do_not_end_git() {
    let directory = repository();
    let root = directory.path();
    for number in 0..60 {
        fs::write(root.join(format!("{number}.txt")), "a\nb\n").unwrap();
    }
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "many"]);
    git(root, &["config", "core.autocrlf", "true"]);
    for number in 0..60 {
        fs::write(root.join(format!("{number}.txt")), "a\nc\n").unwrap();
    }
    let (content, is_cut) = changes(root).unwrap().unwrap();
    assert!(!is_cut && String::from_utf8_lossy(&content).contains("59.txt"));
}

#[test]
fn a_work_tree_elsewhere_is_refused() {
    let directory = repository();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("a.txt"), "private\n").unwrap();
    let path = elsewhere.path().to_str().unwrap();
    git(directory.path(), &["config", "core.worktree", path]);
    let state = State::read(&directory.path().canonicalize().unwrap());
    assert_eq!(state.code, None);
    assert!(state.problem.unwrap().contains("another directory"));
}

#[test]
fn a_broken_repository_is_recorded_as_such() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join(".git")).unwrap();
    let found = Repositories::find(&[("runner", directory.path())], false);
    let root = directory.path().canonicalize().unwrap();
    let records = found.into_records();
    let record = records.iter().find(|record| record.root == root).unwrap();
    assert!(
        record
            .problem
            .as_deref()
            .is_some_and(|reason| reason.starts_with("git"))
    );
    assert_eq!(record.code, None);
}
