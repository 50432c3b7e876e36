//! The remedies that the command adds to errors of the libraries.

use std::path::PathBuf;

use super::*;
use crate::{exit::Exit, failure::Failure};

fn message(error: impl Into<Failure>) -> String {
    error.into().message
}

#[test]
fn a_remedy_follows_the_sources() {
    let error = StoreError::Write {
        path: PathBuf::from("/full"),
        source: io::Error::from(ErrorKind::StorageFull),
    };
    let source = io::Error::from(ErrorKind::StorageFull).to_string();
    assert_eq!(
        message(error),
        format!("/full cannot be written: {source}; free some space and run the command again")
    );
}

#[test]
#[cfg(unix)]
fn a_step_has_the_remedy_of_its_cause() {
    let step = |source| ExperimentError::Step {
        step: protea_core::experiment::Step::Fit,
        directory: PathBuf::from("run"),
        source: Box::new(DispatchError::Worker(source)),
    };
    let timed_out = WorkerError::TimedOut {
        limit: std::time::Duration::from_secs(3),
    };
    let text = message(step(timed_out));
    assert!(
        text.starts_with("fit failed: the runner exceeded its time limit"),
        "{text}"
    );
    assert!(
        text.ends_with("; raise the limit with --time-limit"),
        "{text}"
    );
    let out_of_memory = |limit| WorkerError::OutOfMemory {
        limit,
        stderr_tail: "no room".to_owned(),
    };
    let text = message(step(out_of_memory(Some(1))));
    assert!(
        text.ends_with("no room\nraise the limit with --memory-limit"),
        "{text}"
    );
    assert!(!message(step(out_of_memory(None))).contains("--memory-limit"));
}

#[test]
fn options_and_commands_are_named_by_variant() {
    let uri = || "s3://lab/x".to_owned();
    let cases: [(Failure, &str); 9] = [
        (
            StoreError::CacheChanged {
                uri: uri(),
                reason: String::new(),
            }
            .into(),
            "store cache --clear`",
        ),
        (
            StoreError::NoCloud { uri: uri() }.into(),
            build_features::FULL_BUILD,
        ),
        (
            StageDatasetError::NotThere { uri: uri() }.into(),
            "`protea store cp DATASET URI`",
        ),
        (
            dataset::DatasetError::NotADataset(PathBuf::new()).into(),
            "`protea dataset freeze`",
        ),
        (
            dataset::DatasetError::NoEmbeddings(PathBuf::new()).into(),
            "--embeddings FILE",
        ),
        (
            protea_cafa::scoring::ScoringError::NothingLeft {
                truth: String::new(),
            }
            .into(),
            "--known and --toi",
        ),
        (
            CatalogError::Locked(LockError::Missing {
                path: PathBuf::new(),
            })
            .into(),
            "--lock-file",
        ),
        (
            WorkspaceError::Bound {
                job: String::new(),
                backend: String::new(),
                run_id: "".into(),
            }
            .into(),
            "--rebind",
        ),
        (
            Failure::insecure(
                Exit::Output,
                &Insecure::Shared {
                    path: PathBuf::new(),
                    mode: 0o1777,
                },
            ),
            "; or override with --allow-insecure-dir",
        ),
    ];
    for (failure, part) in cases {
        assert!(
            failure.message.contains(part),
            "{part} is not in {}",
            failure.message
        );
    }
}

#[test]
#[cfg(unix)]
fn the_command_that_lists_the_tests_is_named() {
    let error = SelectionError::FindsNothing {
        list: "filter",
        pattern: "none".to_owned(),
    };
    assert_eq!(
        message(error),
        "no test has a name that matches the filter pattern \"none\"; `protea runners check --list` \
         shows the names of the tests"
    );
    let error = SelectionError::Pattern {
        list: "exclude",
        pattern: "(".to_owned(),
        reason: "unclosed group".to_owned(),
    };
    assert!(message(error).ends_with("; correct the value of --exclude"));
    let text = message(SelectionError::NoSuchTest {
        name: "load/twise".to_owned(),
        nearest: Some("load/twice"),
    });
    assert!(text.contains("did you mean \"load/twice\"?"), "{text}");
    assert!(text.contains("--list"), "{text}");
    let text = message(ConfigError::UnknownTest("load/twise".to_owned()));
    assert!(text.contains("--list"), "{text}");
}
