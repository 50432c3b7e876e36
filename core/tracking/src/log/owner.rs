//! The process that works on a run, as its mark names it.

use std::fmt;

/// A process of this machine since it was started last: no other ever has the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    boot: String,
    pid: u32,
    /// In ticks since the machine was started; ids are given again.
    started: u64,
}

impl Owner {
    /// This process. None where the system does not tell.
    pub(super) fn here() -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            boot: boot()?,
            pid,
            started: started(pid)?,
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let owner = Self {
            boot: words.next()?.to_owned(),
            pid: words.next()?.parse().ok()?,
            started: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(owner)
    }

    /// Whether the process is known to be gone. One of another machine, or of this one before it was
    /// started anew, is not known.
    pub(super) fn is_gone(&self) -> bool {
        boot().as_ref() == Some(&self.boot) && started(self.pid) != Some(self.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.boot, self.pid, self.started)
    }
}

fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// When the process was started; none where there is no such process that still runs.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X" | "x");
    let started = fields.nth(18)?.parse().ok()?;
    (!is_dead).then_some(started)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_gone_once_it_has_ended() {
        let here = Owner::here().unwrap();
        assert!(!here.is_gone());
        assert_eq!(Owner::parse(&here.to_string()), Some(here.clone()));

        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let owner = Owner {
            pid,
            started: started(pid).unwrap(),
            ..here.clone()
        };
        assert!(!owner.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(owner.is_gone());

        // The id was given to another process.
        let later = Owner {
            started: here.started + 1,
            ..here.clone()
        };
        assert!(later.is_gone());
        // Nobody here can tell.
        let elsewhere = Owner {
            boot: "another".to_owned(),
            ..owner
        };
        assert!(!elsewhere.is_gone());
        for text in ["", "a", "a 1", "a b 1", "a 1 2 3"] {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
    }
}
