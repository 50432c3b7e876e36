//! How much memory the processes of a dispatch use together.
//!
//! `RLIMIT_DATA` limits the private memory of one process. It does not limit shared memory, nor the
//! sum over several processes. So the host measures from outside, repeatedly, what they use
//! together.
//!
//! Memory that several of them share counts once. Mapped files (such as a dataset) and the page
//! cache do not count, because the system frees that memory when others need it. Files that exist
//! only in memory (`memfd`, and those in `/dev/shm` that the runner can write) count in full.

use std::{
    cell::Cell,
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant},
};

use rustix::process::Pid;

use super::process_tree;

/// The shortest time between two measurements.
const PAUSE: Duration = Duration::from_millis(50);
/// Measuring takes at most a fiftieth of the time.
const SHARE: u32 = 50;

/// Shared memory, identified by the kind of its file and its inode number.
type Shared = HashMap<(&'static str, u64), u64>;

/// Measures the memory of a dispatch at limited intervals.
#[derive(Debug)]
pub(super) struct Memory {
    limit: Option<u64>,
    next: Cell<Instant>,
}

impl Memory {
    /// With a limit in bytes, if there is one.
    pub(super) fn with_limit(limit: Option<u64>) -> Self {
        Self {
            limit,
            next: Cell::new(Instant::now() + PAUSE),
        }
    }

    /// The limit, if the descendants of `keeper` together use more than that. Always `None` on
    /// systems that do not report the memory of processes, and when `stop` ends the measurement:
    /// measuring very many processes takes long.
    pub(super) fn exceeded(&self, keeper: Pid, stop: &dyn Fn() -> bool) -> Option<u64> {
        let limit = self.limit?;
        let began = Instant::now();
        if began < self.next.get() {
            return None;
        }
        let held = held(&process_tree::descendants(keeper, stop), limit, stop);
        let ended = Instant::now();
        self.next.set(ended + PAUSE.max((ended - began) * SHARE));
        (held? > limit).then_some(limit)
    }
}

/// The bytes that these processes use. A result of at most `enough` can be an overestimate. `None` if
/// `stop` has ended the measurement.
fn held(processes: &[Pid], enough: u64, stop: &dyn Fn() -> bool) -> Option<u64> {
    let files = open_memory(processes, stop)?;
    let mut most = files.values().sum::<u64>();
    for &pid in processes {
        if stop() {
            return None;
        }
        most = most.saturating_add(at_most(pid).unwrap_or(0));
    }
    if most <= enough {
        Some(most)
    } else {
        // Slower: the system visits every page.
        exactly(processes, files, stop)
    }
}

/// The memory of a process, with shared memory counted as its own.
fn at_most(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(proc_path(pid, "status")).ok()?;
    let counted = ["RssAnon:", "RssShmem:", "VmSwap:"];
    let lines = status.lines();
    let amounts = lines.filter(|line| counted.iter().any(|name| line.starts_with(name)));
    Some(amounts.map(amount).sum())
}

fn exactly(processes: &[Pid], mut files: Shared, stop: &dyn Fn() -> bool) -> Option<u64> {
    let mut own = 0;
    let mut mapped = Shared::new();
    for &pid in processes {
        if stop() {
            return None;
        }
        if let Ok(maps) = File::open(proc_path(pid, "smaps")) {
            own += add_maps(BufReader::new(maps), &mut mapped);
        }
    }
    for (file, bytes) in mapped {
        let whole = files.entry(file).or_default();
        *whole = bytes.max(*whole);
    }
    Some(own + files.values().sum::<u64>())
}

/// Adds up the mappings of a process (see proc_pid_smaps(5)). Shared memory goes into `files`; the
/// rest is returned. A page that several processes map counts proportionally (PSS).
fn add_maps(maps: impl BufRead, shared: &mut Shared) -> u64 {
    let mut own = 0;
    let mut map = Map::File;
    let mut part = 0;
    for line in maps.lines().map_while(Result::ok) {
        let Some((name, _)) = line.split_once(':').filter(|_| is_amount(&line)) else {
            map = Map::parse(&line);
            continue;
        };
        let counts = match (name, map) {
            ("Pss", _) => {
                part = amount(&line);
                !matches!(map, Map::File)
            }
            // Pages of a privately mapped file that the process has changed.
            ("Anonymous", Map::File) => {
                own += amount(&line).min(part);
                false
            }
            ("SwapPss", _) => true,
            _ => false,
        };
        if counts {
            match map {
                Map::Own | Map::File => own += amount(&line),
                Map::Shared(kind, inode) => {
                    *shared.entry((kind, inode)).or_default() += amount(&line)
                }
            }
        }
    }
    own
}

/// What a mapping refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Map {
    Own,
    Shared(&'static str, u64),
    File,
}

impl Map {
    /// Parses the first line of a mapping: `55d0-55d1 rw-p 00000000 00:01 1234     /path`.
    fn parse(line: &str) -> Self {
        let mut fields = line.splitn(6, ' ');
        let permissions = fields.nth(1).unwrap_or_default();
        let inode: u64 = fields
            .nth(2)
            .and_then(|field| field.parse().ok())
            .unwrap_or_default();
        let path = fields.next().unwrap_or_default().trim_start();
        if inode == 0 {
            return Self::Own;
        }
        match memory_file(path) {
            // A read-only file there can be a mapped dataset.
            Some(IN_MEMORY) if !permissions.contains('w') => Self::File,
            Some(kind) => Self::Shared(kind, inode),
            None => Self::File,
        }
    }
}

/// The directory of files that exist only in memory.
const IN_MEMORY: &str = "/dev/shm/";

/// The kind of a file that exists only in memory.
fn memory_file(path: &str) -> Option<&'static str> {
    let kinds = ["/memfd:", IN_MEMORY, "/dev/zero", "/SYSV", "[anon_shmem:"];
    kinds.into_iter().find(|kind| path.starts_with(kind))
}

