//! What a call of a runner used, as a run's manifest records it.

use serde::{Deserialize, Serialize};

/// What a call of a runner used. A value that the system does not report is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceUsage {
    /// Which processes were measured.
    pub scope: UsageScope,
    /// Processor time in the programs' own code, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_seconds: Option<f64>,
    /// Processor time in the kernel, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_seconds: Option<f64>,
    /// The most resident memory in bytes, mapped files included. Of a worker: that of its largest
    /// process, or of all its processes together if a sample found more. Of the host's own process:
    /// `None` if it had used as much before the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Bytes read from storage. What the page cache held is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_bytes: Option<u64>,
    /// Bytes written that storage receives at some time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<u64>,
}

/// Which processes a [`ResourceUsage`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum UsageScope {
    /// The worker of the call, with all processes that the runner started.
    Worker,
    /// The host's own process, with everything else that it did at the time.
    HostProcess,
}

impl ResourceUsage {
    #[cfg(unix)]
    pub(super) fn new(scope: UsageScope, usage: protea_isolation::CallUsage) -> Option<Self> {
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        let usage = Self {
            scope,
            user_seconds: usage.user.map(seconds),
            system_seconds: usage.system.map(seconds),
            peak_memory_bytes: usage.peak_memory,
            read_bytes: usage.read,
            written_bytes: usage.written,
        };
        let is_known = usage.values().next().is_some();
        is_known.then_some(usage)
    }

    /// Processor time in seconds, in the programs and in the kernel.
    #[must_use]
    pub fn cpu_seconds(&self) -> Option<f64> {
        Some(self.user_seconds? + self.system_seconds?)
    }

    /// The known values by name, such as `peak_memory_bytes`.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
        [
            ("user_seconds", self.user_seconds),
            ("system_seconds", self.system_seconds),
            ("peak_memory_bytes", bytes(self.peak_memory_bytes)),
            ("read_bytes", bytes(self.read_bytes)),
            ("written_bytes", bytes(self.written_bytes)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The result of a call, and what the call used.
#[derive(Debug)]
#[non_exhaustive]
pub struct MeasuredCall<T> {
    /// The response, or why there is none.
    pub result: Result<T, super::DispatchError>,
    /// What it used. `None` if the system does not report it, and for a call in the host's own
    /// process at the same time as another one.
    pub usage: Option<ResourceUsage>,
}
