//! Ctrl-C, SIGTERM and SIGHUP: the first signal cancels, the second ends the process at once. So does
//! the first one after a second, if the command has not ended by itself: batch systems send only one.

use std::{
    ops::ControlFlow,
    process,
    sync::{
        Once, OnceLock,
        atomic::{AtomicBool, AtomicU8, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use protea_files::remove_temporary;

use crate::output::{ERROR, Reporter, print_labelled};

/// Shells report a process that a signal ended by 128 plus the signal's number.
const SIGNAL_EXIT_BASE: u8 = 128;

/// The exit code of a task that can be done again (EX_TEMPFAIL).
pub const TRY_AGAIN: u8 = 75;

/// How long a cancelled command may wait for anything: runners, servers, pipes. The rest of a second is
/// for ending.
const GRACE: Duration = Duration::from_millis(900);

/// How long a cancelled command may take if it does not wait but works, or its workers end, as they do
/// on a busy machine.
const GRACE_WHILE_WORKING: Duration = Duration::from_secs(5);

/// How long a cancelled runner has before it is killed. The rest of [`GRACE`] is for the record.
#[cfg(unix)]
pub const RUNNER_GRACE: Duration = Duration::from_millis(750);

/// How long a cancelled command may wait for other programs; the rest is for ending.
const WAITING_GRACE: Duration = Duration::from_millis(800);

/// How long the last line on standard error may take.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// How long the last cleaning up of a process may take.
const LAST_CLEANUP: Duration = Duration::from_millis(300);

/// The name of the thread that ends a cancelled command.
const GRACE_THREAD: &str = "grace";

/// How often a command is checked that is still at work after [`GRACE`].
const LOOK: Duration = Duration::from_millis(20);

/// The first signal received; 0 if none was.
static FIRST_SIGNAL: AtomicU8 = AtomicU8::new(0);

/// Whether this process does a task of a plan.
static IS_TASK: AtomicBool = AtomicBool::new(false);

/// Whether there is a signal handler. With two, the first signal would count as two and end the process at
/// once.
static LISTENS: Once = Once::new();

/// When the first signal was received.
static REQUESTED: OnceLock<Instant> = OnceLock::new();

/// Installs the signal handler. From now on the first signal only makes [`requested`] true, so that
/// the command can clean up; the second ends the process. Commands that never call this end at the
/// first signal, which is the system's default. Further calls change nothing: the planned command and
/// what is done with its plan both call it.
pub fn cooperate(reporter: &Reporter) {
    LISTENS.call_once(|| listen(reporter.clone()));
}

fn listen(reporter: Reporter) {
    let is_task = IS_TASK.load(Ordering::SeqCst);
    system::listen(is_task, move |signal| {
        let received = *REQUESTED.get_or_init(Instant::now);
        let first = FIRST_SIGNAL.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        if let Err(first) = first {
            end(first);
        }
        // If there is no thread to be had, a second signal still works.
        let _ = thread::Builder::new()
            .name(GRACE_THREAD.to_owned())
            .spawn(move || {
                thread::sleep(GRACE);
                while received.elapsed() < GRACE_WHILE_WORKING
                    && (system::is_working() || system::are_workers_ending())
                {
                    thread::sleep(LOOK);
                }
                end_late(signal);
            });
        reporter.always("cancelling; press Ctrl-C again to stop at once");
    });
}

/// As [`cooperate`], for a task of a plan: SIGUSR1, by which schedulers warn of a time limit, cancels
/// too, and the exit code says that the task can be done again.
pub fn cooperate_as_task(reporter: &Reporter) {
    IS_TASK.store(true, Ordering::SeqCst);
    cooperate(reporter);
}

/// Ends the process. Workers end with it, as their keepers notice.
fn end(signal: u8) -> ! {
    // What is cleaned up may be on a disk that does not answer.
    let _ = thread::Builder::new().name("end".to_owned()).spawn(|| {
        thread::sleep(LAST_CLEANUP);
        system::kill_this_process();
    });
    remove_temporary();
    process::exit(code_after(signal).into());
}

/// Ends the process of a command that has not ended by itself.
fn end_late(signal: u8) -> ! {
    // Nobody may read standard error.
    let (told, telling) = mpsc::channel();
    let _ = thread::Builder::new()
        .name("told".to_owned())
        .spawn(move || {
            print_labelled(ERROR, "error", "cancelled");
            let _ = told.send(());
        });
    let _ = telling.recv_timeout(LAST_WORDS);
    end(signal)
}

/// How long the command may still wait for other programs, at most `most`.
pub fn remaining_wait(most: Duration) -> Duration {
    match REQUESTED.get() {
        Some(received) => most.min(WAITING_GRACE.saturating_sub(received.elapsed())),
        None => most,
    }
}

/// Whether the user or the system has asked the command to end.
pub fn requested() -> bool {
    FIRST_SIGNAL.load(Ordering::SeqCst) != 0
}

/// The exit code for the signal that was received, if any.
pub fn exit_code() -> Option<u8> {
    match FIRST_SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(code_after(signal)),
    }
}

fn code_after(signal: u8) -> u8 {
    if IS_TASK.load(Ordering::SeqCst) {
        TRY_AGAIN
    } else {
        SIGNAL_EXIT_BASE + signal
    }
}

/// For long operations of libraries, which stop when their callback breaks.
pub fn continue_unless_requested() -> ControlFlow<()> {
    if requested() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

#[cfg(unix)]
mod system {
    use std::{fs, sync::mpsc, thread};

    use protea_core::worker::process_stat::ProcessStat;
    use rustix::process::{Signal, getpid, kill_process};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1},
        iterator::Signals,
    };

    use super::GRACE_THREAD;

    /// Calls `on_signal` with the number of each signal. If the thread or the handler cannot be
    /// created, the system's default applies: the first signal ends the process.
    pub(super) fn listen(is_task: bool, on_signal: impl Fn(u8) + Send + 'static) {
        let (send, handler) = mpsc::channel::<Signals>();
        let thread = thread::Builder::new().name("signals".to_owned());
        let listening = thread.spawn(move || {
            let Ok(mut signals) = handler.recv() else {
                return;
            };
            for signal in signals.forever() {
                on_signal(u8::try_from(signal).unwrap_or(u8::MAX));
            }
        });
        // The handler is installed only after its thread runs: a signal that is caught and then
        // not acted on would make Ctrl-C useless.
        if listening.is_ok()
            && let Ok(signals) = Signals::new(if is_task {
                &[SIGINT, SIGTERM, SIGHUP, SIGUSR1][..]
            } else {
                &[SIGINT, SIGTERM, SIGHUP]
            })
        {
            let _ = send.send(signals);
        }
    }

    /// Whether a thread of this process computes, reads or writes a disk, or would if it had a
    /// processor. False where this is unknown.
    pub(super) fn is_working() -> bool {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
        threads.flatten().any(|thread| {
            let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            let stat = ProcessStat::read(thread.path());
            name.trim_end() != GRACE_THREAD
                && stat.is_some_and(|stat| matches!(stat.state, 'R' | 'D'))
        })
    }

    /// Whether a keeper or its worker, which was killed after [`RUNNER_GRACE`](super::RUNNER_GRACE),
    /// would end if it had a processor. False where this is unknown.
    pub(super) fn are_workers_ending() -> bool {
        let keepers = children("self");
        let workers = keepers.iter().flat_map(|keeper| children(keeper));
        let workers: Vec<String> = workers.collect();
        keepers.iter().chain(&workers).any(|process| {
            ProcessStat::read(format!("/proc/{process}")).is_some_and(|stat| stat.state == 'R')
        })
    }

    fn children(process: &str) -> Vec<String> {
        let threads = fs::read_dir(format!("/proc/{process}/task"));
        let threads = threads.into_iter().flatten().flatten();
        let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")));
        let children = lists.flat_map(|list| {
            let list = list.unwrap_or_default();
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        children.collect()
    }

    pub(super) fn kill_this_process() {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

#[cfg(not(unix))]
mod system {
    /// The number of SIGINT, which Ctrl-C sends on Unix.
    const SIGINT: u8 = 2;

    /// Calls `on_signal` at each Ctrl-C. If the handler cannot be installed, the system's default
    /// applies: the first Ctrl-C ends the process.
    pub(super) fn listen(_: bool, on_signal: impl Fn(u8) + Send + 'static) {
        drop(ctrlc::set_handler(move || on_signal(SIGINT)));
    }

    pub(super) fn is_working() -> bool {
        false
    }

    pub(super) fn are_workers_ending() -> bool {
        false
    }

    pub(super) fn kill_this_process() {
        std::process::abort();
    }
}
