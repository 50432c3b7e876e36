//! Processor, memory, disks and network of the machine, as Linux counts them in `/proc`. Other systems
//! have no samples.
//!
//! In a container, the values are those of the whole machine.

use std::path::{Path, PathBuf};

use protea_files::Links;

/// The largest file of the system that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The most disks that are added up.
const MOST_DISKS: usize = 1000;
/// Bytes in a sector of `/proc/diskstats`, whatever the disk is.
const SECTOR: u64 = 512;
const MEGABYTE: f64 = 1e6;

/// A pair of counters that only grow.
type Counters = (u64, u64);

/// Takes samples of the machine.
pub(super) struct Machine {
    directory: PathBuf,
    /// The whole disks: partitions and layers above them would count twice.
    disks: Vec<String>,
    processor: Option<Counters>,
    transferred_at_start: Option<Counters>,
    network_at_start: Option<Counters>,
}

impl Machine {
    /// Disk space is that of the file system of `directory`; bytes of disks and network count from
    /// now on.
    pub(super) fn new(directory: &Path) -> Self {
        let disks = disks();
        Self {
            directory: directory.to_owned(),
            processor: read("/proc/stat").as_deref().and_then(processor),
            transferred_at_start: transferred(&disks),
            network_at_start: read("/proc/net/dev").as_deref().map(network),
            disks,
        }
    }

