//! The kernel's groups of processes, with which Slurm limits the memory of jobs.

use std::{fs, ops::Range, path::Path};

const GROUPS: &str = "/sys/fs/cgroup/memory";

/// Whether this process may make groups of processes with a memory limit.
pub(super) fn can_be_limited() -> bool {
    let probe = format!("{GROUPS}/protea-probe-{}", std::process::id());
    let made = fs::create_dir(&probe).is_ok();
    let can_limit = Path::new(&probe).join("memory.limit_in_bytes").exists();
    let _ = fs::remove_dir(&probe);
    made && can_limit
}

/// Removes the groups that jobs with these numbers left because their node was killed.
pub(super) fn remove_groups(nodes: &[&str], jobs: Range<u32>) {
    for node in nodes {
        let users = format!("{GROUPS}/slurm_{node}/uid_0");
        let entries = fs::read_dir(&users).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("job_"));
            if number
                .and_then(|number| number.parse().ok())
                .is_some_and(|number| jobs.contains(&number))
            {
                remove(&entry.path());
            }
        }
    }
}

/// Removes a group with the groups in it. The kernel refuses those that still have processes.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
