//! What the processes of a call used: processor time, memory, bytes read and written.
//!
//! The kernel adds the usage of a process to that of the process that reaps it. The keeper reaps the
//! worker and every process that lost its parent, so once no process is left, the kernel's counters
//! of the keeper hold what all of them used together. Only Linux is measured.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// What processes used. A value that the system does not report is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallUsage {
    /// Processor time in the programs' own code.
    pub user: Option<Duration>,
    /// Processor time in the kernel.
    pub system: Option<Duration>,
    /// The most resident memory in bytes, mapped files included: that of the largest process, or of
    /// all processes together if a sample found more.
    pub peak_memory: Option<u64>,
    /// Bytes read from storage. What the page cache held is not read.
    pub read: Option<u64>,
    /// Bytes written that storage receives at some time.
    pub written: Option<u64>,
}

/// Stands for an unknown value in the encoding.
const UNKNOWN: u64 = u64::MAX;
/// How many values an encoding holds.
const VALUES: usize = 5;

impl CallUsage {
    /// The size of the encoding in bytes.
    pub(super) const SIZE: usize = VALUES * size_of::<u64>();

    /// The usage of the descendants that this process has reaped. `before` is what
    /// [`Transferred::now`] said before the first of them started.
    pub(super) fn of_children(before: Transferred) -> Self {
        let (read, written) = Transferred::now().since(before);
        Self {
            read,
            written,
            ..processor_and_memory(Who::Children)
        }
    }

    /// The same, with this number of bytes as the peak if it is higher.
    pub(super) fn with_peak(mut self, peak: u64) -> Self {
        self.peak_memory = self.peak_memory.max(Some(peak).filter(|peak| *peak > 0));
        self
    }

    /// As the keeper sends it.
    pub(super) fn encode(&self) -> [u8; Self::SIZE] {
        let micros = |time: Option<Duration>| {
            time.and_then(|time| u64::try_from(time.as_micros()).ok())
                .unwrap_or(UNKNOWN)
        };
        let values = [
            micros(self.user),
            micros(self.system),
            self.peak_memory.unwrap_or(UNKNOWN),
            self.read.unwrap_or(UNKNOWN),
            self.written.unwrap_or(UNKNOWN),
        ];
        let mut bytes = [0; Self::SIZE];
        for (place, value) in bytes.chunks_exact_mut(size_of::<u64>()).zip(values) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) made.
    pub(super) fn decode(bytes: &[u8; Self::SIZE]) -> Self {
        let (chunks, _) = bytes.as_chunks::<{ size_of::<u64>() }>();
        let value = |at: usize| {
            let value = chunks.get(at).copied().map(u64::from_le_bytes);
            value.filter(|value| *value != UNKNOWN)
        };
        Self {
            user: value(0).map(Duration::from_micros),
            system: value(1).map(Duration::from_micros),
            peak_memory: value(2),
            read: value(3),
            written: value(4),
        }
    }
}

/// The bytes that this process and the descendants that it has reaped have read from storage and
/// written to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Transferred {
    read: Option<u64>,
    written: Option<u64>,
}

impl Transferred {
    /// The kernel's counters now (see proc_pid_io(5)).
    pub(super) fn now() -> Self {
        let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| {
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim()
                    .parse()
                    .ok()
            })
        };
        Self {
            read: value("read_bytes"),
            written: value("write_bytes"),
        }
    }

    fn since(self, before: Self) -> (Option<u64>, Option<u64>) {
        let difference = |now: Option<u64>, before: Option<u64>| now?.checked_sub(before?);
        (
            difference(self.read, before.read),
            difference(self.written, before.written),
        )
    }
}

/// Whose usage the kernel reports.
#[derive(Debug, Clone, Copy)]
enum Who {
    This,
    Children,
}