/// The size of the memory-only files that these processes have open, mapped or not. `None` if `stop`
/// has ended the search.
fn open_memory(processes: &[Pid], stop: &dyn Fn() -> bool) -> Option<Shared> {
    let mut found = Shared::new();
    for &pid in processes {
        if stop() {
            return None;
        }
        let files = fs::read_dir(proc_path(pid, "fd"))
            .into_iter()
            .flatten()
            .flatten();
        for file in files {
            let Ok(target) = fs::read_link(file.path()) else {
                continue;
            };
            let Some(kind) = memory_file(&target.to_string_lossy()) else {
                continue;
            };
            let info = proc_path(pid, "fdinfo");
            let is_memory = kind == "/memfd:"
                || kind == IN_MEMORY && can_be_written(&Path::new(&info).join(file.file_name()));
            if is_memory && let Ok(metadata) = fs::metadata(file.path()) {
                found.insert((kind, metadata.ino()), metadata.blocks() * 512);
            }
        }
    }
    Some(found)
}

/// Whether a file was opened for writing: the last octal digit of its flags.
fn can_be_written(info: &Path) -> bool {
    let info = fs::read_to_string(info).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u64::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & 3 != 0)
}

/// Whether a line is `Name:   12 kB`, and not the first line of a mapping.
fn is_amount(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The bytes of a line `Name:   12 kB`.
fn amount(line: &str) -> u64 {
    let number = line.split_ascii_whitespace().nth(1);
    number
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or_default()
        * 1024
}

fn proc_path(pid: Pid, file: &str) -> String {
    format!("/proc/{}/{file}", pid.as_raw_nonzero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0c0000000-55d0c0100000 r-xp 00000000 fe:01 77                         /usr/bin/a program
Size:               1024 kB
Rss:                1024 kB
Pss:                 512 kB
Anonymous:             0 kB
SwapPss:               0 kB
VmFlags: rd ex mr mw me
55d0c0200000-55d0c0300000 rw-p 00000000 fe:01 77                         /usr/bin/a program
Pss:                  12 kB
Anonymous:             8 kB
SwapPss:               1 kB
7f0000000000-7f0040000000 rw-p 00000000 00:00 0 
Pss:                 100 kB
Anonymous:           100 kB
SwapPss:              10 kB
7f1000000000-7f1040000000 rw-s 00000000 00:01 5                          /dev/zero (deleted)
Pss:                2000 kB
Anonymous:             0 kB
SwapPss:               0 kB
7f2000000000-7f2040000000 rw-s 00000000 00:01 6                          /memfd:a name (deleted)
Pss:                3000 kB
SwapPss:               0 kB
7f3000000000-7f3040000000 r--s 00000000 00:17 7                          /dev/shm/dataset.arrow
Pss:               40000 kB
SwapPss:               0 kB
7f4000000000-7f4040000000 r--s 00000000 fe:01 8                          /data/dataset.arrow
Pss:               50000 kB
Anonymous:             0 kB
SwapPss:               0 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
Pss:                   0 kB
";

    #[test]
    fn mapped_files_do_not_count_and_memory_files_do() {
        let mut shared = Shared::new();
        let own = add_maps(MAPS.as_bytes(), &mut shared);
        assert_eq!(own, (8 + 1 + 100 + 10) << 10);
        let expected = [(("/dev/zero", 5), 2000 << 10), (("/memfd:", 6), 3000 << 10)];
        assert_eq!(shared, Shared::from(expected));
        // A second process with the same memory.
        add_maps(MAPS.as_bytes(), &mut shared);
        assert_eq!(shared[&("/dev/zero", 5)], 4000 << 10);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn used_memory_is_counted_and_mapped_or_read_files_are_not() {
        const TAKEN: u64 = 32 << 20;
        let this = rustix::process::getpid();
        let before = held(&[this], 0, &|| false).unwrap();
        let taken = vec![1_u8; TAKEN as usize];
        let after = held(&[this], 0, &|| false).unwrap();
        assert!(after >= before + TAKEN / 2, "{before} {after}");
        // Faster, and never an underestimate.
        assert!(at_most(this).unwrap() >= after / 2);
        assert_eq!(held(&[this], 0, &|| true), None);
        drop(taken);

        let file = tempfile::tempfile().unwrap();
        file.set_len(TAKEN).unwrap();
        let shared = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
        shared.as_file().set_len(TAKEN).unwrap();
        assert_eq!(
            open_memory(&[this], &|| false)
                .unwrap()
                .values()
                .sum::<u64>(),
            0
        );
        fs::write(shared.path(), vec![1; TAKEN as usize]).unwrap();
        assert!(
            open_memory(&[this], &|| false)
                .unwrap()
                .values()
                .any(|&bytes| bytes >= TAKEN)
        );
    }
}
