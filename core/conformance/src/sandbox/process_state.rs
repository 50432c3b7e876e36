//! What a process uses, and the state that its code shares. Read in the process itself.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    hash::{DefaultHasher, Hash, Hasher},
    hint::black_box,
};

use protea_core::worker::process_stat::ProcessStat;
use serde::{Deserialize, Serialize};

/// What the process uses. `None` if the system does not report it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Anonymous memory, in bytes.
    pub memory: Option<u64>,
    /// Open files.
    pub files: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Processor time so far, in hundredths of a second.
    pub ticks: Option<u64>,
}

/// The state that all code of a process shares and that a call must not change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Values by name: `the current directory` is `/home`. Of environment variables, only digests.
    pub things: BTreeMap<String, String>,
}

impl Usage {
    /// What this process uses now.
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let number = |key| field(&status, key)?.split_whitespace().next()?.parse().ok();
        Self {
            memory: number("RssAnon:").map(|kibibytes: u64| kibibytes * 1024),
            files: std::fs::read_dir("/proc/self/fd")
                .ok()
                .map(|files| files.count() as u64),
            threads: threads(),
            ticks: ProcessStat::read("/proc/self").map(|stat| stat.ticks),
        }
    }
}

/// The threads that this process has now, without those that are exiting. On a busy machine, the system
/// counts a joined thread for a while.
pub(super) fn threads() -> Option<u64> {
    let threads = Thread::all()?.into_iter();
    Some(threads.filter(|thread| !thread.ends).count() as u64)
}

/// Whether a thread other than the calling one is running or exiting.
pub(super) fn others_at_work() -> bool {
    let own = std::fs::read_link("/proc/thread-self");
    let own = own.unwrap_or_default();
    let mut threads = Thread::all().unwrap_or_default().into_iter();
    threads.any(|thread| !thread.waits && Some(thread.number.as_os_str()) != own.file_name())
}

/// A thread of this process.
struct Thread {
    number: OsString,
    ends: bool,
    waits: bool,
}

impl Thread {
    /// `None` if the system does not list them.
    fn all() -> Option<Vec<Self>> {
        let threads = std::fs::read_dir("/proc/self/task").ok()?;
        let threads = threads.flatten().filter_map(|thread| {
            let stat = ProcessStat::read(thread.path())?;
            Some(Self::new(thread.file_name(), &stat))
        });
        Some(threads.collect())
    }

    fn new(number: OsString, stat: &ProcessStat) -> Self {
        Self {
            number,
            ends: stat.exiting,
            waits: !matches!(stat.state, 'R' | 'D') && !stat.exiting,
        }
    }
}

fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim())
}

impl State {
    /// The state now, seen from this thread.
    pub(super) fn now() -> Self {
        let mut things = BTreeMap::new();
        let mut note = |what: &str, how: String| things.insert(what.to_owned(), how);
        let directory = env::current_dir();
        note(
            "the current directory",
            directory.map_or_else(|error| error.to_string(), |path| path.display().to_string()),
        );
        // `self` would be the main thread. In a test program on a busy machine, it may not have returned
        // from starting this thread yet, and has its signals blocked until then.
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        for (key, what) in [
            ("Umask:", "the umask"),
            ("SigIgn:", "the set of signals that are ignored"),
            ("SigCgt:", "the set of signals that are handled"),
            ("SigBlk:", "the set of signals that are blocked"),
        ] {
            note(what, field(&status, key).unwrap_or_default().to_owned());
        }
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        for line in limits.lines().skip(1) {
            // Columns: the name, of several words, then the limits.
            let (name, values) = line.split_at(line.len().min(26));
            note(
                &format!("the limit {:?}", name.trim()),
                values.trim().to_owned(),
            );
        }
        for (file, what) in [(0, "input"), (1, "output"), (2, "error")] {
            let target = std::fs::read_link(format!("/proc/self/fd/{file}"));
            let target =
                target.map_or_else(|_| "closed".to_owned(), |path| path.display().to_string());
            note(&format!("standard {what}"), target);
        }
        for (name, value) in env::vars_os() {
            let mut digest = DefaultHasher::new();
            value.hash(&mut digest);
            let what = format!("the environment variable {}", name.display());
            note(&what, format!("{:x}", digest.finish()));
        }
        note("floating-point arithmetic", arithmetic().to_owned());
        Self { things }
    }

