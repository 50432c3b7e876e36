//! Which code a run was started from: the commit of the current directory's repository.

use std::{
    io::Read,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// git is asked no longer than this.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The state of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeRecord {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// The branch, where one is checked out.
    #[serde(default)]
    pub branch: Option<String>,
    /// Whether a tracked file differs from the commit; not known where git took too long to say.
    #[serde(default)]
    pub changed: Option<bool>,
}

impl CodeRecord {
    /// The repository that the current directory is in; `None` where it is in none, or there is
    /// no git.
    #[must_use]
    pub fn current() -> Option<Self> {
        let status = [
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=no",
            "--ignore-submodules",
        ];
        if let Some(text) = git(&status) {
            return Self::from_status(&text);
        }
        // A repository may be too large to be looked through; what its head is, is known at once.
        let commit = git(&["rev-parse", "--verify", "HEAD"])?;
        Some(Self {
            commit: commit.trim().to_owned(),
            branch: None,
            changed: None,
        })
    }

    fn from_status(text: &str) -> Option<Self> {
        let header = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        };
        let commit = header("# branch.oid").filter(|oid| *oid != "(initial)")?;
        let branch = header("# branch.head").filter(|name| *name != "(detached)");
        Some(Self {
            commit: commit.to_owned(),
            branch: branch.map(str::to_owned),
            changed: Some(text.lines().any(|line| !line.starts_with('#'))),
        })
    }
}

/// What git prints, unless it fails or takes too long. It takes no locks and starts no programs
/// that a repository's settings name.
fn git(arguments: &[&str]) -> Option<String> {
    let mut child = Command::new("git")
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (send, text) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        // The receiver is gone if git took too long.
        let _ = send.send(stdout.read_to_string(&mut text).map(|_| text));
    });
    // Its output ends when it does.
    let Ok(text) = text.recv_timeout(TIMEOUT) else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    let succeeded = child.wait().is_ok_and(|status| status.success());
    text.ok().filter(|_| succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_branch_and_changes_are_read_from_the_status() {
        let clean = "# branch.oid 9430500\n# branch.head main\n# branch.upstream o/main\n";
        let record = CodeRecord::from_status(clean).unwrap();
        assert_eq!(record.commit, "9430500");
        assert_eq!(record.branch.as_deref(), Some("main"));
        assert_eq!(record.changed, Some(false));

        let changed = "# branch.oid 9430500\n# branch.head (detached)\n1 .M N... a b c d e f\n";
        let record = CodeRecord::from_status(changed).unwrap();
        assert_eq!((record.branch, record.changed), (None, Some(true)));

        let empty = "# branch.oid (initial)\n# branch.head main\n";
        assert_eq!(CodeRecord::from_status(empty), None);
    }
}