    /// What is known now, by the names that MLflow uses.
    pub(super) fn sample(&mut self) -> Vec<(String, f64)> {
        let mut values: Vec<(&str, f64)> = Vec::new();
        let now = read("/proc/stat").as_deref().and_then(processor);
        if let Some(used) = percentage(std::mem::replace(&mut self.processor, now), now) {
            values.push(("cpu_utilization_percentage", used));
        }
        if let Some((used, total)) = read("/proc/meminfo").as_deref().and_then(memory) {
            values.push(("system_memory_usage_megabytes", used as f64 / MEGABYTE));
            let part = 100.0 * used as f64 / total as f64;
            values.push(("system_memory_usage_percentage", part));
        }
        if let Some((used, available)) = space(&self.directory) {
            let part = 100.0 * used as f64 / (used as f64 + available as f64);
            values.push(("disk_usage_percentage", part));
            values.push(("disk_usage_megabytes", used as f64 / MEGABYTE));
            values.push(("disk_available_megabytes", available as f64 / MEGABYTE));
        }
        let transferred = transferred(&self.disks);
        if let Some((read, written)) = since(self.transferred_at_start, transferred) {
            values.push(("disk_read_megabytes", read as f64 / MEGABYTE));
            values.push(("disk_written_megabytes", written as f64 / MEGABYTE));
        }
        let network = read("/proc/net/dev").as_deref().map(network);
        if let Some((received, sent)) = since(self.network_at_start, network) {
            values.push(("network_receive_megabytes", received as f64 / MEGABYTE));
            values.push(("network_transmit_megabytes", sent as f64 / MEGABYTE));
        }
        let finite = values.into_iter().filter(|(_, value)| value.is_finite());
        finite
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

fn read(path: &str) -> Option<String> {
    protea_files::read_text(Path::new(path), Links::Follow, LARGEST).ok()
}

/// Busy and total time of all processors, from `/proc/stat`.
fn processor(text: &str) -> Option<Counters> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> = line
        .split_ascii_whitespace()
        // What follows is the time of virtual machines, which the first value has already.
        .take(8)
        .map_while(|time| time.parse().ok())
        .collect();
    let total: u64 = times.iter().sum();
    // The fourth and fifth: idle, and idle while a disk is waited for.
    let idle = times.get(3)? + times.get(4).copied().unwrap_or(0);
    Some((total.saturating_sub(idle), total))
}

fn percentage(before: Option<Counters>, now: Option<Counters>) -> Option<f64> {
    let (busy, total) = since(before, now)?;
    (total > 0).then(|| 100.0 * busy as f64 / total as f64)
}

/// By how much two counters have grown. `None` if one of them was reset.
fn since(before: Option<Counters>, now: Option<Counters>) -> Option<Counters> {
    let (before, now) = (before?, now?);
    Some((now.0.checked_sub(before.0)?, now.1.checked_sub(before.1)?))
}

/// Used and total memory in bytes, from `/proc/meminfo`.
fn memory(text: &str) -> Option<(u64, u64)> {
    let value = |name: &str| -> Option<u64> {
        let mut lines = text.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kib: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
        kib.checked_mul(1024)
    };
    let total = value("MemTotal").filter(|total| *total > 0)?;
    Some((total.checked_sub(value("MemAvailable")?)?, total))
}

/// Used and available bytes of a file system.
#[cfg(unix)]
fn space(directory: &Path) -> Option<(u64, u64)> {
    let space = rustix::fs::statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.checked_mul(space.f_frsize);
    let used = bytes(space.f_blocks.checked_sub(space.f_bfree)?)?;
    Some((used, bytes(space.f_bavail)?)).filter(|(used, available)| used + available > 0)
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<(u64, u64)> {
    None
}

/// The names of the disks: block devices that belong to a piece of hardware.
fn disks() -> Vec<String> {
    let entries = std::fs::read_dir("/sys/block").into_iter().flatten();
    entries
        .flatten()
        .take(MOST_DISKS)
        .filter(|entry| entry.path().join("device").exists())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// Bytes read from and written to the disks since the system started.
fn transferred(disks: &[String]) -> Option<Counters> {
    if disks.is_empty() {
        return None;
    }
    disk_bytes(&read("/proc/diskstats")?, disks)
}

/// `None` if no disk is listed, as in some containers.
fn disk_bytes(text: &str, disks: &[String]) -> Option<Counters> {
    let mut bytes = (0_u64, 0_u64);
    let mut is_listed = false;
    for line in text.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_disk = |name: &&str| disks.iter().any(|disk| disk == name);
        if fields.get(2).is_none_or(|name| !is_disk(name)) {
            continue;
        }
        let sectors = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        if let (Some(read), Some(written)) = (sectors(5), sectors(9)) {
            is_listed = true;
            bytes.0 = bytes.0.saturating_add(read.saturating_mul(SECTOR));
            bytes.1 = bytes.1.saturating_add(written.saturating_mul(SECTOR));
        }
    }
    is_listed.then_some(bytes)
}

/// Bytes received and sent by all interfaces except the loopback, from `/proc/net/dev`.
fn network(text: &str) -> Counters {
    let mut bytes = (0_u64, 0_u64);
    for line in text.lines() {
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        if name.trim() == "lo" {
            continue;
        }
        let fields: Vec<u64> = rest
            .split_ascii_whitespace()
            .map_while(|field| field.parse().ok())
            .collect();
        if let (Some(received), Some(sent)) = (fields.first(), fields.get(8)) {
            bytes.0 = bytes.0.saturating_add(*received);
            bytes.1 = bytes.1.saturating_add(*sent);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_busy_when_it_is_not_idle() {
        let before = processor("cpu  100 10 50 800 40 0 0 0 70 0\ncpu0 1 2 3 4\n");
        assert_eq!(before, Some((160, 1000)));
        let now = processor("cpu  150 10 75 825 40 0 0 0 90 0\n");
        assert_eq!(percentage(before, now), Some(75.0));
        assert_eq!(percentage(now, before), None, "the counters were reset");
        assert_eq!(percentage(before, before), None);
        assert_eq!(processor("intr 5"), None);
    }

    #[test]
    fn available_memory_is_not_used() {
        let text = "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 600 kB\n";
        assert_eq!(memory(text), Some((400 << 10, 1000 << 10)));
        assert_eq!(memory("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), None);
        assert_eq!(memory(""), None);
    }

    #[test]
    fn partitions_and_loopback_do_not_count() {
        let text = "8 0 sda 1 2 10 4 5 6 20 8 0 0 0\n8 1 sda1 1 2 10 4 5 6 20 8 0 0 0\n7 0 loop0 1";
        assert_eq!(disk_bytes(text, &["sda".to_owned()]), Some((5120, 10240)));
        assert_eq!(disk_bytes(text, &["vdz".to_owned()]), None);
        let text = "Inter-| Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 100 1 0 0 0 0 0 0 200 1\n eth1: 1 1 0 0 0 0 0 0 2 1\n";
        assert_eq!(network(text), (101, 202));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory_and_a_processor() {
        let mut machine = Machine::new(Path::new("/"));
        machine.processor = Some((0, 0));
        let sample = machine.sample();
        let value = |name: &str| {
            let found = sample.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| *value)
        };
        let part = value("system_memory_usage_percentage").unwrap();
        assert!(part > 0.0 && part <= 100.0, "{part}");
        let busy = value("cpu_utilization_percentage").unwrap();
        assert!((0.0..=100.0).contains(&busy), "{busy}");
        assert!(value("disk_usage_percentage").is_some(), "{sample:?}");
    }
}
