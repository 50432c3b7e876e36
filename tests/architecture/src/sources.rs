//! The crates of the workspace and their source files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the product's crates are. Tests and examples may be shaped as they like.
const FOLDERS: [&str; 3] = ["contracts", "core", "runners"];

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this package is two folders below the root")
}

/// The `src` directories of the product's crates.
pub fn source_roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for folder in FOLDERS {
        collect_roots(&repository().join(folder), &mut roots);
    }
    assert!(roots.len() > 10, "only {} crates were found", roots.len());
    roots.sort();
    roots
}

fn collect_roots(directory: &Path, roots: &mut Vec<PathBuf>) {
    let source = directory.join("src");
    if directory.join("Cargo.toml").is_file() && source.is_dir() {
        roots.push(source);
        return;
    }
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect_roots(&path, roots);
        }
    }
}

/// The Rust files below a directory, sorted.
pub fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect_files(directory, &mut files);
    files.sort();
    files
}

fn collect_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A path as it is shown: relative to the repository.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(repository())
        .unwrap_or(path)
        .display()
        .to_string()
}
