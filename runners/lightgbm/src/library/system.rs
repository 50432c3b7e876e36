//! Calls of the operating system: the path of this library, and releasing memory. This file and
//! `ffi` have all `unsafe` of this crate.

#![allow(unsafe_code)]

use std::path::PathBuf;

/// The file that this code was loaded from: the runner's library, or a program that links it.
#[cfg(unix)]
pub(super) fn own_file() -> Option<PathBuf> {
    use std::{
        ffi::{CStr, OsStr, c_void},
        os::unix::ffi::OsStrExt,
    };

    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address is that of a function, and the call writes only to `found`.
    let known = unsafe { libc::dladdr(own_file as *const c_void, found.as_mut_ptr()) };
    if known == 0 {
        return None;
    }
    // SAFETY: the call succeeded and has initialised it; all-zero is a valid value as well.
    let found = unsafe { found.assume_init() };
    if found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the name is a C string that is valid while the library is loaded.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    Some(path.canonicalize().unwrap_or(path))
}

/// The program: this system does not tell which library this code is in.
#[cfg(not(unix))]
pub(super) fn own_file() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Returns freed memory to the system. LightGBM frees its memory in pieces and from many threads,
/// and the C library would keep it for later calls.
pub(super) fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function takes no pointer and locks the heap itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
