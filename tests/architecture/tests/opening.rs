//! Files that another program may have written are opened by `protea-files` only.

use std::fs;

use protea_architecture::sources::{repository, rust_files, shown};

/// The crates that handle directories which a runner or another user may have written.
const CRATES: [&str; 7] = [
    "core/host",
    "core/store",
    "core/tracking",
    "core/isolation",
    "core/conformance",
    "core/report",
    "core/serve",
];

/// What opens, reads or lists a path whatever is there.
const OPENING: [&str; 11] = [
    "File::open(",
    "File::create(",
    "File::options(",
    "OpenOptions::",
    "fs::read(",
    "fs::read_to_string(",
    "fs::read_dir(",
    "fs::copy(",
    "fs::write(",
    ".read_dir(",
    "WalkDir::",
];

/// The files that may do so, and why.
const EXCEPTIONS: [(&str, &str); 30] = [
    (
        "core/host/src/catalog/candidates.rs",
        "lists directories of runners, which are trusted",
    ),
    (
        "core/host/src/catalog/inspect.rs",
        "opens runners after it checked that they are files",
    ),
    (
        "core/host/src/dispatch/sandbox_paths.rs",
        "reads installed programs and libraries",
    ),
    ("core/host/src/engine/json_files.rs", "lists names only"),
    (
        "core/host/src/experiment/model_reuse.rs",
        "lists names only",
    ),
    (
        "core/host/src/experiment/monitor/machine.rs",
        "lists names of the kernel",
    ),
    ("core/host/src/experiment/run_reuse.rs", "lists names only"),
    ("core/host/src/workspace/find.rs", "lists names only"),
    ("core/host/src/workspace/job.rs", "lists names only"),
    ("core/host/src/workspace/leftovers.rs", "lists names only"),
    ("core/host/src/workspace/new_jobs.rs", "lists names only"),
    ("core/host/src/workspace/run.rs", "lists names only"),
    ("core/host/src/workspace/runs/scan.rs", "lists names only"),
    ("core/host/src/workspace/unsynced.rs", "lists names only"),
    ("core/store/src/cache/evict.rs", "the user's own cache"),
    ("core/store/src/cache/lease.rs", "the user's own cache"),
    ("core/store/src/cache/tree.rs", "the user's own cache"),
    ("core/store/src/list.rs", "lists names only"),
    ("core/store/src/part.rs", "the user's own cache"),
    (
        "core/store/src/remote/aws.rs",
        "the user's own configuration",
    ),
    ("core/tracking/src/adapters/jsonl.rs", "lists names only"),
    (
        "core/tracking/src/adapters/mlflow/tls.rs",
        "certificates that the user named",
    ),
    (
        "core/tracking/src/adapters/tensorboard/mod.rs",
        "lists names only",
    ),
    (
        "core/tracking/src/adapters/wandb/mod.rs",
        "lists names only",
    ),
    (
        "core/tracking/src/adapters/wandb/offline/client.rs",
        "the log of a program that it started",
    ),
    (
        "core/tracking/src/adapters/wandb/offline/find.rs",
        "lists names only",
    ),
    (
        "core/host/src/experiment/checkpoints.rs",
        "lists names only",
    ),
    ("core/tracking/src/log/cursor.rs", "lists names only"),
    ("core/tracking/src/log/open_runs.rs", "lists names only"),
    (
        "core/tracking/src/log/process_identity.rs",
        "files of the kernel",
    ),
];

/// Modules of the conformance suite and of workers that open their own files and those of the kernel.
const OWN_FILES: [&str; 15] = [
    "core/conformance/src/config.rs",
    "core/conformance/src/fuzz/mod.rs",
    "core/conformance/src/fixture/broken.rs",
    "core/conformance/src/fixture/scratch.rs",
    "core/conformance/src/fixture/work_dir.rs",
    "core/conformance/src/pace.rs",
    "core/conformance/src/sandbox/",
    "core/conformance/src/subject/life.rs",
    "core/conformance/src/suite/lifecycle.rs",
    "core/isolation/src/",
    "core/tracking/src/testkit/",
    "core/host/src/workspace/log/tests.rs",
    "core/host/src/workspace/code/code_test.rs",
    "core/conformance/src/author.rs",
    "core/conformance/src/fixture/synthetic.rs",
];

#[test]
fn one_crate_opens_what_others_may_have_written() {
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for folder in CRATES {
        for path in rust_files(&repository().join(folder).join("src")) {
            let name = shown(&path);
            let text = fs::read_to_string(&path).unwrap();
            // Unit tests come last in a file.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let opens = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| OPENING.iter().any(|call| calls(line, call)));
            if !opens {
                continue;
            }
            if OWN_FILES.iter().any(|own| name.starts_with(own)) {
                continue;
            }
            match EXCEPTIONS.iter().find(|(file, _)| *file == name) {
                Some((file, _)) => used.push(*file),
                None => wrong.push(name),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these open files without protea-files; use it, or add a reason to this test: {wrong:?}"
    );
    let unused: Vec<_> = EXCEPTIONS
        .iter()
        .map(|(file, _)| *file)
        .filter(|file| !used.contains(file))
        .collect();
    assert!(
        unused.is_empty(),
        "these need no exception any more: {unused:?}"
    );
}

/// Whether a line has this call, and not that of a type whose name ends so.
fn calls(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        call.starts_with('.')
            || !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}
