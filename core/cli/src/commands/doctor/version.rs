//! What a program says its version is.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long a program may take to print its version.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How much of what it prints is read, in bytes.
const MOST: u64 = 4096;
/// How much of it is shown, in characters.
const SHOWN: usize = 60;

/// The first line that the program at this absolute path prints about its version. `None` if it does
/// not start, prints nothing, or takes longer than [`TIMEOUT`].
pub(super) fn version(program: &Path, arguments: &[&str]) -> Option<String> {
    version_within(program, arguments, TIMEOUT)
}

fn version_within(program: &Path, arguments: &[&str], timeout: Duration) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let text = printed(&mut child, timeout);
    // A program that has printed enough, or too late, is not waited for.
    let _ = child.kill();
    let _ = child.wait();
    let text = text?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(SHOWN).collect())
}

fn printed(child: &mut Child, timeout: Duration) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (send, text) = mpsc::channel();
    let reading = thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is shown.
        let _ = stdout.take(MOST).read_to_end(&mut bytes);
        // The receiver is gone if the program took too long.
        let _ = send.send(bytes);
    });
    reading.ok()?;
    let bytes = text.recv_timeout(timeout).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_first_line_is_shown_and_a_program_that_hangs_is_ended() {
        let sh = Path::new("/bin/sh");
        let minutes = Duration::from_secs(300);
        let printed = |script: &str| version_within(sh, &["-c", script], minutes);
        let first = printed("echo; echo ' tool 1.2 '; echo more");
        assert_eq!(first.as_deref(), Some("tool 1.2"));
        assert_eq!(printed("exit 1"), None);
        assert_eq!(
            printed("yes x | tr -d '\\n'").map(|text| text.len()),
            Some(SHOWN)
        );
        let began = Instant::now();
        assert_eq!(version(sh, &["-c", "exec sleep 600"]), None);
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(version(Path::new("/nonexistent/tool"), &[]), None);
    }
}
