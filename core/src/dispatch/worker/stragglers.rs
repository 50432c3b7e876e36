//! What a runner started and moved out of its process group: found by a mark in its environment.

use std::io;

/// The environment variable that marks a worker and all that descends from it.
pub(super) const VARIABLE: &str = "PROTEA_WORKER_ID";

/// A mark that no other worker has.
pub(super) fn new_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(u128::from_le_bytes(random).to_string())
}

/// Kills every other process that has the mark. Only Linux shows the environment of others.
pub(super) fn kill(id: &str) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mark = format!("{VARIABLE}={id}");
    let this = rustix::process::getpid();
    // Until none is left: one of them may have started another in between.
    for _ in 0..100 {
        let mut left = marked(mark.as_bytes());
        left.retain(|&pid| pid != this);
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn marked(mark: &[u8]) -> Vec<rustix::process::Pid> {
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
                .any(|variable| variable == mark)
                .then(|| rustix::process::Pid::from_raw(pid))?
        })
        .collect()
}
