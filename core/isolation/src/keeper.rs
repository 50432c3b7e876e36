//! The keeper: the process between a host and a worker, which inherits the processes that the
//! runner starts.
//!
//! A process can leave its group and session and clear its environment, but it cannot change its
//! ancestors. When its parent ends, the system makes the nearest ancestor that is a child subreaper
//! its new parent. The keeper is a subreaper. The host itself is not, so its other child processes
//! are unaffected. The keeper runs no code of a runner, and no runner can reach it (see
//! `protect_keeper`).
//!
//! The keeper kills the worker's process group at once, and then kills and reaps its children until
//! it has none: when a child ends, the children of that child become children of the keeper. The
//! system cannot reuse a pid in between, because only the keeper reaps its children. It reaps the
//! worker last, so that the id of the worker's group stays its own.
//!
//! Other systems have no subreapers. There the keeper ends the worker and its process group.

use std::{
    fs::File,
    io::{self, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{self, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpid, kill_process, kill_process_group,
        waitid,
    },
};

#[cfg(target_os = "linux")]
use super::shared_memory::Segments;
use super::{
    keeper_link::KeeperEnd,
    process_stat::ProcessStat,
    process_tree,
    protocol::{Failure, Kind, frame},
    usage::{CallUsage, Transferred},
};

/// The worker's pid, once it was started and until it was reaped: so long the system cannot give the
/// pid to another process, nor the id of the worker's group to another group.
type Worker = Arc<Mutex<Option<Pid>>>;

/// Starts the worker on the other end of `worker_socket`. When the worker has ended or the host has
/// closed its link, ends the worker and every process that it started. Never returns.
pub(super) fn keep(mut worker_socket: UnixStream, link: KeeperEnd) -> ! {
    let link = Arc::new(link);
    let transferred = Transferred::now();
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
    // A thread of this process as well, so it starts before the worker.
    #[cfg(target_os = "linux")]
    let segments = Segments::watch(getpid());
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
    if let Some((pid, status)) = await_end(&worker) {
        link.send_status(&status);
        #[cfg(target_os = "linux")]
        let mut segments = segments.stop();
        let is_swept = sweep(pid, &mut || {
            #[cfg(target_os = "linux")]
            segments.look();
        });
        #[cfg(target_os = "linux")]
        segments.remove();
        reap(&worker, pid);
        if is_swept {
            link.send_swept(&CallUsage::of_children(transferred));
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

/// Waits until the worker has ended, and reaps orphans in the meantime. The worker is not reaped.
fn await_end(worker: &Worker) -> Option<(Pid, WaitIdStatus)> {
    let worker = (*worker.lock().unwrap_or_else(PoisonError::into_inner))?;
    loop {
        // NOWAIT: a process that was not reaped keeps its pid.
        let ended = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        match ended {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Ok(Some(status)) = waitid(WaitId::Pid(worker), look) {
            return Some((worker, status));
        }
        reap_orphans(worker);
    }
}

/// Reaps the children that have ended, except the worker.
fn reap_orphans(worker: Pid) {
    for child in process_tree::children(getpid()).unwrap_or_default() {
        if child != worker {
            let _ = waitid(
                WaitId::Pid(child),
                WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
            );
        }
    }
}

/// Kills every process that the worker started, and calls `before_reaping` while those that have ended
/// still have their pids. Returns whether no process is left. The worker has ended.
fn sweep(worker: Pid, before_reaping: &mut dyn FnMut()) -> bool {
    loop {
        // One call for a whole group, which no fork of a member escapes. Killed one after the other,
        // processes that fork all the time would keep the keeper busy.
        let _ = kill_process_group(worker, Signal::KILL);
        let Ok(mut children) = process_tree::children(getpid()) else {
            return false;
        };
        children.retain(|&child| child != worker);
        if children.is_empty() {
            before_reaping();
            return true;
        }
        // The keeper cannot kill a process of another user, nor know when it ends.
        children.retain(|&child| kill_with_group(child));
        if children.is_empty() {
            return false;
        }
        let wait = |more: WaitIdOptions| {
            for &child in &children {
                let options = WaitIdOptions::EXITED | more;
                while let Err(Errno::INTR) = waitid(WaitId::Pid(child), options) {}
            }
        };
        wait(WaitIdOptions::NOWAIT);
        before_reaping();
        wait(WaitIdOptions::empty());
    }
}

/// Kills a child and its process group. Returns whether the child could be killed.
fn kill_with_group(child: Pid) -> bool {
    // The worker has a session of its own, which others cannot enter: the groups in it and in the
    // sessions of its descendants have no other members. Read from `/proc`, because `getsid` of
    // rustix panics when the session began outside the pid namespace, as in a container.
    let stat = (
        ProcessStat::from_pid(child),
        ProcessStat::from_pid(getpid()),
    );
    if let (Some(child), Some(keeper)) = stat
        && child.session != keeper.session
        && let Some(group) = child.group
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    kill_process(child, Signal::KILL).is_ok()
}

/// Reaps the worker, whose pid the system may then give to another process.
fn reap(worker: &Worker, pid: Pid) {
    let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
    *worker = None;
}
