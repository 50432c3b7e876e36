//! Orphans: processes of a worker whose keeper is gone, found by a mark in their environment.

use std::io;

/// The environment variable that marks a worker and all its descendants.
pub const VARIABLE: &str = "PROTEA_WORKER_ID";

/// A random mark that no other worker has.
///
/// # Errors
///
/// When the system's random number generator fails.
pub fn new_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(u128::from_le_bytes(random).to_string())
}

/// Kills every other process that has the mark. Works on Linux only, where the environment of other
/// processes is readable.
pub fn kill(id: &str) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let this = rustix::process::getpid();
    // Repeats until none is left: one may have started another in the meantime.
    for _ in 0..100 {
        let mut remaining = marked(id);
        remaining.retain(|&pid| pid != this);
        if remaining.is_empty() {
            return;
        }
        for pid in remaining {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The processes that have the mark. Empty on systems that do not show the environment of others.
#[must_use]
pub fn marked(id: &str) -> Vec<rustix::process::Pid> {
    let mark = format!("{VARIABLE}={id}");
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            environment
                .split(|&byte| byte == 0)
                .any(|variable| variable == mark.as_bytes())
                .then(|| rustix::process::Pid::from_raw(pid))?
        })
        .collect()
}
