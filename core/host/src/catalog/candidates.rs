//! The files of a runner directory that may be runners, each looked into.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
};

use super::{Candidate, inspect, trust};

/// How many files are inspected in parallel, because most of the time is waiting for the disk.
const AT_A_TIME: usize = 8;

/// Looks into every shared library of a directory, in the order of their names.
pub(super) fn candidates(directory: &Path) -> Result<Vec<Candidate>, String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such directory".to_owned(),
            _ => format!("it cannot be read: {error}"),
        })?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION)
    });
    paths.sort();
    if paths.len() <= AT_A_TIME {
        return Ok(look(&paths));
    }
    let parts = paths.chunks(paths.len().div_ceil(AT_A_TIME));
    Ok(thread::scope(|scope| {
        let looks: Vec<_> = parts
            .map(|part| {
                let thread = thread::Builder::new().spawn_scoped(scope, move || look(part));
                (part, thread)
            })
            .collect();
        looks
            .into_iter()
            .flat_map(|(part, thread)| match thread.map(|thread| thread.join()) {
                Ok(Ok(candidates)) => candidates,
                // The system has no more threads.
                _ => look(part),
            })
            .collect()
    }))
}

fn look(paths: &[PathBuf]) -> Vec<Candidate> {
    let look = |path: &PathBuf| Candidate {
        verdict: inspect(path),
        insecure: trust::examine_file(path),
        path: path.clone(),
    };
    paths.iter().map(look).collect()
}
