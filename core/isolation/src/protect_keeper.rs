//! Protects the keeper from the runner.
//!
//! A runner's process has the same user as its parent, the keeper. It could kill, stop or trace the
//! keeper, or change its memory, and then no process would end what the runner has started. Two
//! mechanisms prevent this, each if the kernel supports it:
//!
//! - Landlock (version 6, Linux 6.12): the runner can signal and trace only its own process and those
//!   that it starts.
//! - seccomp: the kernel refuses system calls with the keeper's pid as an argument.
//!
//! Neither can be removed by the process or by what it starts. Set-user-ID programs run without
//! changing the user (`PR_SET_NO_NEW_PRIVS`).

use std::fs;

use landlock::{CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError, Scope};
use rustix::process::{Pid, getpid, getppid};

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
use super::{
    process_stat::ProcessStat,
    syscall_filter::{self, Given},
};

/// Protects the parent of this process from this thread and everything it starts. Call it in your own
/// processes that run a runner's code; workers do it themselves.
///
/// Best effort on Linux: since 6.12, this process and what it starts can signal only each other;
/// before that, the kernel refuses system calls with the parent's pid. Does nothing on other systems.
/// It cannot be undone.
pub fn protect_parent() {
    let scoped = scope().is_ok();
    if let Some(parent) = getppid() {
        refuse(parent, scoped);
    }
}

fn scope() -> Result<(), RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::Signal)?
        .create()?
        .restrict_self()?;
    Ok(())
}

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
fn refuse(parent: Pid, scoped: bool) {
    let calls = calls(parent);
    let _ = syscall_filter::answer(&calls, libc::EPERM);
    if !scoped {
        // Takes a file descriptor of a process, so the filter cannot see the pid.
        let calls = [(libc::SYS_pidfd_send_signal, Vec::new())];
        let _ = syscall_filter::answer(&calls, libc::ENOSYS);
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
fn refuse(_: Pid, _: bool) {}

/// The system calls that act on a process by its pid or the id of one of its threads.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
fn calls(parent: Pid) -> Vec<Given> {
    const NAMING: [(libc::c_long, u8); 11] = [
        (libc::SYS_kill, 0),
        (libc::SYS_tkill, 0),
        (libc::SYS_tgkill, 0),
        (libc::SYS_tgkill, 1),
        (libc::SYS_rt_sigqueueinfo, 0),
        (libc::SYS_rt_tgsigqueueinfo, 0),
        (libc::SYS_rt_tgsigqueueinfo, 1),
        (libc::SYS_pidfd_open, 0),
        (libc::SYS_ptrace, 1),
        (libc::SYS_prlimit64, 0),
        (libc::SYS_process_vm_writev, 0),
    ];
    let mut calls = Vec::new();
    for number in numbers(parent) {
        let naming = NAMING.iter();
        calls.extend(naming.map(|&(call, argument)| (call, vec![(argument, number)])));
    }
    // A negative pid is a process group; -1 is every process.
    let group_of = |process| ProcessStat::from_pid(process).and_then(|stat| stat.group);
    let group = group_of(parent).filter(|&group| Some(group) != group_of(getpid()));
    let group = group.map(|group| -group.as_raw_nonzero().get());
    for many in group.into_iter().chain([-1]) {
        calls.push((libc::SYS_kill, vec![(0, many.cast_unsigned())]));
    }
    calls
}

/// The pid of a process and the ids of its threads.
fn numbers(process: Pid) -> Vec<u32> {
    let number = process.as_raw_nonzero().get().cast_unsigned();
    let mut numbers = vec![number];
    let threads = fs::read_dir(format!("/proc/{number}/task")).into_iter();
    let threads = threads.flatten().flatten();
    let threads = threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok());
    numbers.extend(threads.filter(|&thread: &u32| thread != number));
    numbers
}
