//! The rows of a run's history: one per step.
//!
//! The official client throws away what comes for an earlier step than the last. Here it goes into
//! a row of its own, whose `_step` goes on counting; the step that was meant is in the column
//! [`AXIS`] of every row, and every metric is defined to be shown over it. So charts are right
//! however steps were logged, and where they only grow, `_step` is the step.

use jiff::Timestamp;

use super::record::{History, Item, Metric, MetricOptions, Record, Step};

/// The column that holds the step that was logged.
pub(super) const AXIS: &str = "protea/step";

/// A row that may still grow: the last thing in the file, or not written yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Where it is in the file.
    pub offset: u64,
    /// How far the events were before it; see [`Record::num`].
    pub before: i64,
    /// How far they are with it.
    pub num: i64,
    /// The step that was logged.
    pub step: u64,
    /// The step by W&B's count.
    pub counted: i64,
    /// When the last of its values was logged.
    pub time: Timestamp,
    /// Values by name, as JSON.
    pub values: Vec<(String, String)>,
    /// Names of metrics that have no definition yet.
    pub new_names: Vec<String>,
    /// Whether the file has it as it is here.
    pub is_written: bool,
}

impl Row {
    /// An empty row for a step, after one with `last` as W&B's count.
    pub(super) fn new(offset: u64, before: i64, step: u64, last: Option<i64>) -> Self {
        let counted = i64::try_from(step).unwrap_or(i64::MAX);
        Self {
            offset,
            before,
            num: before,
            step,
            counted: counted.max(last.map_or(0, |last| last.saturating_add(1))),
            time: Timestamp::UNIX_EPOCH,
            values: Vec::new(),
            new_names: Vec::new(),
            is_written: false,
        }
    }

    /// Whether values for this step can be added without losing one.
    pub(super) fn takes<'a>(&self, step: u64, mut names: impl Iterator<Item = &'a String>) -> bool {
        self.step == step && names.all(|name| self.values.iter().all(|(known, _)| known != name))
    }

    /// Says how the axis is shown: not as a chart of its own.
    pub(super) fn definition_of_axis(&self) -> Record {
        self.definition(AXIS, "")
    }

    /// Says of new metrics that they are shown over the axis.
    pub(super) fn definitions(&self) -> impl Iterator<Item = Record> {
        self.new_names
            .iter()
            .map(|name| self.definition(name, AXIS))
    }

    /// Counts as before the row: only the row says that its events are there.
    fn definition(&self, name: &str, axis: &str) -> Record {
        Record {
            num: self.before,
            metric: Some(Metric {
                name: name.to_owned(),
                step_metric: axis.to_owned(),
                options: Some(MetricOptions {
                    hidden: axis.is_empty(),
                    defined: true,
                }),
            }),
            ..Record::default()
        }
    }

    pub(super) fn record(&self, started: Timestamp) -> Record {
        let mut item: Vec<Item> = self
            .values
            .iter()
            .map(|(name, value)| Item::new(&[name], value.clone()))
            .collect();
        item.push(Item::new(&[AXIS], self.step.to_string()));
        item.extend(clock(self.time, started).map(|(name, value)| Item::new(&[name], value)));
        item.push(Item::new(&["_step"], self.counted.to_string()));
        Record {
            num: self.num,
            history: Some(History {
                item,
                step: Some(Step { num: self.counted }),
            }),
            ..Record::default()
        }
    }

    /// The row of a record that was read back.
    pub(super) fn read(history: &History, offset: u64, before: i64, num: i64) -> Self {
        let mut row = Self::new(offset, before, 0, None);
        row.num = num;
        row.counted = history.step.map_or(0, |step| step.num);
        row.is_written = true;
        for item in &history.item {
            let [name] = item.path() else { continue };
            match name.as_str() {
                AXIS => row.step = item.value_json.parse().unwrap_or_default(),
                "_timestamp" => {
                    let seconds: f64 = item.value_json.parse().unwrap_or_default();
                    // To the microsecond, as it was written.
                    let microseconds = (seconds * 1e6).round() as i64;
                    row.time = Timestamp::from_microsecond(microseconds).unwrap_or_default();
                }
                "_runtime" | "_step" => {}
                _ => row.values.push((name.clone(), item.value_json.clone())),
            }
        }
        row
    }
}

/// The time as W&B has it in rows and summaries, in seconds.
pub(super) fn clock(time: Timestamp, started: Timestamp) -> [(&'static str, String); 2] {
    let runtime = time.duration_since(started).as_secs_f64().max(0.0);
    // A microsecond of our time has its place in a double.
    let timestamp = time.as_microsecond() as f64 / 1e6;
    [
        ("_timestamp", value(timestamp)),
        ("_runtime", value(runtime)),
    ]
}

/// A number as W&B writes it: also NaN and the infinities have no quotes.
pub(super) fn value(value: f64) -> String {
    match crate::number::text(value) {
        Some(text) => text.to_owned(),
        None => zmij::Buffer::new().format_finite(value).to_owned(),
    }
}
