//! What a worker gives up before it runs a runner's code: inherited files, namespaces that it shares
//! with other processes, and capabilities.
//!
//! This module knows system calls only. [`sandbox`](super::sandbox) decides which of them a worker
//! needs.

#![allow(unsafe_code)]

use std::{fs, io};

use libc::{c_int, c_long, c_ulong};
use rustix::process::{getegid, geteuid};

/// The first file descriptor after standard input, output and error.
const FIRST: u32 = 3;

/// Closes every open file except the three standard streams. Call it before the process opens files
/// of its own.
pub(super) fn close_inherited_files() {
    // SAFETY: the process has opened no file yet, so that no value owns one of these descriptors.
    if unsafe { libc::syscall(libc::SYS_close_range, FIRST, u32::MAX, 0) } == 0 {
        return;
    }
    // Before Linux 5.9 there is no `close_range`.
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<c_int> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&file: &c_int| file.cast_unsigned() >= FIRST)
        .collect();
    for file in open {
        // SAFETY: as above. The descriptor of the listing itself is closed already.
        unsafe { libc::close(file) };
    }
}

/// The namespaces that [`enter_namespaces`] created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespaces {
    /// User, IPC and network.
    All,
    /// User and IPC. The kernel gave no network namespace.
    WithoutNetwork,
}

/// Moves this process into new user, IPC and network namespaces, in which it keeps its user and
/// group. The process must have one thread only.
///
/// # Errors
///
/// A description of what the kernel refused. The process is then still in its former namespaces, or
/// in new ones without a name for its user.
pub(super) fn enter_namespaces() -> Result<Namespaces, String> {
    const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    // Where AppArmor restricts user namespaces, `unshare` succeeds, and the process then has no
    // valid user. So this is checked first.
    if user != 0 && fs::read_to_string(APPARMOR).is_ok_and(|text| text.trim() == "1") {
        return Err(
            "AppArmor allows user namespaces to root only (kernel.apparmor_restrict_unprivileged_userns)"
                .to_owned(),
        );
    }
    let own = libc::CLONE_NEWUSER | libc::CLONE_NEWIPC;
    let entered = match unshare(own | libc::CLONE_NEWNET) {
        Ok(()) => Namespaces::All,
        Err(_) => {
            unshare(own).map_err(|error| {
                format!("the kernel refuses new user and IPC namespaces: {error}")
            })?;
            Namespaces::WithoutNetwork
        }
    };
    // A process may map its own user and group without a capability, if it gives up `setgroups`.
    fs::write("/proc/self/setgroups", "deny")
        .and_then(|()| fs::write("/proc/self/uid_map", format!("{user} {user} 1")))
        .and_then(|()| fs::write("/proc/self/gid_map", format!("{group} {group} 1")))
        .map_err(|error| format!("the user cannot be mapped into its namespace: {error}"))?;
    Ok(entered)
}

fn unshare(namespaces: c_int) -> io::Result<()> {
    // SAFETY: the call takes a number. These flags do not change what memory or files are shared.
    match unsafe { libc::unshare(namespaces) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Drops all capabilities of this thread and everything it starts, for good. A program that runs as
/// root does not get them back.
///
/// # Errors
///
/// When a capability is left.
pub(super) fn drop_capabilities() -> io::Result<()> {
    /// Root gets no capabilities from `execve` (`SECBIT_NOROOT`), changes of the user do not
    /// change capabilities, none is kept or made ambient; all of it locked.
    const SECURE_BITS: c_ulong = 0b1110_1111;
    /// `_LINUX_CAPABILITY_VERSION_3`: two words for each set.
    const VERSION: u32 = 0x2008_0522;

    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    #[repr(C)]
    #[derive(Clone, Copy, Default, PartialEq, Eq)]
    struct Sets {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }

    // These calls fail in a process that has no capability to drop. What counts is what is left.
    let _ = prctl(
        libc::PR_CAP_AMBIENT,
        libc::PR_CAP_AMBIENT_CLEAR_ALL as c_ulong,
    );
    for capability in 0..64 {
        if prctl(libc::PR_CAPBSET_DROP, capability).is_err() {
            break;
        }
    }
    let _ = prctl(libc::PR_SET_SECUREBITS, SECURE_BITS);
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut sets = [Sets::default(); 2];
    // SAFETY: header and sets have the layout of the kernel's structures for this version.
    let dropped = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, sets.as_ptr()) };
    check(dropped)?;
    // SAFETY: as above; the kernel writes two sets.
    let read = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
    check(read)?;
    if sets == [Sets::default(); 2] {
        Ok(())
    } else {
        Err(io::Error::other("capabilities are left"))
    }
}

fn prctl(option: c_int, argument: c_ulong) -> io::Result<()> {
    const NONE: c_ulong = 0;
    // SAFETY: these options take numbers.
    let answer = unsafe { libc::prctl(option, argument, NONE, NONE, NONE) };
    check(answer.into())
}

fn check(answer: c_long) -> io::Result<()> {
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
