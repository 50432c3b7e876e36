//! The samples of the machine in the event log of a run.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use protea_core::{
    Workspace,
    tracking::{EventKind, RunEvent},
};
use protea_files::Links;

/// How much of an event log is read, in bytes.
const BYTES: u64 = 32 << 20;
/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// The prefix of the metrics that are samples of the machine.
const PREFIX: &str = "system/";
/// The largest number of metrics.
const MOST_METRICS: usize = 200;
/// The largest number of samples of a metric that are kept.
const MOST_SAMPLES: usize = 600;

/// Samples of the machine.
#[derive(Debug, Default, PartialEq)]
pub struct Samples {
    /// By metric, such as `cpu_utilization_percentage`, the seconds since the first event of the run, and
    /// the value. Of more than 600, every second, fourth, … is kept.
    pub by_metric: BTreeMap<String, Vec<[f64; 2]>>,
    /// Whether the log is longer than what was read.
    pub is_cut: bool,
}

/// The samples of the machine while the run in this directory went on. Empty if there are none.
pub fn samples(run: &Path) -> Samples {
    let mut found = Samples::default();
    let Some(log) = Workspace::event_log(run) else {
        return found;
    };
    let Ok(file) = protea_files::open(&log, Links::Refuse) else {
        return found;
    };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    found.is_cut = length > BYTES;
    read(BufReader::new(file.take(BYTES)), &mut found);
    for samples in found.by_metric.values_mut() {
        while samples.len() > MOST_SAMPLES {
            let mut at = 0;
            samples.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
    }
    found
}

fn read(mut log: impl BufRead, into: &mut Samples) {
    let (mut line, mut began) = (Vec::new(), None);
    loop {
        line.clear();
        let read = log.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let is_first = began.is_none();
        let text = String::from_utf8_lossy(&line);
        if !is_first && !text.contains(PREFIX) {
            continue;
        }
        let Ok(event) = serde_json::from_str::<RunEvent<'_>>(&text) else {
            continue;
        };
        let began = *began.get_or_insert(event.time);
        let EventKind::Log { metrics, .. } = event.kind else {
            continue;
        };
        let seconds = event.time.duration_since(began).as_secs_f64().max(0.0);
        for metric in metrics {
            let Some(name) = metric.name.strip_prefix(PREFIX) else {
                continue;
            };
            if !into.by_metric.contains_key(name) && into.by_metric.len() >= MOST_METRICS {
                continue;
            }
            let samples = into.by_metric.entry(name.to_owned()).or_default();
            samples.push([seconds, metric.value]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_their_time_and_other_lines_are_passed_over() {
        let event = |second: u32, metrics: &str| {
            format!(
                "{{\"seq\":{second},\"time\":\"2026-11-21T08:49:{second:02}Z\",\"event\":\"log\",\"step\":0,\"metrics\":{{{metrics}}}}}\n"
            )
        };
        let log = [
            event(1, "\"loss\":0.5"),
            event(11, "\"system/cpu_utilization_percentage\":50.0"),
            "system/ is no event\n".to_owned(),
            event(21, "\"system/cpu_utilization_percentage\":75.0"),
        ];
        let mut found = Samples::default();
        read(log.concat().as_bytes(), &mut found);
        let own = &found.by_metric["cpu_utilization_percentage"];
        assert_eq!((own.len(), found.by_metric.len()), (2, 1));
        assert_eq!(own[0], [10.0, 50.0]);
    }
}
