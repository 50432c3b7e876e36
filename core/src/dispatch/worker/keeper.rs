//! The process between a host and a worker: whatever the runner starts, it inherits.
//!
//! A process can leave its group and its session and clear its environment, but not its descent.
//! When its parent ends, the system gives it to the nearest ancestor that asked for orphans (a child
//! subreaper). The keeper is that ancestor, so the host itself need not be, and the fate of
//! the host's own children stays as it was. No code of a runner runs in it.
//!
//! It kills its children and takes their ends until it has none: with each that ends, those that
//! one had started become its children. A number cannot be given to another process
//! meanwhile, since only the keeper frees the numbers of its children.
//!
//! Outside Linux nobody inherits orphans; there the worker and its process group are ended.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{self, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, kill_process,
        kill_process_group, wait, waitid,
    },
};

use super::{
    leash::Collar,
    protocol::{Failure, Kind, frame},
};

/// The worker's number for as long as it cannot be another's.
type Worker = Arc<Mutex<Option<Pid>>>;

/// Starts the worker that `way` leads to, and keeps what comes of it until it has ended or the
/// host lets go. Never returns.
pub(super) fn keep(mut way: UnixStream, collar: Collar) -> ! {
    let worker = match start(&way) {
        Ok(worker) => Arc::new(Mutex::new(Some(worker))),
        Err(error) => {
            let failure = Failure::Setup(format!("it does not start: {error}"));
            let payload = serde_json::to_vec(&failure).unwrap_or_default();
            let _ = way.write_all(&frame(Kind::Failure, &payload));
            process::exit(2)
        }
    };
    // Only the worker speaks to the host, so that its silence is heard.
    drop(way);
    let collar = Arc::new(collar);
    let watched = {
        let (worker, collar) = (Arc::clone(&worker), Arc::clone(&collar));
        thread::Builder::new().spawn(move || {
            collar.await_release();
            kill(&worker);
        })
    };
    if watched.is_err() {
        // Without it, the death of the host would go unnoticed.
        kill(&worker);
    }
    // Otherwise the host hears the ends of the worker's streams a moment later.
    let _ = silence();
    if let Some(status) = await_end(&worker) {
        collar.tell_end(status);
        if sweep() {
            collar.tell_swept();
        }
    }
    process::exit(0)
}

/// This program once more, with the same arguments: what it reads first makes it the worker.
fn start(way: &UnixStream) -> io::Result<Pid> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        // A runner may have stopped this process when the host dies; then it must go on.
        rustix::process::set_parent_process_death_signal(Some(Signal::CONT))?;
    }
    let child = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .stdin(Stdio::from(OwnedFd::from(way.try_clone()?)))
        // A runner that kills its group does not kill the keeper.
        .process_group(0)
        .spawn()?;
    Ok(Pid::from_child(&child))
}

/// Lets go of the streams that the host reads to their ends.
fn silence() -> io::Result<()> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(())
}

fn kill(worker: &Worker) {
    let worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pid) = *worker {
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Waits until the worker has ended, and takes the ends of orphans meanwhile.
fn await_end(worker: &Worker) -> Option<WaitStatus> {
    loop {
        // Looks only: as long as nobody takes an end, the number is not given away.
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if *worker == Some(pid) {
                *worker = None;
                return Some(status);
            }
        }
    }
}

/// Kills all that came of the worker; whether nothing is left.
fn sweep() -> bool {
    loop {
        let Ok(children) = children() else {
            return false;
        };
        let killed = children
            .iter()
            .filter(|&&child| kill_process(child, Signal::KILL).is_ok())
            .count();
        // What belongs to another user cannot be killed, and nobody knows when it will end.
        if killed == 0 && !children.is_empty() {
            return false;
        }
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// The children of this process.
fn children() -> io::Result<Vec<Pid>> {
    match children_by_thread()? {
        Some(children) => Ok(children),
        None => children_by_parent(),
    }
}

/// As the system lists them with each thread; none where it keeps no such list.
fn children_by_thread() -> io::Result<Option<Vec<Pid>>> {
    let mut found = None;
    for thread in fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile; its children are another's then.
        if let Ok(list) = fs::read_to_string(thread?.path().join("children")) {
            let list = list.split_ascii_whitespace();
            found
                .get_or_insert_with(Vec::new)
                .extend(list.filter_map(pid));
        }
    }
    Ok(found)
}

/// Of all processes, those that name this one as their parent.
fn children_by_parent() -> io::Result<Vec<Pid>> {
    let this = process::id().to_string();
    let names_this = |stat: String| {
        // The name before it may hold anything: "number (name) state parent …".
        let (_, rest) = stat.rsplit_once(") ")?;
        (rest.split(' ').nth(1)? == this).then_some(())
    };
    let processes = fs::read_dir("/proc")?.filter_map(Result::ok);
    Ok(processes
        .filter_map(|entry| {
            let pid = pid(entry.file_name().to_str()?)?;
            names_this(fs::read_to_string(entry.path().join("stat")).ok()?)?;
            Some(pid)
        })
        .collect())
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_either_way() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let by_parent = children_by_parent().unwrap();
        let by_thread = children_by_thread().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(by_parent.contains(&pid), "{by_parent:?}");
        // Not every kernel keeps the list.
        assert!(by_thread.is_none_or(|children| children.contains(&pid)));
    }
}
