//! Measures the memory of reading files of embeddings that claim huge sizes, in a child process.
#![cfg(target_os = "linux")]

use std::{fs::File, path::Path, process::Command};

use protea_formats::{ArrayNames, EmbeddingReader};
use protea_hdf5::{Hdf5, Node};

use crate::interpreter::interpreter;

/// The environment variable with the file that the child reads.
const FILE: &str = "PROTEA_TEST_HOSTILE_FILE";
/// Limit of the child's address space, so that a failed test does not exhaust the machine's memory.
const LIMIT_KIB: u64 = 4 << 20;
/// Limit of the child's CPU time in seconds, so that a loop without end fails. Reading takes less than
/// a second.
const LIMIT_SECONDS: u64 = 60;

/// A dataset with very many rows without columns.
const EMPTY: &str = "no-columns.h5";

/// File, a part of its error message, and the limit of the peak memory of the process, in MiB.
const FILES: [(&str, &str, u64); 13] = [
    ("stored-chunk.h5", "takes 3221225472 bytes in the file", 48),
    ("names.h5", "3221225472 bytes of names", 48),
    ("one-name.h5", "contains a cycle", 48),
    ("texts.h5", "refer to the same bytes", 128),
    ("one-row.parquet", "the limit is 1048576 columns", 48),
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
    ("page.parquet", "decompressed 300030014; the limit", 48),
    ("text.parquet", "is not an accession", 48),
    ("batch.feather", "not plausible", 48),
    ("claim.feather", "not plausible", 48),
    ("shared.feather", "is not an accession", 96),
    ("dimensions.npz", "more than 64 dimensions", 48),
];

#[test]
fn huge_claimed_sizes_do_not_take_memory() {
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
    let types = ("types.npz", "its fields are not read", 48);
    // More rows than can be counted, of no columns.
    let empty = (EMPTY, "read 0 pieces", 48);
    let mut failures = Vec::new();
    for (name, words, most) in FILES.into_iter().chain([types, empty]) {
        let needs_parquet = name.ends_with("parquet") || name.ends_with("feather");
        if !cfg!(feature = "parquet") && needs_parquet {
            continue;
        }
        let (text, peak) = read_in_child(&directory.path().join(name));
        eprintln!("{name}: {peak} MiB");
        if !text.contains(words) || peak > most {
            failures.push(format!("{name} took {peak} MiB: {text}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Reads `file` in a child process. Returns its output and its peak memory in MiB.
fn read_in_child(file: &Path) -> (String, u64) {
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v {LIMIT_KIB}; ulimit -t {LIMIT_SECONDS}; exec \"$0\" \"$@\""),
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["memory::child_reads_the_file", "--exact", "--nocapture"])
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
    // A child that was killed has not reported its peak.
    (text, peak.map_or(u64::MAX, |kib| kib >> 10))
}

/// The child part of the test; does nothing without the environment variable.
#[test]
fn child_reads_the_file() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    if file.to_string_lossy().ends_with(EMPTY) {
        println!("\nread {} pieces", pieces(Path::new(&file)));
    }
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

/// Reads all values of the only dataset of a file. Returns how many pieces there were.
fn pieces(file: &Path) -> usize {
    let mut hdf5 = Hdf5::open(File::open(file).unwrap()).unwrap();
    let root = hdf5.root();
    let (_, at) = hdf5.members(root).unwrap().remove(0);
    let Node::Dataset(dataset) = hdf5.node_at(at).unwrap() else {
        panic!("it is a dataset");
    };
    let mut pieces = 0;
    let read = hdf5.read_values(&dataset, &mut |_| {
        pieces += 1;
        Ok(())
    });
    read.unwrap();
    pieces
}
