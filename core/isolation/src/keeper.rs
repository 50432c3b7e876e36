//! The keeper: the process between a host and a worker, which inherits the processes that the
//! runner starts.
//!
//! A process can leave its group and session and clear its environment, but it cannot change its
//! ancestors. When its parent ends, the system makes the nearest ancestor that is a child subreaper
//! its new parent. The keeper is a subreaper. The host itself is not, so its other child processes
//! are unaffected. The keeper runs no code of a runner, and no runner can reach it (see
//! `protect_keeper`).
//!
//! The keeper kills and reaps its children until it has none: when a child ends, the children of
//! that child become children of the keeper. The system cannot reuse a pid in between, because only
//! the keeper reaps its children.
//!
//! Other systems have no subreapers. There the keeper ends the worker and its process group.

use std::{
    collections::HashSet,
    fs::File,
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
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, kill_process,
        kill_process_group, wait, waitid,
    },
};

#[cfg(target_os = "linux")]
use super::shared_memory::Earlier;
use super::{
    keeper_link::KeeperEnd,
    process_tree,
    protocol::{Failure, Kind, frame},
};

/// The worker's pid while the system cannot give it to another process; `None` otherwise.
type Worker = Arc<Mutex<Option<Pid>>>;

/// Starts the worker on the other end of `worker_socket`. When the worker has ended or the host has
/// closed its link, ends the worker and every process that it started. Never returns.
pub(super) fn keep(mut worker_socket: UnixStream, link: KeeperEnd) -> ! {
    let link = Arc::new(link);
    let worker = Worker::default();
    // Held until there is a worker to kill.
    let mut started = worker.lock().unwrap_or_else(PoisonError::into_inner);
    // This thread starts before the worker, which blocks signals to all threads of this process
    // that exist when it starts.
    let watched = {
        let (worker, link) = (Arc::clone(&worker), Arc::clone(&link));
        thread::Builder::new().spawn(move || {
            link.await_release();
            kill(&worker);
        })
    };
    #[cfg(target_os = "linux")]
    let earlier = Earlier::now();
    match start(&worker_socket) {
        Ok(pid) => *started = Some(pid),
        Err(error) => {
            let failure = Failure::Setup(format!("the worker does not start: {error}"));
            let payload = serde_json::to_vec(&failure).unwrap_or_default();
            let _ = worker_socket.write_all(&frame(Kind::Failure, &payload));
            process::exit(2)
        }
    }
    drop(started);
    // Only the worker holds the socket to the host, so that the host notices when it closes.
    drop(worker_socket);
    if watched.is_err() {
        // Without this thread, the keeper would not notice that the host died.
        kill(&worker);
    }
    // If this fails, the host sees the end of the worker's streams a moment later.
    let _ = silence();
    let mut ended = HashSet::new();
    if let Some(status) = await_end(&worker, &mut ended) {
        link.send_status(status);
        let is_swept = sweep(&mut ended);
        #[cfg(target_os = "linux")]
        earlier.remove_later_ones(&ended);
        if is_swept {
            link.send_swept();
        }
    }
    process::exit(0)
}

/// Starts this program again, with the same arguments. The first message makes it the worker.
fn start(worker_socket: &UnixStream) -> io::Result<Pid> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(getpid()))?;
        // If a runner has stopped this process (SIGSTOP) when the host dies, the system resumes it.
        rustix::process::set_parent_process_death_signal(Some(Signal::CONT))?;
    }
    let child = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .stdin(Stdio::from(OwnedFd::from(worker_socket.try_clone()?)))
        // A runner that kills its group does not kill the keeper.
        .process_group(0)
        .spawn()?;
    Ok(Pid::from_child(&child))
}

/// Closes the streams that the host reads until they end.
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

/// Waits until the worker has ended, and reaps orphans in the meantime. Adds the processes that have
/// ended to `ended`.
fn await_end(worker: &Worker, ended: &mut HashSet<Pid>) -> Option<WaitStatus> {
    loop {
        // NOWAIT: a process that was not reaped keeps its pid.
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
        let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            ended.insert(pid);
            if *worker == Some(pid) {
                *worker = None;
                return Some(status);
            }
        }
    }
}

/// Kills every process that the worker started, and adds them to `ended`. Returns whether none is
/// left.
fn sweep(ended: &mut HashSet<Pid>) -> bool {
    loop {
        let Ok(children) = process_tree::children(getpid()) else {
            return false;
        };
        let killed = children
            .iter()
            .filter(|&&child| kill_process(child, Signal::KILL).is_ok())
            .count();
        // The keeper cannot kill a process of another user, nor know when it ends.
        if killed == 0 && !children.is_empty() {
            return false;
        }
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, _))) => drop(ended.insert(pid)),
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}
