//! The process that executes a task, as other machines see it.

use std::{fs, path::Path};

use protea_files::{Links, read_text};
#[cfg(unix)]
use protea_isolation::process_stat::ProcessStat;
use serde::{Deserialize, Serialize};

/// How many bytes of a file of the kernel are read at most.
const KERNEL_FILE: u64 = 4096;

/// A process of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the machine.
    pub host: String,
    /// The boot of the machine and the namespace of process ids; empty where the system has none.
    #[serde(default)]
    pub boot: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in clock ticks since the boot; 0 where this is unknown.
    #[serde(default)]
    pub started: u64,
}

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    Gone,
    /// It is a process of another machine, container or boot.
    Unknown,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn current() -> Self {
        let host = kernel("/proc/sys/kernel/hostname").or_else(|| std::env::var("HOSTNAME").ok());
        let pid = std::process::id();
        Self {
            host: host.unwrap_or_else(|| "unknown".to_owned()),
            boot: boot().unwrap_or_default(),
            pid,
            started: started(pid).unwrap_or_default(),
        }
    }

    pub(super) fn life(&self) -> Life {
        if self.boot.is_empty() || boot().as_ref() != Some(&self.boot) {
            return Life::Unknown;
        }
        match started(self.pid) {
            Some(started) if started == self.started => Life::Running,
            _ => Life::Gone,
        }
    }

    /// Whether the process is known to run. False for one of another machine.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.life() == Life::Running
    }

    /// Whether the process is known to have ended. False for one of another machine.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.life() == Life::Gone
    }
}

fn kernel(path: &str) -> Option<String> {
    let text = read_text(Path::new(path), Links::Follow, KERNEL_FILE).ok()?;
    Some(text.trim().to_owned())
}

fn boot() -> Option<String> {
    let boot = kernel("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{boot}/{}", namespace.to_str()?))
}

/// When a process started, in clock ticks since the boot. `None` if it has ended, or the system has no
/// `/proc`.
#[cfg(unix)]
fn started(pid: u32) -> Option<u64> {
    let stat = ProcessStat::read(format!("/proc/{pid}"))?;
    (!stat.has_ended()).then_some(stat.started)
}

#[cfg(not(unix))]
fn started(_: u32) -> Option<u64> {
    None
}
