//! Writes the records of events, and merges the metrics of a step into a row.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    file::RunFile,
    history::{self, AXIS, Row},
    name,
    record::Record,
    state::State,
};
use crate::MetricPoint;

/// Adds records to the file and updates the state.
pub(super) struct Writer<'a> {
    pub file: &'a mut RunFile,
    pub state: &'a mut State,
    pub started: Timestamp,
}

impl Writer<'_> {
    /// Adds the records of one event. The last of them completes the event.
    pub(super) fn write(&mut self, num: i64, records: impl IntoIterator<Item = Record>) {
        self.write_row();
        let before = self.state.num;
        let mut records = records.into_iter().peekable();
        while let Some(mut record) = records.next() {
            record.num = if records.peek().is_some() {
                before
            } else {
                num
            };
            let offset = self.file.end();
            self.file.append(&record);
            self.state.update(record, offset);
        }
    }

    /// Adds values to the row of their step, or begins a new row.
    pub(super) fn log(
        &mut self,
        num: i64,
        time: Timestamp,
        step: u64,
        metrics: &[MetricPoint<'_>],
    ) {
        let values: BTreeMap<String, String> = metrics
            .iter()
            .map(|metric| (name::metric(&metric.name), history::value(metric.value)))
            .collect();
        let mut row = match self.state.row.take() {
            Some(row) if row.accepts(step, values.keys()) => row,
            earlier => {
                self.state.row = earlier;
                self.write_row();
                Row::new(self.file.end(), self.state.num, step, self.state.counted)
            }
        };
        for name in values.keys() {
            if self.state.defined.insert(name.clone()) {
                row.new_names.push(name.clone());
            }
        }
        self.state.last.extend(values.clone());
        self.state.counted = Some(row.counted);
        self.state.num = num;
        row.num = num;
        row.time = time;
        row.values.extend(values);
        row.is_written = false;
        self.state.row = Some(row);
    }

    /// Writes the current row, over an earlier version of it if there is one.
    pub(super) fn write_row(&mut self) {
        let Some(row) = self.state.row.as_mut().filter(|row| !row.is_written) else {
            return;
        };
        self.file.rewind(row.offset);
        if self.state.defined.insert(AXIS.to_owned()) {
            self.file.append(&row.definition_of_axis());
        }
        for record in row.definitions() {
            self.file.append(&record);
        }
        row.offset = self.file.end();
        self.file.append(&row.record(self.started));
        row.new_names.clear();
        row.is_written = true;
    }
}
