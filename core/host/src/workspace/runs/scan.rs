//! Reads all manifests of a workspace, on all cores.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::{ListedRun, RunHead, RunList, UnreadableRun};
use crate::workspace::{RUN_MANIFEST, RunLabels};

/// Disks, and file systems on a network more so, answer several requests at once.
const THREADS_PER_CORE: usize = 4;
/// How many manifests a thread takes at a time.
const CHUNK: usize = 16;

pub(super) fn scan(workspace: &Path) -> RunList {
    let runs = run_directories(workspace);
    let read: Vec<Result<ListedRun, UnreadableRun>> =
        in_parallel(&runs, |run, into| read(run, into));
    let mut list = RunList::default();
    for run in read {
        match run {
            Ok(run) => list.runs.push(run),
            Err(unreadable) => list.unreadable.push(unreadable),
        }
    }
    sort(&mut list);
    list
}

/// The directories that can be of runs, in no order.
pub(super) fn run_directories(workspace: &Path) -> Vec<PathBuf> {
    let jobs: Vec<PathBuf> = entries(&workspace.join("workspace"));
    in_parallel(&jobs, |job, into| {
        let pipelines = entries(&job.join("artifacts"));
        into.extend(pipelines.iter().flat_map(|pipeline| entries(pipeline)));
    })
}

/// Sorts the runs by their start and the unreadable ones by their path.
pub(super) fn sort(list: &mut RunList) {
    list.runs.sort_unstable_by(|a, b| {
        (a.head.started, &a.head.run_id, &a.directory).cmp(&(
            b.head.started,
            &b.head.run_id,
            &b.directory,
        ))
    });
    list.unreadable.sort_unstable_by(|a, b| a.path.cmp(&b.path));
}

/// The entries of a directory. Empty if it is missing or unreadable.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The head of a run's manifest with its labels. Nothing if there is no manifest. A run whose labels
/// cannot be read has those of its manifest.
pub(super) fn read(directory: &Path, into: &mut Vec<Result<ListedRun, UnreadableRun>>) {
    let path = directory.join(RUN_MANIFEST);
    let bytes = match protea_files::read_document(&path).map_err(io::Error::from) {
        Ok(bytes) => bytes,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return;
        }
        Err(error) => {
            let reason = error.to_string();
            return into.push(Err(UnreadableRun { path, reason }));
        }
    };
    let mut head: RunHead = match serde_json::from_slice(&bytes) {
        Ok(head) => head,
        Err(error) => {
            let reason = error.to_string();
            return into.push(Err(UnreadableRun { path, reason }));
        }
    };
    match RunLabels::read(directory) {
        Ok(labels) => labels.apply(&mut head.tags, &mut head.notes),
        Err(error) => into.push(Err(UnreadableRun {
            path: error.path,
            reason: error.reason,
        })),
    }
    into.push(Ok(ListedRun {
        directory: directory.to_owned(),
        head,
    }));
}

/// Does `work` on all items, on several threads; the results are in no order.
pub(super) fn in_parallel<T: Sync, U: Send>(
    items: &[T],
    work: impl Fn(&T, &mut Vec<U>) + Sync,
) -> Vec<U> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores * THREADS_PER_CORE).min(items.len().div_ceil(CHUNK));
    let next = AtomicUsize::new(0);
    let share = || {
        let mut results = Vec::new();
        loop {
            let from = next.fetch_add(CHUNK, Ordering::Relaxed);
            let Some(chunk) = items.get(from..items.len().min(from + CHUNK)) else {
                return results;
            };
            if chunk.is_empty() {
                return results;
            }
            chunk.iter().for_each(|item| work(item, &mut results));
        }
    };
    thread::scope(|scope| {
        // If the system has no more threads, this one has a larger share.
        let workers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, share).ok())
            .collect();
        let mut results = share();
        for worker in workers {
            results.extend(worker.join().expect("reading a manifest does not panic"));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        for count in [0, 1, CHUNK, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut results = in_parallel(&items, |item, into| into.push(*item));
            results.sort_unstable();
            assert_eq!(results, items);
        }
    }
}
