//! Calls of the operating system that safe Rust does not offer, because nobody should want them.

#![allow(unsafe_code)]

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command},
};

/// No more files than this are looked at when all are harmed.
const MOST_FILES: i32 = 1024;

mod c {
    unsafe extern "C" {
        pub safe fn close(file: i32) -> i32;
        pub safe fn setsid() -> i32;
        pub unsafe fn write(file: i32, bytes: *const u8, length: usize) -> isize;
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
