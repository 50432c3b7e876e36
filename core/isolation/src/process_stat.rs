//! Parses `/proc/<pid>/stat`: state, parent and times of a process or of one of its threads.

use std::{fs, path::Path};

use rustix::process::Pid;

/// Set in the flags of a process that is ending (`PF_EXITING`).
const EXITING: u64 = 4;

/// A process or thread as `stat` describes it (see proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStat {
    /// Its state, such as `R` (running), `S` (sleeping) or `Z` (zombie: ended but not yet reaped).
    pub state: char,
    /// The pid of its parent. `None` for the first process, and for a parent outside the pid namespace.
    pub parent: Option<Pid>,
    /// The id of its process group. `None` if the group's leader is outside the pid namespace.
    pub group: Option<Pid>,
    /// The id of its session. `None` if the session's leader is outside the pid namespace.
    pub session: Option<Pid>,
    /// Whether the process is exiting.
    pub exiting: bool,
    /// User and system time so far, in clock ticks (hundredths of a second).
    pub ticks: u64,
    /// When it started, in clock ticks since the system started. The pid and this time together
    /// identify a process.
    pub started: u64,
}

impl ProcessStat {
    /// Reads the stat of a process. `None` if it is gone, or the system has no `/proc`.
    #[must_use]
    pub fn from_pid(pid: Pid) -> Option<Self> {
        Self::read(format!("/proc/{}", pid.as_raw_nonzero()))
    }

    /// Reads the stat of the process or thread with this directory in `/proc`.
    #[must_use]
    pub fn read(directory: impl AsRef<Path>) -> Option<Self> {
        Self::parse(&fs::read_to_string(directory.as_ref().join("stat")).ok()?)
    }

    /// Parses the file's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The second field is the name, which may contain any character, even blanks and
        // parentheses.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        // Zero stands for an id that has no number in this pid namespace, and -1 for one of a process
        // that is being reaped.
        let pid = |at: usize| Some(Pid::from_raw(fields.get(at)?.parse::<i32>().ok()?.max(0)));
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: pid(1)?,
            group: pid(2)?,
            session: pid(3)?,
            exiting: number(6)? & EXITING != 0,
            ticks: number(11)? + number(12)?,
            started: number(19)?,
        })
    }

    /// Whether it has ended, even if its parent has not reaped it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "12 11 0 -1 4194368 0 0 0 0 7 5 0 0 20 0 1 0 4711 0";

    #[test]
    fn fields_are_read_whatever_the_name() {
        for name in ["name", "a (b) R", ") S 9"] {
            let stat = ProcessStat::parse(&format!("12 ({name}) S 1 {REST}")).unwrap();
            assert_eq!(stat.state, 'S');
            assert_eq!(stat.parent, Pid::from_raw(1));
            assert_eq!(stat.group, Pid::from_raw(12));
            assert_eq!(stat.session, Pid::from_raw(11));
            assert_eq!((stat.ticks, stat.started), (12, 4711));
            assert!(!stat.exiting && !stat.has_ended());
        }
        assert_eq!(ProcessStat::parse("12 (name) S 1"), None);
    }

    #[test]
    fn ids_outside_the_pid_namespace_are_none() {
        for unknown in ["0 0", "-1 -1"] {
            let outside = REST.replacen("12 11", unknown, 1);
            let stat = ProcessStat::parse(&format!("12 (name) S 0 {outside}")).unwrap();
            assert_eq!((stat.parent, stat.group, stat.session), (None, None, None));
        }
    }

    #[test]
    fn what_ends_is_told_from_what_has_ended() {
        let exiting = REST.replace("4194368", "4194372");
        let stat = ProcessStat::parse(&format!("12 (name) R 1 {exiting}")).unwrap();
        assert!(stat.exiting && !stat.has_ended());
        let stat = ProcessStat::parse(&format!("12 (name) Z 1 {exiting}")).unwrap();
        assert!(stat.has_ended());
    }
}
