//! System calls for misbehaviour that safe Rust does not offer.

#![allow(unsafe_code)]

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command},
};

/// The environment variable with the host's mark, which [`daemon`] keeps only in its name.
const MARK: &str = "PROTEA_ZOO_HOST";
/// The highest file descriptor that is closed or written to.
const MOST_FILES: i32 = 1024;

mod c {
    unsafe extern "C" {
        pub safe fn close(file: i32) -> i32;
        pub safe fn setsid() -> i32;
        pub unsafe fn fork() -> i32;
        pub safe fn _exit(status: i32) -> !;
        pub safe fn getppid() -> i32;
        pub safe fn kill(process: i32, signal: i32) -> i32;
        pub unsafe fn write(file: i32, bytes: *const u8, length: usize) -> isize;
        pub unsafe fn mmap(
            address: *mut u8,
            length: usize,
            protection: i32,
            flags: i32,
            file: i32,
            offset: i64,
        ) -> *mut u8;
        #[cfg(target_os = "linux")]
        pub safe fn prctl(option: i32, value: usize) -> i32;
    }
}

/// Closes every file of the process, standard streams and sockets included.
pub fn close_every_file() {
    for file in 0..MOST_FILES {
        c::close(file);
    }
}

/// Writes to every open file of the process.
pub fn write_to_every_file(bytes: &[u8]) {
    for file in 0..MOST_FILES {
        // SAFETY: pointer and length are those of a slice; a file that is not open is an error.
        unsafe { c::write(file, bytes.as_ptr(), bytes.len()) };
    }
}

/// A process that sleeps for an hour.
///
/// # Errors
///
/// When it cannot be started.
pub fn sleeper() -> io::Result<Child> {
    Command::new("sleep").arg("3600").spawn()
}

/// A process that sleeps for an hour in a session, and so a process group, of its own.
///
/// # Errors
///
/// When it cannot be started.
pub fn sleeper_in_its_own_session() -> io::Result<Child> {
    let mut command = Command::new("sleep");
    command.arg("3600");
    // SAFETY: `setsid` is async-signal-safe, and nothing else is called.
    unsafe {
        command.pre_exec(|| {
            c::setsid();
            Ok(())
        })
    };
    command.spawn()
}

/// A process that sleeps for an hour as a daemon does: an orphan in a session of its own, with an empty
/// environment. Its name is the mark of the host with its value.
///
/// # Errors
///
/// When it cannot be started.
pub fn daemon() -> io::Result<()> {
    let mark = std::env::var(MARK).unwrap_or_default();
    let mut command = Command::new("/bin/sleep");
    command
        .arg0(format!("{MARK}={mark}"))
        .arg("3600")
        .env_clear();
    // SAFETY: `setsid`, `fork` and `_exit` are async-signal-safe, and nothing else is called.
    unsafe {
        command.pre_exec(|| {
            c::setsid();
            match c::fork() {
                -1 => Err(io::Error::last_os_error()),
                0 => Ok(()),
                _ => c::_exit(0),
            }
        })
    };
    command.spawn()?.wait().map(drop)
}

/// Kills the process that started this one, after making sure that this one survives it.
pub fn kill_parent() {
    const KILL: i32 = 9;
    #[cfg(target_os = "linux")]
    {
        const SET_PARENT_DEATH_SIGNAL: i32 = 1;
        c::prctl(SET_PARENT_DEATH_SIGNAL, 0);
    }
    c::kill(c::getppid(), KILL);
}

/// Shared memory that is never freed.
///
/// # Errors
///
/// When there is none.
pub fn shared_memory(bytes: usize) -> io::Result<&'static mut [u8]> {
    const READ_AND_WRITE: i32 = 1 | 2;
    #[cfg(target_os = "linux")]
    const SHARED_WITHOUT_FILE: i32 = 1 | 0x20;
    #[cfg(not(target_os = "linux"))]
    const SHARED_WITHOUT_FILE: i32 = 1 | 0x1000;
    // SAFETY: the system chooses the address and unmaps nothing.
    let memory = unsafe {
        c::mmap(
            std::ptr::null_mut(),
            bytes,
            READ_AND_WRITE,
            SHARED_WITHOUT_FILE,
            -1,
            0,
        )
    };
    if memory.addr() == usize::MAX {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is mapped, zeroed, of this length, and not aliased.
    Ok(unsafe { std::slice::from_raw_parts_mut(memory, bytes) })
}

/// A child process that is a copy of this one and runs a function.
///
/// # Errors
///
/// When it cannot be started.
pub fn forked(act: fn() -> !) -> io::Result<()> {
    // SAFETY: the function runs in the child. It may wait forever for a lock that another thread held,
    // which an animal accepts.
    match unsafe { c::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => act(),
        _ => Ok(()),
    }
}
