//! Tests that files are flushed to disk before they are published, by tracing a child process with
//! strace.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    ops::ControlFlow,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use protea_dataset::{
    FoldsRequest, FrozenDataset, Grouping, Shares, SplitRequest, SplitRule, folds, split,
};

use crate::releases::{ONTOLOGY, release};

/// The environment variable with the directory that the child writes to.
const PLACE: &str = "PROTEA_TEST_DURABLE";

#[test]
fn files_are_flushed_before_the_directory_is_refinal_path() {
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path().canonicalize().unwrap();
    let calls = place.join("calls");
    let traced = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fsync", "-o"])
        .arg(&calls)
        .arg(std::env::current_exe().unwrap())
        .args(["durable::child_publishes", "--exact"])
        .env(PLACE, &place)
        .output();
    let traced = match traced {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let is_ci = std::env::var("CI").as_deref() == Ok("true");
            assert!(!is_ci, "strace must be on the PATH: apt-get install strace");
            eprintln!("\n*** SKIPPED: strace is not on the PATH: apt-get install strace ***\n");
            return;
        }
        traced => traced.unwrap(),
    };
    let stderr = String::from_utf8_lossy(&traced.stderr);
    if !traced.status.success() && stderr.to_ascii_lowercase().contains("ptrace") {
        eprintln!("\n*** SKIPPED: tracing is not permitted: {stderr} ***\n");
        return;
    }
    assert!(traced.status.success(), "{traced:#?}");
    let calls = fs::read_to_string(calls).unwrap();
    let synced: BTreeSet<PathBuf> = calls
        .lines()
        .filter_map(|line| line.split_once("fsync(")?.1.split_once('<'))
        .filter_map(|(_, path)| Some(final_path(Path::new(path.split_once('>')?.0))))
        .collect();
    let mut written = Vec::new();
    files(&place.join("split"), &mut written);
    files(&place.join("folds"), &mut written);
    assert!(written.len() > 20, "{written:?}");
    // Folds link what they share: a file is flushed under one of its names.
    let inode = |file: &Path| fs::metadata(file).unwrap().ino();
    let flushed: BTreeSet<u64> = synced
        .iter()
        .filter(|file| file.is_file())
        .map(|file| inode(file))
        .collect();
    written.retain(|file| !flushed.contains(&inode(file)));
    assert!(written.is_empty(), "{written:#?}");
}

/// The final path of a file in a staging directory.
fn final_path(staged: &Path) -> PathBuf {
    let name = |part: &std::ffi::OsStr| {
        let part = part.to_str().unwrap();
        let hidden = part
            .strip_prefix('.')
            .and_then(|part| part.split_once(".freezing-"));
        hidden.map_or(part, |(name, _)| name).to_owned()
    };
    staged.iter().map(name).collect()
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The child part of the test; does nothing without the environment variable.
#[test]
fn child_publishes() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let accessions: Vec<String> = (0..20).map(|i| format!("P{i:05}")).collect();
    let accessions: Vec<&str> = accessions.iter().map(String::as_str).collect();
    let rows: Vec<_> = accessions
        .iter()
        .map(|accession| (*accession, "GO:0005515", "IPI"))
        .collect();
    let whole: FrozenDataset = release(&place, "whole", ONTOLOGY, &accessions, &rows);
    let go_on = |_, _| ControlFlow::Continue(());
    let request = SplitRequest {
        out: place.join("split"),
        rule: SplitRule::Shares {
            shares: Shares {
                validation: 0.2,
                test: 0.2,
            },
            grouping: Grouping::None,
        },
        seed: 5,
    };
    split(&whole, &request, &mut { go_on }).unwrap();
    let request = FoldsRequest {
        folds: 2,
        seed: 3,
        grouping: Grouping::None,
    };
    folds(&whole, &request, &place.join("folds"), &mut { go_on }).unwrap();
}
