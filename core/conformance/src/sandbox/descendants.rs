//! What came of a probe, however it left: a process can leave its group and its session and clear
//! its environment, but not its descent. The probe inherits the orphans of its runner.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process, told apart from a later one with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descendant {
    /// Its number.
    pub pid: Pid,
    started: u64,
}

impl Descendant {
    /// Ends it, if it goes on.
    pub fn kill(self) {
        if stat(self.pid).is_some_and(|stat| stat.started == self.started) {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

/// Lets this process inherit what its descendants leave behind. Where the system knows no such
/// thing, the mark in the environment has to do.
pub fn inherit() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The descendants of a process that go on. None where the system does not list processes.
pub fn of(ancestor: Pid) -> Vec<Descendant> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let all: Vec<(Pid, Stat)> = processes
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?)?;
            Some((pid, stat(pid)?))
        })
        .collect();
    let mut family = vec![ancestor];
    let mut found = Vec::new();
    while let Some(parent) = family.pop() {
        for (pid, stat) in all.iter().filter(|(_, stat)| stat.parent == parent) {
            family.push(*pid);
            if stat.goes_on {
                found.push(Descendant {
                    pid: *pid,
                    started: stat.started,
                });
            }
        }
    }
    found
}

struct Stat {
    parent: Pid,
    started: u64,
    goes_on: bool,
}

/// What `/proc/<pid>/stat` says (see proc(5)).
fn stat(pid: Pid) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name stands in parentheses, and may have any character in it.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        parent: Pid::from_raw(fields.get(1)?.parse().ok()?)?,
        started: fields.get(19)?.parse().ok()?,
        goes_on: !matches!(fields.first(), Some(&("Z" | "X"))),
    })
}
