//! Removes System V shared memory of a worker that has ended: the system keeps it, with its content,
//! until somebody removes it. Workers in a sandbox have shared memory of their own, which ends with
//! them; this is for the others.
//!
//! This module knows the kernel's list and system call only. The keeper knows which processes belonged
//! to the worker.

#![allow(unsafe_code)]

use std::{
    collections::{BTreeSet, HashSet},
    fs, ptr,
};

use libc::c_int;
use rustix::process::Pid;

const LIST: &str = "/proc/sysvipc/shm";

/// A segment in the kernel's list.
#[derive(Debug, PartialEq, Eq)]
struct Segment {
    id: c_int,
    creator: i32,
    attached: u64,
}

/// The segments that existed before the worker.
pub(super) struct Earlier(BTreeSet<c_int>);

impl Earlier {
    pub(super) fn now() -> Self {
        Self(list().into_iter().map(|segment| segment.id).collect())
    }

    /// Removes the later segments that one of these processes created and that no process uses. The
    /// processes have ended. Errors are ignored: the segment belongs to somebody else then.
    pub(super) fn remove_later_ones(&self, creators: &HashSet<Pid>) {
        for segment in list() {
            let is_of_worker = creators
                .iter()
                .any(|pid| pid.as_raw_nonzero().get() == segment.creator);
            if is_of_worker && segment.attached == 0 && !self.0.contains(&segment.id) {
                // SAFETY: this command takes no buffer.
                unsafe { libc::shmctl(segment.id, libc::IPC_RMID, ptr::null_mut()) };
            }
        }
    }
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
}
