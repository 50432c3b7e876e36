//! The metrics of a run, from its event log while it grows.

use std::{collections::BTreeMap, io, path::PathBuf};

use protea_core::tracking::{EventKind, RunEvent, is_resource_metric};

use super::Tail;

/// How much of the end of a log is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;
/// The largest number of metrics that are followed; as many again may say what the run used.
const MOST_METRICS: usize = 60;

/// A point: the step and the value.
pub type Point = [f64; 2];

/// The event log of a run.
#[derive(Debug)]
pub struct MetricLog {
    tail: Tail,
    /// The metrics seen.
    names: BTreeMap<String, ()>,
    /// The metrics seen that say what the run used.
    resources: BTreeMap<String, ()>,
    /// Lines that are not events, or longer than allowed.
    pub unreadable: u64,
    /// Values of metrics that are not followed, because there are too many.
    pub left_out: u64,
    /// Bytes at the start of the log that were not read.
    pub cut: u64,
}

/// What one check of the log found.
#[derive(Debug, Default)]
pub struct NewPoints {
    /// The points by metric, in the order of the log.
    pub points: BTreeMap<String, Vec<Point>>,
    /// Whether the log was replaced, so that the points start again.
    pub restarted: bool,
}

impl MetricLog {
    /// Follows a log. It need not exist yet.
    pub fn new(log: PathBuf) -> Self {
        Self {
            tail: Tail::new(log, MOST_BYTES),
            names: BTreeMap::new(),
            resources: BTreeMap::new(),
            unreadable: 0,
            left_out: 0,
            cut: 0,
        }
    }

    /// The points added since the last look, for each metric at most `most`: of more, every second,
    /// fourth, … is kept, and the last.
    ///
    /// # Errors
    ///
    /// If the log cannot be read.
    pub fn look(&mut self, most: usize) -> io::Result<NewPoints> {
        let mut new = NewPoints::default();
        loop {
            let found = self.tail.look()?;
            if found.restarted {
                new = NewPoints {
                    restarted: true,
                    ..NewPoints::default()
                };
                self.names.clear();
                self.resources.clear();
                (self.unreadable, self.left_out) = (0, 0);
            }
            self.cut += found.left_out;
            self.unreadable += found.too_long;
            for line in &found.lines {
                self.take(line, &mut new.points);
            }
            if !found.has_more {
                break;
            }
        }
        for points in new.points.values_mut() {
            thin(points, most);
        }
        Ok(new)
    }

    fn take(&mut self, line: &str, into: &mut BTreeMap<String, Vec<Point>>) {
        let Ok(event) = serde_json::from_str::<RunEvent<'_>>(line) else {
            self.unreadable += u64::from(!line.trim().is_empty());
            return;
        };
        let EventKind::Log { step, metrics } = event.kind else {
            return;
        };
        for metric in metrics {
            // The page has the resources of steps from the manifest.
            if metric.name.starts_with("step/") {
                continue;
            }
            // Many processors must not leave no place for the metrics of the run.
            let names = if is_resource_metric(&metric.name) {
                &mut self.resources
            } else {
                &mut self.names
            };
            if !names.contains_key(&*metric.name) {
                if names.len() >= MOST_METRICS {
                    self.left_out += 1;
                    continue;
                }
                names.insert(metric.name.clone().into_owned(), ());
            }
            let points = into.entry(metric.name.into_owned()).or_default();
            points.push([step as f64, metric.value]);
        }
    }
}

/// Keeps every second point until there are at most `most`, and the last.
pub fn thin(points: &mut Vec<Point>, most: usize) {
    while points.len() > most.max(2) {
        let last = points.len() - 1;
        let mut at = 0;
        points.retain(|_| {
            at += 1;
            (at - 1) % 2 == 0 || at - 1 == last
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn broken_lines_are_counted_and_others_are_kept() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("events.jsonl");
        let event = |seq: u64, value: &str| {
            format!(
                "{{\"seq\":{seq},\"time\":\"2026-11-21T08:49:49Z\",\"event\":\"log\",\"step\":{seq},\"metrics\":{{\"loss\":{value}}}}}\n"
            )
        };
        let text = [
            event(1, "0.5"),
            "not an event\n".to_owned(),
            event(2, "\"NaN\""),
            event(3, "0.25")[..20].to_owned(),
        ];
        fs::write(&path, text.concat()).unwrap();
        let mut log = MetricLog::new(path);
        let points = log.look(100).unwrap().points;
        assert_eq!(points["loss"].len(), 2);
        assert_eq!(points["loss"][0], [1.0, 0.5]);
        assert!(points["loss"][1][1].is_nan());
        assert_eq!(log.unreadable, 1);
    }

    #[test]
    fn many_points_are_thinned() {
        let mut points: Vec<Point> = (0..1000).map(|at| [f64::from(at), 0.0]).collect();
        thin(&mut points, 100);
        assert!(points.len() <= 100 && points.len() >= 50);
        assert_eq!((points[0][0], points.last().unwrap()[0]), (0.0, 999.0));
    }
}
