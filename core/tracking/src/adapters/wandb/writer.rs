//! Groups of records, one for each event, on their way into a file.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    file::RunFile,
    history::{self, AXIS, Row},
    name,
    record::Record,
    state::State,
};
use crate::Metric;

/// Puts records into the file and takes them into the state.
pub(super) struct Writer<'a> {
    pub file: &'a mut RunFile,
    pub state: &'a mut State,
    pub started: Timestamp,
}

impl Writer<'_> {
    /// Writes the records of one event: when the last of them is there, the event is.
    pub(super) fn write(&mut self, num: i64, records: impl IntoIterator<Item = Record>) {
        self.settle();
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
            self.state.take(record, offset);
        }
    }

    /// Adds values to the row of their step, or begins a row.
    pub(super) fn log(&mut self, num: i64, time: Timestamp, step: u64, metrics: &[Metric<'_>]) {
        let values: BTreeMap<String, String> = metrics
            .iter()
            .map(|metric| (name::metric(&metric.name), history::value(metric.value)))
            .collect();
        let mut row = match self.state.row.take() {
            Some(row) if row.takes(step, values.keys()) => row,
            earlier => {
                self.state.row = earlier;
                self.settle();
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

    /// Writes the row that may still grow, in the place where it may be already.
    pub(super) fn settle(&mut self) {
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