/// Processor time and peak memory. The peak is that of the largest process.
#[cfg(target_os = "linux")]
fn processor_and_memory(who: Who) -> CallUsage {
    let who = match who {
        Who::This => libc::RUSAGE_SELF,
        Who::Children => libc::RUSAGE_CHILDREN,
    };
    let Some(counted) = super::native::usage(who) else {
        return CallUsage::default();
    };
    let time = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let micros = u64::try_from(time.tv_usec).ok()?;
        Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
    };
    CallUsage {
        user: time(counted.ru_utime),
        system: time(counted.ru_stime),
        // In KiB. A kernel that does not count reports 0.
        peak_memory: u64::try_from(counted.ru_maxrss)
            .ok()
            .filter(|kib| *kib > 0)
            .and_then(|kib| kib.checked_mul(1024)),
        read: None,
        written: None,
    }
}

#[cfg(not(target_os = "linux"))]
fn processor_and_memory(_: Who) -> CallUsage {
    CallUsage::default()
}

/// How many meters are open.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// How many meters have been opened.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// Measures what this process and the descendants that it reaps use during a call in it.
#[derive(Debug)]
pub struct ProcessMeter {
    /// Whether another meter was open at the start.
    shared: bool,
    number: usize,
    this: CallUsage,
    children: CallUsage,
    transferred: Transferred,
}

impl ProcessMeter {
    /// Begins to measure.
    #[must_use]
    pub fn start() -> Self {
        Self {
            shared: OPEN.fetch_add(1, Ordering::SeqCst) > 0,
            number: OPENED.fetch_add(1, Ordering::SeqCst) + 1,
            this: processor_and_memory(Who::This),
            children: processor_and_memory(Who::Children),
            transferred: Transferred::now(),
        }
    }

    /// What was used since the start. `None` if another meter was open in the meantime: the kernel
    /// does not say which of two calls in one process used what. The peak of the memory is `None`
    /// if the process had used as much before.
    #[must_use]
    pub fn stop(self) -> Option<CallUsage> {
        if self.shared || OPENED.load(Ordering::SeqCst) != self.number {
            return None;
        }
        let (this, children) = (
            processor_and_memory(Who::This),
            processor_and_memory(Who::Children),
        );
        let time = |of: fn(&CallUsage) -> Option<Duration>| {
            let total = of(&this)? + of(&children)?;
            total.checked_sub(of(&self.this)? + of(&self.children)?)
        };
        let (read, written) = Transferred::now().since(self.transferred);
        Some(CallUsage {
            user: time(|usage| usage.user),
            system: time(|usage| usage.system),
            peak_memory: this
                .peak_memory
                .filter(|peak| Some(*peak) > self.this.peak_memory),
            read,
            written,
        })
    }
}

impl Drop for ProcessMeter {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_keeper_sends_is_read_back() {
        let usage = CallUsage {
            user: Some(Duration::from_micros(1_234_567)),
            system: None,
            peak_memory: Some(5 << 20),
            read: Some(0),
            written: None,
        };
        assert_eq!(CallUsage::decode(&usage.encode()), usage);
        assert_eq!(usage.with_peak(6 << 20).peak_memory, Some(6 << 20));
        assert_eq!(usage.with_peak(1).peak_memory, Some(5 << 20));
        assert_eq!(CallUsage::default().with_peak(0).peak_memory, None);
    }

    #[test]
    fn bytes_are_read_by_name_and_none_is_made_up() {
        let io = "rchar: 9\nwchar: 8\nread_bytes: 4096\nwrite_bytes: 12288\n";
        let before = Transferred::parse(io);
        let now = Transferred::parse("read_bytes: 4096\nwrite_bytes: 20480\n");
        assert_eq!(now.since(before), (Some(0), Some(8192)));
        assert_eq!(Transferred::parse("").since(before), (None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn calls_at_the_same_time_are_not_measured() {
        let first = ProcessMeter::start();
        let second = ProcessMeter::start();
        assert_eq!(second.stop(), None);
        assert_eq!(first.stop(), None);
        let alone = ProcessMeter::start();
        let usage = alone.stop().unwrap();
        assert!(usage.user.is_some() && usage.system.is_some(), "{usage:?}");
    }
}
