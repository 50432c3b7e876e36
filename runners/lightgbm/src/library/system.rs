//! What is asked of the system itself: where this code lies, and to take memory back. With `ffi`, all
//! `unsafe` of this crate.

#![allow(unsafe_code)]

use std::path::PathBuf;

/// The file that this code was loaded from: the runner's library, or a program it is part of.
#[cfg(unix)]
pub(super) fn own_file() -> Option<PathBuf> {
    use std::{
        ffi::{CStr, OsStr, c_void},
        os::unix::ffi::OsStrExt,
    };

    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address is one of this code, and the call fills in what it is given.
    let known = unsafe { libc::dladdr(own_file as *const c_void, found.as_mut_ptr()) };
    if known == 0 {
        return None;
    }
    // SAFETY: the call has filled it in, and zeros are a value too.
    let found = unsafe { found.assume_init() };
    if found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the name is a string that lives as long as the library is open.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    Some(path.canonicalize().unwrap_or(path))
}

/// The program, where the system does not tell which library this code is in.
#[cfg(not(unix))]
pub(super) fn own_file() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Gives memory that was freed back to the system. LightGBM frees in pieces and from many threads what it
/// allocates, and the C library would keep it for calls to come, more with each of the first calls.
pub(super) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, and locks what it goes through.
    unsafe {
        libc::malloc_trim(0);
    }
}
