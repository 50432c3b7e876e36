//! Opens a file or an address with the system's program for it.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
    time::Duration,
};

use wait_timeout::ChildExt;

use crate::output::Reporter;

/// How long the program may take to say that it cannot open the target. Some programs are the browser
/// itself and run until it is closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens `target`; a problem is a warning that says what to do. `shown` is how it is called there.
pub fn open(target: &OsStr, shown: &str, reporter: &Reporter) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let ended = Command::new(program)
        .arg(target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .and_then(|mut child| child.wait_timeout(PATIENCE));
    let problem = match ended {
        // Windows' explorer ends with 1 also when it has opened the target.
        Ok(Some(status)) if !status.success() && !cfg!(windows) => status.to_string(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    reporter.warn(&format!(
        "cannot open {shown}: {program}: {problem}; open it in a browser"
    ));
}
