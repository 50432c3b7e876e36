//! The process tree of a probe. A process can leave its group and session and clear its environment, but
//! it remains a descendant: the probe is a subreaper and inherits the orphans of its runner.

use std::fs;

use protea_core::worker::process_stat::ProcessStat;
use rustix::process::{Pid, Signal, kill_process};

/// A process, with its start time to distinguish it from a later process with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descendant {
    /// Its process id.
    pub pid: Pid,
    started: u64,
}

impl Descendant {
    /// Kills it, if it is still running.
    pub fn kill(self) {
        if ProcessStat::from_pid(self.pid).is_some_and(|stat| stat.started == self.started) {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

/// Makes this process a subreaper. Other systems rely on the mark in the environment.
pub fn inherit() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The running descendants of a process. Empty if the system does not list processes.
pub fn of(ancestor: Pid) -> Vec<Descendant> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let all: Vec<(Pid, ProcessStat)> = processes
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.ok()?.file_name().to_str()?.parse().ok()?)?;
            Some((pid, ProcessStat::from_pid(pid)?))
        })
        .collect();
    let mut parents = vec![ancestor];
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        for (pid, stat) in all.iter().filter(|(_, stat)| stat.parent == Some(parent)) {
            parents.push(*pid);
            if !stat.has_ended() {
                found.push(Descendant {
                    pid: *pid,
                    started: stat.started,
                });
            }
        }
    }
    found
}
