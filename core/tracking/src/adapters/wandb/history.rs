//! The rows of a run's history, one per step.
//!
//! The official client drops values for a step before the last one. Here such values get their own
//! row, with the next `_step` of W&B's count. The logged step is in the column [`AXIS`] of every
//! row, and every metric is defined to be plotted against it. So charts are correct for any order
//! of steps, and as long as steps grow, `_step` is the logged step.

use jiff::Timestamp;

use super::record::{History, Item, Metric, MetricOptions, Record, Step};

/// The column that holds the step that was logged.
pub(super) const AXIS: &str = "protea/step";

/// A row that can still get values: it is the last record of the file, or not written yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The offset of the row in the file.
    pub offset: u64,
    /// [`Record::num`] before the row.
    pub before: i64,
    /// [`Record::num`] of the row.
    pub num: i64,
    /// The logged step.
    pub step: u64,
    /// The step by W&B's count.
    pub counted: i64,
    /// When the last value was logged.
    pub time: Timestamp,
    /// Values by name, as JSON.
    pub values: Vec<(String, String)>,
    /// Metrics in the row that have no definition in the file yet.
    pub new_names: Vec<String>,
    /// Whether the file has the row in this state.
    pub is_written: bool,
}

impl Row {
    /// An empty row for a step. `last` is W&B's count of the row before.
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

    /// Whether values for this step can be added without replacing one.
    pub(super) fn accepts<'a>(
        &self,
        step: u64,
        mut names: impl Iterator<Item = &'a String>,
    ) -> bool {
        self.step == step && names.all(|name| self.values.iter().all(|(known, _)| known != name))
    }

    /// Defines the axis, without a chart for it.
    pub(super) fn definition_of_axis(&self) -> Record {
        self.definition(AXIS, "")
    }

    /// Defines the new metrics, to be plotted against the axis.
    pub(super) fn definitions(&self) -> impl Iterator<Item = Record> {
        self.new_names
            .iter()
            .map(|name| self.definition(name, AXIS))
    }

    /// A definition has the number of the record before: only the row itself completes its events.
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

    /// The row of a record in the file.
    pub(super) fn from_record(history: &History, offset: u64, before: i64, num: i64) -> Self {
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
                    // Times are written in microseconds.
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

/// The columns for the time in rows and summaries, in seconds.
pub(super) fn clock(time: Timestamp, started: Timestamp) -> [(&'static str, String); 2] {
    let runtime = time.duration_since(started).as_secs_f64().max(0.0);
    // A double represents microseconds exactly until the year 2255.
    let timestamp = time.as_microsecond() as f64 / 1e6;
    [
        ("_timestamp", value(timestamp)),
        ("_runtime", value(runtime)),
    ]
}

/// A number in W&B's variant of JSON, in which NaN and the infinities have no quotes.
pub(super) fn value(value: f64) -> String {
    match crate::number::non_finite(value) {
        Some(text) => text.to_owned(),
        None => serde_json::Value::from(value).to_string(),
    }
}
