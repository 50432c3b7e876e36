//! What is left of a worker whose keeper is gone: found by a mark in the environment.

use std::io;

/// The environment variable that marks a worker and all that descends from it.
pub const VARIABLE: &str = "PROTEA_WORKER_ID";

/// A mark that no other worker has.
///
/// # Errors
///
/// When the system has no random numbers.
pub fn new_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(u128::from_le_bytes(random).to_string())
}

/// Kills every other process that has the mark. Only Linux shows the environment of others.
pub fn kill(id: &str) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let this = rustix::process::getpid();
    // Until none is left: one of them may have started another in between.
    for _ in 0..100 {
        let mut left = marked(id);
        left.retain(|&pid| pid != this);
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The processes that have the mark. None where the system does not show the environment of others.
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
