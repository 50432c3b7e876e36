//! Unsafe system calls: seccomp filters with flags, signal handlers, and the usage of processes.

#![allow(unsafe_code)]

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use libc::{c_int, c_void, siginfo_t};

use super::stderr_tail::STARVED;

#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
/// Installs a filter for this thread and everything it starts.
pub(super) fn install(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    // Before Linux 5.16, a filter without this flag disables speculation, which slows down
    // arithmetic.
    let flags = [libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0];
    // SAFETY: the call takes plain numbers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut error = None;
    for flags in flags {
        // SAFETY: `len` counts the elements of the filter, and the kernel copies them before it
        // returns.
        let installed = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const filter,
            )
        };
        if installed == 0 {
            return Ok(());
        }
        error = Some(io::Error::last_os_error());
    }
    Err(error.unwrap_or_else(io::Error::last_os_error))
}

/// The handler of the signal before ours.
static BEFORE: Mutex<Option<libc::sigaction>> = Mutex::new(None);

/// Installs a handler for SIGSEGV and SIGABRT. If a thread aborts or dereferences null and its last
/// error is ENOMEM, the handler prints [`STARVED`]. The signal still ends the process.
pub(super) fn report_out_of_memory_on_crash() -> io::Result<()> {
    for signal in [libc::SIGABRT, libc::SIGSEGV] {
        // SAFETY: all-zero bytes are a `sigaction`; the handler has the type that SA_SIGINFO asks
        // for, and calls what may be called in a handler only.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fatal_signal as *const () as usize;
            // SA_RESETHAND: the second signal ends the process. SA_ONSTACK: the handler also works
            // after a stack overflow.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
            let mut before: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, &raw const action, &raw mut before) != 0 {
                return Err(io::Error::last_os_error());
            }
            if signal == libc::SIGSEGV {
                *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
            }
        }
    }
    // An earlier ENOMEM does not come from the runner.
    // SAFETY: the pointer is to this thread's own.
    unsafe { *libc::__errno_location() = 0 };
    Ok(())
}

/// What the kernel counted for this process (`RUSAGE_SELF`) or the descendants that it has reaped
/// (`RUSAGE_CHILDREN`).
pub(super) fn usage(who: c_int) -> Option<libc::rusage> {
    // SAFETY: all-zero bytes are a `rusage`, which the kernel fills.
    unsafe {
        let mut counted: libc::rusage = std::mem::zeroed();
        (libc::getrusage(who, &raw mut counted) == 0).then_some(counted)
    }
}

extern "C" fn on_fatal_signal(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    /// An access below this address goes through a null pointer.
    const NULL: usize = 64 << 10;
    // SAFETY: the pointer is to this thread's own; a handler gets a `siginfo_t`, which for SIGSEGV
    // has an address; `write` and `raise` may be called in a handler. `try_lock` does not wait, and
    // no thread holds the lock once it has been set. The previous handler is called with its own
    // arguments.
    unsafe {
        let refused = *libc::__errno_location() == libc::ENOMEM;
        let by_fault = (*info).si_code > 0;
        if refused && (signal == libc::SIGABRT || by_fault && ((*info).si_addr() as usize) < NULL) {
            let line = [STARVED.as_bytes(), b" (ENOMEM)\n"];
            for part in line {
                libc::write(2, part.as_ptr().cast(), part.len());
            }
        }
        if signal == libc::SIGSEGV
            && let Ok(before) = BEFORE.try_lock()
            && let Some(before) = *before
            && before.sa_flags & libc::SA_SIGINFO != 0
        {
            // Rust's handler, which reports a stack overflow.
            let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                std::mem::transmute(before.sa_sigaction);
            handler(signal, info, context);
        } else if !by_fault || signal == libc::SIGABRT {
            libc::raise(signal);
        }
        // The fault occurs again when the handler returns.
    }
}
