//! The process that works on a run, as its mark names it.

use std::{fmt, fs, io::ErrorKind};

/// A process of this machine since it was started last: no other ever has the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// The start of the machine, and the namespace that the id is of.
    world: String,
    pid: u32,
    /// In ticks since the machine was started; ids are given again.
    started: u64,
}

impl Owner {
    /// This process. None where the system does not tell.
    pub(super) fn here() -> Option<Self> {
        let pid = std::process::id();
        Some(Self {
            world: world()?,
            pid,
            started: started(pid).ok().flatten()?,
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let owner = Self {
            world: words.next()?.to_owned(),
            pid: words.next()?.parse().ok()?,
            started: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(owner)
    }

    /// Whether the process is known to be gone. One of another machine or container, or of this machine
    /// before it was started anew, is not known.
    pub(super) fn is_gone(&self) -> bool {
        world().as_ref() == Some(&self.world)
            && started(self.pid).is_ok_and(|started| started != Some(self.started))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.world, self.pid, self.started)
    }
}

fn world() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.to_str()?))
}

/// When the process was started; none where there is no such process that still runs.
fn started(pid: u32) -> Result<Option<u64>, Untold> {
    let stat = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        // Processes of others may be hidden; of one's own, this one among them, none is.
        Err(error) if error.kind() == ErrorKind::NotFound && sees_all() => return Ok(None),
        Err(_) => return Err(Untold),
    };
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or(Untold)?;
    let mut fields = fields.split_whitespace();
    let is_dead = matches!(fields.next().ok_or(Untold)?, "Z" | "X" | "x");
    let started = fields.nth(18).and_then(|field| field.parse().ok());
    let started = started.ok_or(Untold)?;
    Ok((!is_dead).then_some(started))
}

/// The system does not tell.
struct Untold;

/// Whether the first process is to be seen, which is hidden first.
fn sees_all() -> bool {
    fs::exists("/proc/1/stat").unwrap_or(false)
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
            started: started(pid).ok().flatten().unwrap(),
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
            world: "another".to_owned(),
            ..owner
        };
        assert!(!elsewhere.is_gone());
        for text in ["", "a", "a 1", "a b 1", "a 1 2 3"] {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
    }
}
