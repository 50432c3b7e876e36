//! Opens a file or an address with the system's program for it.

use std::{
    ffi::OsStr,
    io,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::output::Reporter;

/// How long the program may take to say that it cannot open the target. Some programs are the browser
/// itself and run until it is closed.
const PATIENCE: Duration = Duration::from_secs(1);

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
        .and_then(|mut child| ended_soon(&mut child));
    let problem = match ended {
        Ok(Some(status)) if !status.success() => status.to_string(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    reporter.warn(&format!(
        "cannot open {shown}: {program}: {problem}; open it in a browser"
    ));
}

/// How a program ended that ends at once. None for one that still runs.
fn ended_soon(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
}
