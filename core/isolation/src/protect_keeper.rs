//! The process that looks after a runner's, out of the runner's reach.
//!
//! A runner's process runs as the same user as the one that started it and will end what comes of it.
//! It could kill, stop or trace that one, or take its memory and files away, and then nobody would
//! end what the runner has started. Two things keep it off, each where the kernel has it:
//!
//! - Landlock (version 6, Linux 6.12): a signal reaches nothing but the runner's process and what
//!   comes of it, and nothing else can be traced.
//! - seccomp: calls that name that process by its number are refused.
//!
//! Neither can be lifted again, by the process or by what it starts. Programs that change the user
//! (set-user-ID) run without doing so.

use std::fs;

use landlock::{CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError, Scope};
use rustix::process::{Pid, getpgid, getpgrp, getppid};

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
use super::filter::{self, Foreign, Given};

/// Puts the parent of this process, which looks after it, out of reach of this thread and all that
/// it starts: for a process of one's own that runs a runner's code. Workers do so by themselves.
///
/// On Linux, as far as the kernel can: since 6.12, no signal gets out of the process and what it
/// starts; before that, calls are refused that name the parent by its number. Elsewhere, nothing.
/// It cannot be taken back.
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
    // A program for another processor makes calls of other numbers; old tools are such programs.
    let _ = filter::answer(&calls, libc::EPERM, Foreign::Allowed);
    if !scoped {
        // It takes a file that stands for a process, which has no number to see.
        let calls = [(libc::SYS_pidfd_send_signal, Vec::new())];
        let _ = filter::answer(&calls, libc::ENOSYS, Foreign::Allowed);
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
fn refuse(_: Pid, _: bool) {}

/// The calls that do something to a process, by its number or that of one of its threads.
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
    // Its group, and every process that there is.
    let group = getpgid(Some(parent)).ok();
    let group = group.filter(|&group| group != getpgrp());
    let group = group.map(|group| -group.as_raw_nonzero().get());
    for many in group.into_iter().chain([-1]) {
        calls.push((libc::SYS_kill, vec![(0, many.cast_unsigned())]));
    }
    calls
}

/// The number of a process, and those of its threads, which name it too.
fn numbers(process: Pid) -> Vec<u32> {
    let number = process.as_raw_nonzero().get().cast_unsigned();
    let mut numbers = vec![number];
    let threads = fs::read_dir(format!("/proc/{number}/task")).into_iter();
    let threads = threads.flatten().flatten();
    let threads = threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok());
    numbers.extend(threads.filter(|&thread: &u32| thread != number));
    numbers
}
