//! Opens a file or an address with the system's program for it.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
};

use crate::output::Reporter;

/// Opens `target`; a problem is a warning that says what to do. `shown` is how it is called there.
pub fn open(target: &OsStr, shown: &str, reporter: &Reporter) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let started = Command::new(program)
        .arg(target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        reporter.warn(&format!(
            "cannot open {shown}: {program}: {error}; open it in a browser"
        ));
    }
}
