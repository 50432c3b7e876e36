//! The identity of the process that records a run, as the marker of the run names it.
//!
//! A process id alone is not enough: the system reuses ids, and a container has ids of its own.

use std::{fmt, fs, io::ErrorKind};

/// A process of this machine since its last boot. No other process has the same identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProcessIdentity {
    /// The id of the boot, and the namespace of the process id.
    namespace: String,
    pid: u32,
    /// Start of the process in clock ticks since the boot.
    started: u64,
}

impl ProcessIdentity {
    /// This process. None on systems without `/proc`.
    pub(super) fn current() -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            namespace: namespace()?,
            pid,
            started: started(pid).ok().flatten()?,
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let identity = Self {
            namespace: words.next()?.to_owned(),
            pid: words.next()?.parse().ok()?,
            started: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(identity)
    }

    /// Whether the process runs. Unknown for a process of another machine, of another container, or
    /// of an earlier boot.
    pub(super) fn state(&self) -> ProcessState {
        if namespace().as_ref() != Some(&self.namespace) {
            return ProcessState::Unknown;
        }
        match started(self.pid) {
            Ok(started) if started == Some(self.started) => ProcessState::Running,
            Ok(_) => ProcessState::Gone,
            Err(Unknown) => ProcessState::Unknown,
        }
    }
}

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcessState {
    Running,
    Gone,
    /// This cannot be found out.
    Unknown,
}

impl fmt::Display for ProcessIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} {}",
            self.namespace, self.pid, self.started
        )
    }
}

fn namespace() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.to_str()?))
}

/// The start of the process with this id; none if no such process is running.
fn started(pid: u32) -> Result<Option<u64>, Unknown> {
    let stat = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        // With the mount option `hidepid`, processes of other users are missing from /proc.
        Err(error) if error.kind() == ErrorKind::NotFound && sees_other_users() => return Ok(None),
        Err(_) => return Err(Unknown),
    };
    // The name of the program stands in parentheses and may contain any character.
    let (_, fields) = stat.rsplit_once(')').ok_or(Unknown)?;
    let mut fields = fields.split_whitespace();
    let is_dead = matches!(fields.next().ok_or(Unknown)?, "Z" | "X" | "x");
    let started = fields.nth(18).and_then(|field| field.parse().ok());
    let started = started.ok_or(Unknown)?;
    Ok((!is_dead).then_some(started))
}

/// The system does not say.
struct Unknown;

/// Whether processes of other users are visible. Process 1 belongs to root.
fn sees_other_users() -> bool {
    fs::exists("/proc/1/stat").unwrap_or(false)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_gone_once_it_has_ended() {
        let this = ProcessIdentity::current().unwrap();
        assert_eq!(this.state(), ProcessState::Running);
        assert_eq!(
            ProcessIdentity::parse(&this.to_string()),
            Some(this.clone())
        );

        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let identity = ProcessIdentity {
            pid,
            started: started(pid).ok().flatten().unwrap(),
            ..this.clone()
        };
        assert_eq!(identity.state(), ProcessState::Running);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(identity.state(), ProcessState::Gone);

        // Another process has the same id.
        let later = ProcessIdentity {
            started: this.started + 1,
            ..this.clone()
        };
        assert_eq!(later.state(), ProcessState::Gone);
        // A process of another machine.
        let elsewhere = ProcessIdentity {
            namespace: "another".to_owned(),
            ..identity
        };
        assert_eq!(elsewhere.state(), ProcessState::Unknown);
        for text in ["", "a", "a 1", "a b 1", "a 1 2 3"] {
            assert_eq!(ProcessIdentity::parse(text), None, "{text}");
        }
    }
}
