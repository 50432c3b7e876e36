//! The descendants of a process.

use std::{collections::HashSet, fs, io};

use rustix::process::Pid;

use super::process_stat::ProcessStat;

/// The descendants of a process that are connected to it by living parents; those found so far once
/// `stop` says so.
pub(super) fn descendants(ancestor: Pid, stop: &dyn Fn() -> bool) -> Vec<Pid> {
    let mut found = vec![ancestor];
    let mut known = HashSet::from([ancestor]);
    let mut at = 0;
    while let Some(&parent) = found.get(at)
        && !stop()
    {
        at += 1;
        let children = children(parent).unwrap_or_default();
        // Processes start and end in the meantime; this avoids listing one twice.
        found.extend(children.into_iter().filter(|&child| known.insert(child)));
    }
    found.remove(0);
    found
}

/// The children of a process.
pub(super) fn children(parent: Pid) -> io::Result<Vec<Pid>> {
    match children_by_thread(parent)? {
        Some(children) => Ok(children),
        None => children_by_parent(parent),
    }
}

/// Reads the lists of children of each thread. `None` if the kernel does not provide them.
fn children_by_thread(parent: Pid) -> io::Result<Option<Vec<Pid>>> {
    let mut found = None;
    for thread in fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero()))? {
        // A thread can end in the meantime; its children then belong to another thread.
        if let Ok(list) = fs::read_to_string(thread?.path().join("children")) {
            let list = list.split_ascii_whitespace();
            found
                .get_or_insert_with(Vec::new)
                .extend(list.filter_map(pid));
        }
    }
    Ok(found)
}

/// Searches all processes for those with this parent.
fn children_by_parent(parent: Pid) -> io::Result<Vec<Pid>> {
    let processes = fs::read_dir("/proc")?.filter_map(Result::ok);
    Ok(processes
        .filter_map(|entry| {
            let pid = pid(entry.file_name().to_str()?)?;
            (ProcessStat::read(entry.path())?.parent == Some(parent)).then_some(pid)
        })
        .collect())
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn children_are_found_either_way() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let (pid, this) = (Pid::from_child(&child), rustix::process::getpid());
        let by_parent = children_by_parent(this).unwrap();
        let by_thread = children_by_thread(this).unwrap();
        let all = descendants(this, &|| false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(by_parent.contains(&pid), "{by_parent:?}");
        // Not every kernel provides the list.
        assert!(by_thread.is_none_or(|children| children.contains(&pid)));
        assert!(all.contains(&pid) && !all.contains(&this), "{all:?}");
    }
}
