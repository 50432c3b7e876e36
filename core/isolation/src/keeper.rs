//! The process between a host and a worker: whatever the runner starts, it inherits.
//!
//! A process can leave its group and its session and clear its environment, but not its descent.
//! When its parent ends, the system gives it to the nearest ancestor that asked for orphans (a child
//! subreaper). The keeper is that ancestor, so the host itself need not be, and the fate of
//! the host's own children stays as it was. No code of a runner runs in it, and none reaches it
//! (see `protect_keeper`).
//!
//! It kills its children and takes their ends until it has none: with each that ends, those that
//! one had started become its children. A number cannot be given to another process
//! meanwhile, since only the keeper frees the numbers of its children.
//!
//! Outside Linux nobody inherits orphans; there the worker and its process group are ended.

use std::{
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

use super::{
    keeper_link::KeeperEnd,
    process_tree,
    protocol::{Failure, Kind, frame},
};

/// The worker's number for as long as it cannot be another's.
type Worker = Arc<Mutex<Option<Pid>>>;

/// Starts the worker that `way` leads to, and keeps what comes of it until it has ended or the
/// host lets go. Never returns.
pub(super) fn keep(mut way: UnixStream, link: KeeperEnd) -> ! {
    let link = Arc::new(link);
    let worker = Worker::default();
    // Held until there is one to kill.
    let mut started = worker.lock().unwrap_or_else(PoisonError::into_inner);
    // Before the worker, which takes note of all threads of this process that it may not touch.
    let watched = {
        let (worker, link) = (Arc::clone(&worker), Arc::clone(&link));
        thread::Builder::new().spawn(move || {
            link.await_release();
            kill(&worker);
        })
    };
    match start(&way) {
        Ok(pid) => *started = Some(pid),
        Err(error) => {
            let failure = Failure::Setup(format!("it does not start: {error}"));
            let payload = serde_json::to_vec(&failure).unwrap_or_default();
            let _ = way.write_all(&frame(Kind::Failure, &payload));
            process::exit(2)
        }
    }
    drop(started);
    // Only the worker speaks to the host, so that its silence is heard.
    drop(way);
    if watched.is_err() {
        // Without it, the death of the host would go unnoticed.
        kill(&worker);
    }
    // Otherwise the host hears the ends of the worker's streams a moment later.
    let _ = silence();
    if let Some(status) = await_end(&worker) {
        link.tell_end(status);
        if sweep() {
            link.tell_swept();
        }
    }
    process::exit(0)
}

/// This program once more, with the same arguments: what it reads first makes it the worker.
fn start(way: &UnixStream) -> io::Result<Pid> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(getpid()))?;
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
        let Ok(children) = process_tree::children(getpid()) else {
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
