//! An event sink that checks events against the contract.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use protea_core::{
    contracts::{
        Level, MetricEvent, ProgressEvent, StageEvent,
        event::{Event, EventError, EventSink, METRIC, PROGRESS, STAGE},
    },
    worker::{LATE_EVENTS, STDERR, STDOUT},
};
use serde_json::{Map, Value};

/// At most so many faults of one kind are recorded.
const MOST_FAULTS: usize = 5;

/// A sink that records faults and counts, but not the events themselves.
#[derive(Debug)]
pub struct Recorder {
    level: Level,
    /// From this time on the call is cancelled. Its first event cancels it earlier.
    cancels: Option<Instant>,
    cancelled: AtomicBool,
    recorded: Mutex<Recorded>,
}

/// What a [`Recorder`] has recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The number of the runner's events.
    pub events: u64,
    /// Names, fields or messages that break the contract.
    pub malformed: Vec<String>,
    /// Progress that decreased or exceeded its total.
    pub progress: Vec<String>,
    /// Events below the requested level.
    pub below_level: Vec<String>,
    /// The number of events after the call had returned.
    pub late: u64,
    /// For each total, the progress so far in the current stage.
    reached: HashMap<u64, u64>,
}

impl Recorder {
    /// A sink that wants events of at least this level.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            level,
            cancels: None,
            cancelled: AtomicBool::new(false),
            recorded: Mutex::default(),
        }
    }

    /// A sink that cancels the call once it has begun: with its first event, or after `start`, the time
    /// that a worker needs to begin the call.
    #[must_use]
    pub fn refusing(start: Duration) -> Self {
        Self {
            cancels: Some(Instant::now() + start),
            ..Self::new(Level::Debug)
        }
    }

    /// The record so far.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Recorder {
    fn level(&self) -> Level {
        self.level
    }

    fn receive(&self, event: &Event<'_>) {
        let mut recorded = self.lock();
        match event.name {
            STDOUT | STDERR => {}
            LATE_EVENTS => {
                let fields: Value = serde_json::from_slice(event.fields).unwrap_or_default();
                recorded.late += fields["count"].as_u64().unwrap_or(1);
            }
            _ => {
                recorded.take(event, self.level);
                if self.cancels.is_some() {
                    self.cancelled.store(true, Ordering::SeqCst);
                }
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
            || self.cancels.is_some_and(|from| Instant::now() >= from)
    }
}

impl Recorded {
    fn take(&mut self, event: &Event<'_>, level: Level) {
        self.events += 1;
        let message = event.message.unwrap_or_default();
        let name: String = event.name.chars().take(80).collect();
        if let Some(fault) = fault_in_name(event.name) {
            note(&mut self.malformed, format!("the name {name:?} {fault}"));
        }
        if message.contains(char::REPLACEMENT_CHARACTER) {
            note(
                &mut self.malformed,
                format!("the message of {name:?} is not UTF-8"),
            );
        }
        if event.level < level {
            note(
                &mut self.below_level,
                format!(
                    "{name:?} at level {:?}, but {level:?} was requested",
                    event.level
                ),
            );
        }
        match serde_json::from_slice::<Map<String, Value>>(event.fields) {
            Ok(fields) if event.name == METRIC => self.metric(event, &fields),
            Ok(_) if event.name == PROGRESS => self.progress(event),
            Ok(_) if event.name == STAGE => self.stage(event),
            Ok(_) => {}
            Err(error) => note(
                &mut self.malformed,
                format!("the fields of {name:?} are not a JSON object: {error}"),
            ),
        }
    }

    fn metric(&mut self, event: &Event<'_>, fields: &Map<String, Value>) {
        let Err(EventError::Fields { field, .. }) = MetricEvent::try_from(event) else {
            return;
        };
        match &*field {
            "name" => note(&mut self.malformed, "a metric has no name".to_owned()),
            "value" => {
                let name = fields
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let text = format!("the metric {name:?} has no finite value");
                note(&mut self.malformed, text);
            }
            // Metrics without a step are not at fault so far.
            _ => {}
        }
    }

    fn stage(&mut self, event: &Event<'_>) {
        match StageEvent::try_from(event) {
            Ok(stage) if !stage.name.is_empty() => self.reached.clear(),
            _ => note(&mut self.malformed, "a stage has no name".to_owned()),
        }
    }

    fn progress(&mut self, event: &Event<'_>) {
        let Ok(ProgressEvent { done, total, .. }) = ProgressEvent::try_from(event) else {
            return note(
                &mut self.malformed,
                "progress has no integers `done` and `total`".to_owned(),
            );
        };
        if total > 0 && done > total {
            note(&mut self.progress, format!("{done} of {total} done"));
        }
        let reached = self.reached.entry(total).or_default();
        if done < *reached {
            let text = format!("{done} of {total} done after {reached} of {total}");
            note(&mut self.progress, text);
        }
        *reached = done.max(*reached);
        if self.reached.len() > 10_000 {
            // A runner with a new total in every event must not fill the suite's memory.
            self.reached.clear();
        }
    }
}

fn note(faults: &mut Vec<String>, fault: String) {
    if faults.len() < MOST_FAULTS && !faults.contains(&fault) {
        faults.push(fault);
    }
}

fn fault_in_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.contains(char::REPLACEMENT_CHARACTER) {
        Some("is not UTF-8")
    } else if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        Some("has spaces or control characters in it")
    } else if name.len() > 200 {
        Some("is longer than 200 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(recorder: &Recorder, name: &str, fields: &str) {
        recorder.receive(&Event {
            name,
            message: None,
            fields: fields.as_bytes(),
            level: Level::Info,
        });
    }

    #[test]
    fn each_stage_has_its_own_progress() {
        let recorder = Recorder::new(Level::Info);
        send(&recorder, PROGRESS, r#"{"done":3,"total":3}"#);
        send(&recorder, STAGE, r#"{"name":"training of BPO"}"#);
        send(&recorder, PROGRESS, r#"{"done":1,"total":3}"#);
        assert_eq!(recorder.recorded().progress, Vec::<String>::new());
        send(&recorder, STAGE, r#"{"name":""}"#);
        assert_eq!(recorder.recorded().malformed, ["a stage has no name"]);
    }

    #[test]
    fn progress_never_decreases_for_the_same_total() {
        let recorder = Recorder::new(Level::Info);
        for fields in [
            r#"{"done":1,"total":3}"#,
            r#"{"done":1,"total":3}"#,
            r#"{"done":3,"total":3}"#,
            r#"{"done":0,"total":9}"#,
            r#"{"done":77,"total":0}"#,
        ] {
            send(&recorder, PROGRESS, fields);
        }
        assert_eq!(recorder.recorded().progress, Vec::<String>::new());
        send(&recorder, PROGRESS, r#"{"done":2,"total":3}"#);
        send(&recorder, PROGRESS, r#"{"done":10,"total":9}"#);
        assert_eq!(
            recorder.recorded().progress,
            ["2 of 3 done after 3 of 3", "10 of 9 done"]
        );
    }

    #[test]
    fn malformed_names_and_fields_are_recorded() {
        let recorder = Recorder::new(Level::Warning);
        send(&recorder, "", "{}");
        send(&recorder, "a.b", "[1]");
        send(&recorder, "a\u{fffd}", "{}");
        send(&recorder, METRIC, r#"{"name":"loss","value":null}"#);
        let recorded = recorder.recorded();
        assert_eq!(recorded.malformed.len(), 4, "{recorded:?}");
        assert_eq!(recorded.below_level.len(), 4, "{recorded:?}");
        assert_eq!(recorded.events, 4);
    }
}
