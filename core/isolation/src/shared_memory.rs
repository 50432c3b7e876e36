//! Removes System V shared memory of a worker that has ended: the system keeps it, with its content,
//! until somebody removes it. Workers in a sandbox have shared memory of their own, which ends with
//! them; this is for the others.
//!
//! The list of the kernel names the process that created a segment by its pid. Once the process has
//! ended, its pid says nothing. Therefore a thread reads the list several times a second, and
//! remembers the segments whose creator descends from the keeper.
//!
//! This module knows the kernel's list and system call only.

#![allow(unsafe_code)]

use std::{
    collections::HashSet,
    fs, ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use libc::c_int;
use rustix::process::Pid;

use super::process_stat::ProcessStat;

const LIST: &str = "/proc/sysvipc/shm";
/// The pause between two readings of the list.
const PAUSE: Duration = Duration::from_millis(20);

/// A segment in the kernel's list.
#[derive(Debug, PartialEq, Eq)]
struct Segment {
    id: c_int,
    creator: i32,
    attached: u64,
}

/// Watches the segments that descendants of a process create.
pub(super) struct Segments {
    found: Found,
    done: Arc<AtomicBool>,
    /// Returns what it has found; `None` if it could not be started.
    watcher: Option<JoinHandle<Found>>,
}

impl Segments {
    /// Starts a thread that watches the list. The segments that exist now are those of others.
    pub(super) fn watch(keeper: Pid) -> Self {
        let found = Found {
            keeper,
            foreign: list().into_iter().map(|segment| segment.id).collect(),
            own: HashSet::new(),
        };
        let done = Arc::new(AtomicBool::new(false));
        let (stop, mut watched) = (Arc::clone(&done), found.clone());
        let watcher = thread::Builder::new().spawn(move || {
            while !stop.load(Ordering::Acquire) {
                watched.look();
                thread::park_timeout(PAUSE);
            }
            watched
        });
        Self {
            found,
            done,
            watcher: watcher.ok(),
        }
    }

    /// Ends the thread. Returns what it has found.
    pub(super) fn stop(self) -> Found {
        self.done.store(true, Ordering::Release);
        let watched = self.watcher.and_then(|watcher| {
            watcher.thread().unpark();
            watcher.join().ok()
        });
        watched.unwrap_or(self.found)
    }
}

/// What was found in the list so far.
#[derive(Clone)]
pub(super) struct Found {
    keeper: Pid,
    /// Segments of other processes, which are not looked at again.
    foreign: HashSet<c_int>,
    own: HashSet<c_int>,
}

impl Found {
    /// Reads the list, and remembers the segments whose creator is a descendant that still has its
    /// pid.
    pub(super) fn look(&mut self) {
        for segment in list() {
            if self.foreign.contains(&segment.id) || self.own.contains(&segment.id) {
                continue;
            }
            let creator = Pid::from_raw(segment.creator);
            if creator.is_some_and(|pid| descends(pid, self.keeper)) {
                self.own.insert(segment.id);
            } else {
                self.foreign.insert(segment.id);
            }
        }
    }

    /// Removes the segments of descendants that no process uses. Errors are ignored: somebody else
    /// has removed the segment then.
    pub(super) fn remove(&self) {
        for segment in list() {
            if self.own.contains(&segment.id) && segment.attached == 0 {
                // SAFETY: this command takes no buffer.
                unsafe { libc::shmctl(segment.id, libc::IPC_RMID, ptr::null_mut()) };
            }
        }
    }
}

/// Whether `ancestor` is an ancestor of a process. A process that is gone has none.
fn descends(mut process: Pid, ancestor: Pid) -> bool {
    // More than any tree of processes has. A pid that is reused in the meantime could make a circle.
    for _ in 0..100_000 {
        match ProcessStat::from_pid(process).and_then(|stat| stat.parent) {
            Some(parent) if parent == ancestor => return true,
            Some(parent) => process = parent,
            None => return false,
        }
    }
    false
}

/// Empty where there is no list.
fn list() -> Vec<Segment> {
    let text = fs::read_to_string(LIST).unwrap_or_default();
    text.lines().filter_map(segment).collect()
}

/// A line: key, id, permissions, size, creator, last user, number of attachments, and more. `None` for
/// the heading.
fn segment(line: &str) -> Option<Segment> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    Some(Segment {
        id: fields.get(1)?.parse().ok()?,
        creator: fields.get(4)?.parse().ok()?,
        attached: fields.get(6)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_kernel_is_read() {
        let text = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n\
                    \x20        0     131073   600               1048576  4711     0      2     0     0     0     0          0          0 1764452000                     0                     0\n";
        let found: Vec<_> = text.lines().filter_map(segment).collect();
        let expected = Segment {
            id: 131_073,
            creator: 4711,
            attached: 2,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn descent_is_found_over_generations() {
        let this = rustix::process::getpid();
        let parent = rustix::process::getppid().unwrap();
        assert!(descends(this, parent));
        assert!(!descends(parent, this) && !descends(this, this));
    }
}