    /// The differences from `before`, in words.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let set = |what: &String| {
            let before = before.things.get(what);
            (before != self.things.get(what)).then(|| match before {
                Some(_) if !self.things.contains_key(what) => format!("{what} was removed"),
                Some(_) => format!("{what} was changed"),
                None => format!("{what} was set"),
            })
        };
        let new = |what: &&String| !before.things.contains_key(*what);
        let all = before.things.keys().chain(self.things.keys().filter(new));
        all.filter_map(set).collect()
    }
}

/// The floating-point mode of this thread. A library that is linked with `-ffast-math` changes it.
fn arithmetic() -> &'static str {
    let (one, least) = (black_box(1.0_f64), black_box(f64::MIN_POSITIVE));
    let tiny = black_box(1e-20);
    if least / 2.0 == 0.0 {
        "denormal numbers are flushed to zero"
    } else if one + tiny != one || -one - tiny != -one || one - tiny != one {
        "rounding is not to the nearest"
    } else {
        "as in IEEE 754"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_thread_is_read_whatever_its_name() {
        for (stat, ends, waits) in [
            ("12 (a (b) R) S 1 12 12 0 -1 4194368 0", false, true),
            ("12 (name) R 1 12 12 0 -1 4194368 0", false, false),
            ("12 (name) D 1 12 12 0 -1 4194368 0", false, false),
            ("12 (name) R 1 12 12 0 -1 4194372 0", true, false),
            ("12 (name) Z 1 12 12 0 -1 4194380 0", true, false),
        ] {
            let stat = format!("{stat} 0 0 0 7 5 0 0 20 0 1 0 4711 0");
            let thread = Thread::new("12".into(), &ProcessStat::parse(&stat).unwrap());
            assert_eq!((thread.ends, thread.waits), (ends, waits), "{stat}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_that_were_joined_are_not_counted() {
        let count = || threads().unwrap();
        let before = count();
        for _ in 0..200 {
            let threads = [(); 8].map(|()| std::thread::spawn(|| ()));
            for thread in threads {
                thread.join().unwrap();
            }
            // Other tests have threads of their own.
            assert!(count() < before + 8, "{before} {}", count());
        }
    }

    #[test]
    fn set_changed_and_removed_values_are_named() {
        let state = |pairs: &[(&str, &str)]| State {
            things: pairs
                .iter()
                .map(|(what, how)| ((*what).to_owned(), (*how).to_owned()))
                .collect(),
        };
        let before = state(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = state(&[("a", "1"), ("b", "2"), ("d", "1")]);
        assert_eq!(
            after.changes(&before),
            ["b was changed", "c was removed", "d was set"]
        );
        assert_eq!(State::now().changes(&State::now()), Vec::<String>::new());
    }

    /// As in a probe that is a test program: the thread of the harness has just started this one.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_busy_test_harness_changes_no_state() {
        use std::{
            process::Command,
            sync::atomic::{AtomicBool, Ordering},
            thread,
            time::Duration,
        };
        const INNER: &str = "PROTEA_TEST_INNER";
        const NAME: &str = "sandbox::process_state::tests::a_busy_test_harness_changes_no_state";

        let before = State::now();
        if env::var_os(INNER).is_some() {
            thread::sleep(Duration::from_millis(20));
            assert_eq!(State::now().changes(&before), Vec::<String>::new());
            return;
        }
        let busy = AtomicBool::new(true);
        let ran = thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while busy.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let ran: Vec<_> = (0..20)
                .map(|_| {
                    Command::new(env::current_exe()?)
                        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
                        .env(INNER, "1")
                        .output()
                })
                .collect();
            busy.store(false, Ordering::Relaxed);
            ran
        });
        for output in ran {
            let output = output.unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{output:?}");
            assert!(said.contains("1 passed"), "{said}");
        }
    }
}
