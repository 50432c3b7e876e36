//! Samples of the machine as W&B's system metrics, which its pages show apart from the history.

use jiff::Timestamp;

use super::{
    history,
    record::{Item, Record, Stats},
};
use crate::{MetricPoint, SYSTEM_METRICS};

/// Our names and W&B's, which its client prefixes with `system.`, and the factor between the units.
/// What W&B has no metric for keeps its name, such as the processor time of the whole machine.
const NAMES: [(&str, &str, f64); 5] = [
    ("system_memory_usage_percentage", "memory_percent", 1.0),
    ("disk_read_megabytes", "disk.in", 1.0),
    ("disk_written_megabytes", "disk.out", 1.0),
    ("network_receive_megabytes", "network.recv", 1e6),
    ("network_transmit_megabytes", "network.sent", 1e6),
];

/// As [`NAMES`], for the names of a graphics processor after its number.
const OF_GPU: [(&str, &str, f64); 6] = [
    ("utilization_percentage", "gpu", 1.0),
    ("memory_usage_percentage", "memoryAllocated", 1.0),
    ("memory_usage_megabytes", "memoryAllocatedBytes", 1e6),
    ("power_usage_watts", "powerWatts", 1.0),
    ("power_usage_percentage", "powerPercent", 1.0),
    ("temperature_celsius", "temp", 1.0),
];

/// Whether an event has nothing but samples of the machine.
pub(super) fn is_sample(metrics: &[MetricPoint<'_>]) -> bool {
    let is_system = |metric: &MetricPoint<'_>| metric.name.starts_with(SYSTEM_METRICS);
    !metrics.is_empty() && metrics.iter().all(is_system)
}

/// The record of a sample.
pub(super) fn record(time: Timestamp, metrics: &[MetricPoint<'_>]) -> Record {
    let item = metrics.iter().map(|metric| {
        let own = metric.name.strip_prefix(SYSTEM_METRICS);
        let (name, factor) = translate(own.unwrap_or(&metric.name));
        Item {
            key: name,
            nested_key: Vec::new(),
            value_json: history::value(metric.value * factor),
        }
    });
    Record {
        stats: Some(Stats {
            timestamp: Some(time.into()),
            item: item.collect(),
        }),
        ..Record::default()
    }
}

fn translate(name: &str) -> (String, f64) {
    if let Some((_, theirs, factor)) = NAMES.iter().find(|(ours, ..)| *ours == name) {
        return ((*theirs).to_owned(), *factor);
    }
    let of_gpu = || {
        let (number, rest) = name.strip_prefix("gpu_")?.split_once('_')?;
        let number: u32 = number.parse().ok()?;
        let (_, theirs, factor) = OF_GPU.iter().find(|(ours, ..)| *ours == rest)?;
        Some((format!("gpu.{number}.{theirs}"), *factor))
    };
    of_gpu().unwrap_or_else(|| (name.to_owned(), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_official_client() {
        for (ours, theirs) in [
            ("gpu_3_utilization_percentage", "gpu.3.gpu"),
            ("network_receive_megabytes", "network.recv"),
            ("cpu_utilization_percentage", "cpu_utilization_percentage"),
            (
                "gpu_x_utilization_percentage",
                "gpu_x_utilization_percentage",
            ),
        ] {
            assert_eq!(translate(ours).0, theirs);
        }
    }
}
