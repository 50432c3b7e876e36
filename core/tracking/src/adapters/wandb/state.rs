//! The state of a run, read from the records in its file.

use std::{
    collections::{BTreeMap, HashSet},
    io,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    file::Reader,
    history::Row,
    record::{self, Item, Record},
};
use crate::{RunId, RunStatus, RunSummary, Tags};

/// The entry of the config with our id of the run.
pub(super) const CONFIG_KEY: &str = "protea_run";

/// The state of a run after the records in its file.
#[derive(Debug, Default)]
pub(super) struct State {
    /// [`Record::num`] of the last record.
    pub num: i64,
    /// The offset of the end of the last complete event.
    pub end: u64,
    /// The first record of the run.
    pub run: Option<record::Run>,
    /// The tags, not shortened.
    pub tags: Tags,
    /// Our id of the run.
    pub run_id: String,
    /// Our id of the parent run.
    pub parent: Option<String>,
    /// The metrics with a definition in the file.
    pub defined: HashSet<String>,
    /// The last values of metrics, as JSON.
    pub last: BTreeMap<String, String>,
    /// The last step by W&B's count.
    pub counted: Option<i64>,
    /// The row that can still get values.
    pub row: Option<Row>,
    /// How the run ended.
    pub ended: Option<RunStatus>,
    /// When the run ended.
    pub finished: Option<Timestamp>,
}

impl State {
    /// Reads a file. Records of an incomplete event are ignored.
    pub(super) fn read<R: io::Read>(reader: &mut Reader<R>) -> io::Result<Self> {
        let mut state = Self::default();
        let mut end = 0;
        let mut group: Vec<(Record, u64)> = Vec::new();
        while let Some((record, next)) = reader.next()? {
            let is_complete = record.num > state.num;
            group.push((record, std::mem::replace(&mut end, next)));
            if is_complete {
                for (record, offset) in group.drain(..) {
                    state.update(record, offset);
                }
                state.end = end;
            }
        }
        Ok(state)
    }

    /// Updates the state for a record at `offset`.
    pub(super) fn update(&mut self, record: Record, offset: u64) {
        let before = self.num;
        self.num = before.max(record.num);
        if let Some(history) = &record.history {
            let row = Row::from_record(history, offset, before, record.num);
            self.counted = Some(row.counted);
            self.last.extend(row.values.iter().cloned());
            self.row = Some(row);
            return;
        }
        if record.num > before {
            self.row = None;
        }
        if let Some(metric) = record.metric {
            self.defined.insert(metric.name);
        }
        if let Some(run) = record.run {
            self.read_config(run.config.iter().flat_map(|config| &config.update));
            self.run.get_or_insert(run);
        }
        if let Some(config) = &record.config {
            self.read_config(&config.update);
        }
        if let Some(summary) = &record.summary {
            self.finished = summary.update.iter().find_map(|item| match item.path() {
                [key, name] if key == CONFIG_KEY && name == "finished" => {
                    serde_json::from_str(&item.value_json).ok()
                }
                _ => None,
            });
        }
        if let Some(exit) = record.exit {
            self.ended = Some(match exit.exit_code {
                0 => RunStatus::Finished,
                KILLED => RunStatus::Killed,
                _ => RunStatus::Failed,
            });
        }
    }

    /// The summary of the run; none for a run of another program.
    pub(super) fn summary(&self) -> Option<RunSummary> {
        let run = self.run.as_ref().filter(|_| !self.run_id.is_empty())?;
        let started = run
            .start_time
            .and_then(|time| Timestamp::new(time.seconds, time.nanos).ok())?;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(RunSummary {
            run_id: self.run_id.as_str().into(),
            name: run.display_name.clone(),
            status: self.ended.unwrap_or(RunStatus::Running),
            started,
            finished: self.finished,
            parent: self.parent.as_deref().map(RunId::from),
            project: text(&run.project),
            group: text(&run.run_group),
            tags: self.tags.clone(),
            url: None,
        })
    }

    fn read_config<'a>(&mut self, items: impl IntoIterator<Item = &'a Item>) {
        for item in items {
            let Ok(value) = serde_json::from_str::<Value>(&item.value_json) else {
                continue;
            };
            match (item.path(), &value) {
                ([key], Value::Object(run)) if key == CONFIG_KEY => {
                    let text = |key| run.get(key).and_then(Value::as_str).map(str::to_owned);
                    self.run_id = text("id").unwrap_or_default();
                    self.parent = text("parent");
                    if let Some(Value::Object(tags)) = run.get("tags") {
                        let tags = tags.iter().filter_map(|(key, value)| {
                            Some((key.clone(), value.as_str()?.to_owned()))
                        });
                        self.tags.extend(tags);
                    }
                }
                ([key, tags, name], Value::String(value))
                    if key == CONFIG_KEY && tags == "tags" =>
                {
                    self.tags.insert(name.clone(), value.clone());
                }
                _ => {}
            }
        }
    }
}

/// The exit code of the official client for a run that was killed.
pub(super) const KILLED: i32 = 255;
