//! Embeddings that claim far more than they are: the memory that reading them takes, seen from outside.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use protea_formats::{ArrayNames, EmbeddingReader};

use crate::interpreter::interpreter;

/// Names the file that the child reads.
const FILE: &str = "PROTEA_TEST_HOSTILE_FILE";
/// Of the address space, so that a failure does not take the machine with it.
const LIMIT_KIB: u64 = 4 << 20;

/// File, what its error says, and the most memory that the whole process may have had, in MiB.
const FILES: [(&str, &str, u64); 10] = [
    ("stored-chunk.h5", "takes 3221225472 bytes in the file", 48),
    ("names.h5", "3221225472 bytes of names", 48),
    ("one-name.h5", "leads back into itself", 48),
    ("texts.h5", "again and again", 128),
    ("one-row.parquet", "more than 1048576 columns", 48),
    (
        "uneven-1.0.parquet",
        "a row has more than 65536 numbers",
        48,
    ),
    (
        "uneven-2.0.parquet",
        "a row has more than 65536 numbers",
        48,
    ),
    ("page.parquet", "unpacked 300030014, where at most", 48),
    ("text.parquet", "is no accession", 48),
    ("dimensions.npz", "more than 64 dimensions", 48),
];

#[test]
fn what_claims_much_takes_little() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/write_hostile.py");
    let written = Command::new(python)
        .arg(script)
        .arg(directory.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{stderr}");
    let types = ("types.npz", "there are no embeddings in it", 48);
    let mut failures = Vec::new();
    for (name, words, most) in FILES.into_iter().chain([types]) {
        if !cfg!(feature = "parquet") && name.ends_with("parquet") {
            continue;
        }
        let (text, peak) = read_in_a_child(&directory.path().join(name));
        eprintln!("{name}: {peak} MiB");
        if !text.contains(words) || peak > most {
            failures.push(format!("{name} took {peak} MiB: {text}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the child wrote, and its peak in MiB.
fn read_in_a_child(file: &Path) -> (String, u64) {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {LIMIT_KIB}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["memory::a_child_reads", "--exact", "--nocapture"])
        .env(FILE, file)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let peak = stdout
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok());
    let text = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    // A child that was killed has told nothing.
    (text, peak.map_or(u64::MAX, |kib| kib >> 10))
}

/// Only in a child is there something to read.
#[test]
fn a_child_reads() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let names = ArrayNames::default();
    let read = EmbeddingReader::open(Path::new(&file), None, &names, scratch.path());
    match read {
        Ok(reader) => println!("\nread {} rows", reader.rows()),
        Err(error) => println!("\n{error}"),
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{status}");
}
