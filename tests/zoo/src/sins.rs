//! Misbehaviour that may happen anywhere in a runner.

#![allow(unsafe_code)]

use std::{thread, time::Duration};

use protea_contracts::prelude::serde::{Serialize, Serializer};

/// The code that [`exit`] ends the process with.
pub const EXIT_CODE: i32 = 7;
/// What [`panic()`] says.
pub const PANIC_MESSAGE: &str = "the zoo's panic";

/// Writes to unmapped memory: SIGSEGV.
pub fn crash() -> ! {
    // Not null itself, which a debug build notices and turns into a panic.
    let nowhere = std::ptr::without_provenance_mut::<u64>(8);
    // SAFETY: none; the crash is intended.
    unsafe { nowhere.write_volatile(1) };
    unreachable!("nothing is mapped at the bottom of the address space")
}

/// SIGABRT.
pub fn abort() -> ! {
    std::process::abort()
}

/// Ends the process with [`EXIT_CODE`].
pub fn exit() -> ! {
    std::process::exit(EXIT_CODE)
}

/// Never returns.
pub fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// Panics with [`PANIC_MESSAGE`].
#[track_caller]
pub fn panic() -> ! {
    panic!("{PANIC_MESSAGE}")
}

/// A string that is not valid UTF-8.
#[must_use]
pub fn not_text() -> &'static str {
    // SAFETY: none; an animal only copies it.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe]) }.leak()
}

/// Fields of an event that misbehave while they are serialised.
#[derive(Debug, Clone, Copy)]
pub struct SinfulFields(
    /// What happens then.
    pub fn() -> !,
);

impl Serialize for SinfulFields {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        (self.0)()
    }
}
