//! Writes events to the file of a run.

use std::{fs, path::PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    BACKEND, artifact,
    file::RunFile,
    history, name,
    record::{Control, Exit, Item, Output, Record, Run, Update},
    state::{CONFIG_KEY, KILLED, State},
    stats, table,
    writer::Writer,
};
use crate::{
    Artifact, EventKind, RunEvent, RunReference, RunSink, RunStart, RunStatus, Tags, TrackerError,
};

/// The sink of a run.
///
/// The content of the file depends on the events only, not on their batches or on interruptions: a
/// row that gets more values is overwritten.
pub(super) struct WandbSink {
    start: RunStart,
    id: String,
    entity: String,
    url: Option<String>,
    directory: PathBuf,
    /// None after a failed write, until the file is read again.
    open: Option<(RunFile, State)>,
}

impl WandbSink {
    pub(super) fn open(
        start: &RunStart,
        entity: String,
        url: Option<String>,
        directory: PathBuf,
    ) -> Result<Self, TrackerError> {
        let mut run = Self {
            id: name::id(&start.run_id),
            start: start.clone(),
            entity,
            url,
            directory,
            open: None,
        };
        for part in ["files", "logs"] {
            let part = run.directory.join(part);
            fs::create_dir_all(&part).map_err(TrackerError::write(part))?;
        }
        run.open = Some(run.read()?);
        Ok(run)
    }

    /// Opens the file and reads its state. The next write overwrites what is incomplete at its end.
    fn read(&self) -> Result<(RunFile, State), TrackerError> {
        let path = name::run_file(&self.directory, &self.id);
        let mut file = RunFile::open(path, &self.start.run_id)?;
        let state = State::read(&mut file.reader()?);
        let state = state.map_err(TrackerError::read(file.path()))?;
        if state.num > 0 && self.start.run_id != *state.run_id {
            return Err(TrackerError::Refused {
                backend: BACKEND.to_owned(),
                what: format!("the run {}", self.start.run_id),
                reason: format!(
                    "{} belongs to the run {}",
                    file.path().display(),
                    state.run_id
                ),
            });
        }
        file.rewind(state.end);
        Ok((file, state))
    }

    fn write(&self, writer: &mut Writer<'_>, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        for event in events {
            let num = num(event.seq);
            if num <= writer.state.num {
                continue;
            }
            if writer.state.ended.is_some() {
                return Err(TrackerError::Refused {
                    backend: BACKEND.to_owned(),
                    what: format!("an event after the end of the run {}", self.start.run_id),
                    reason: "W&B does not accept events after the end of a run".to_owned(),
                });
            }
            if writer.state.run.is_none() {
                writer.write(1, [self.run_record(&self.start.tags, true)]);
                if writer.state.num >= num {
                    continue;
                }
            }
            match &event.kind {
                EventKind::InitRun(_) => {}
                EventKind::Log { metrics, .. } if stats::is_sample(metrics) => {
                    writer.write(num, [stats::record(event.time, metrics)]);
                }
                EventKind::Log { step, metrics } => {
                    writer.log(num, event.time, *step, metrics);
                }
                EventKind::LogParams { params } => {
                    writer.write(num, [config(params)?]);
                }
                EventKind::SetTags { tags } => {
                    let mut all = writer.state.tags.clone();
                    all.extend(tags.clone());
                    let in_full = tags.iter().map(|(key, value)| {
                        Item::new(&[CONFIG_KEY, "tags", key], json!(value).to_string())
                    });
                    let in_full = update(in_full.collect());
                    let records = [
                        Record {
                            config: Some(in_full),
                            ..Record::default()
                        },
                        self.run_record(&all, false),
                    ];
                    writer.write(num, records);
                }
                EventKind::LogArtifact(it) => {
                    let mut records = vec![self.artifact(it, "artifact", event.seq)?];
                    records.extend(table::records(it, event.seq, &self.directory)?);
                    writer.write(num, records);
                }
                EventKind::LogModel(it) => {
                    writer.write(num, [self.artifact(it, "model", event.seq)?]);
                }
                EventKind::Finish { status, error } => {
                    let records = self.end(writer.state, event.time, *status, error.as_deref());
                    writer.write(num, records);
                }
            }
        }
        Ok(())
    }

    fn run_record(&self, tags: &Tags, with_config: bool) -> Record {
        let start = &self.start;
        let config = with_config.then(|| {
            let mut items: Vec<Item> = start
                .config
                .iter()
                .map(|(key, value)| Item::new(&[key], value.to_string()))
                .collect();
            let run = json!({ "id": start.run_id, "parent": start.parent, "tags": start.tags });
            items.push(Item::new(&[CONFIG_KEY], run.to_string()));
            update(items)
        });
        Record {
            control: Some(Control {
                mailbox_slot: self.id.clone(),
            }),
            run: Some(Run {
                run_id: self.id.clone(),
                entity: self.entity.clone(),
                project: start.project.clone().unwrap_or_default(),
                config,
                run_group: start.group.clone().unwrap_or_default(),
                job_type: start.kind.clone().unwrap_or_default(),
                display_name: start.name.clone(),
                notes: start.notes.clone().unwrap_or_default(),
                tags: name::tags(tags),
                host: String::new(),
                start_time: Some(start.started.into()),
            }),
            ..Record::default()
        }
    }

    fn artifact(&self, it: &Artifact, kind: &str, seq: u64) -> Result<Record, TrackerError> {
        let mut artifact = artifact::record(it, kind, &format!("{}/{seq}", self.start.run_id))?;
        artifact.run_id.clone_from(&self.id);
        artifact.entity.clone_from(&self.entity);
        artifact.project = self.start.project.clone().unwrap_or_default();
        Ok(Record {
            artifact: Some(artifact),
            ..Record::default()
        })
    }

    /// The records for the end: the error as output, the summary, the exit code.
    fn end(
        &self,
        state: &State,
        time: Timestamp,
        status: RunStatus,
        error: Option<&str>,
    ) -> Vec<Record> {
        let output = error.map(|error| Record {
            output: Some(Output {
                output_type: 0,
                timestamp: Some(time.into()),
                line: format!("{status}: {error}\n"),
            }),
            ..Record::default()
        });
        let mut items: Vec<Item> = state
            .last
            .iter()
            .map(|(name, value)| Item::new(&[name], value.clone()))
            .collect();
        let clock = history::clock(time, self.start.started);
        items.extend(clock.map(|(name, value)| Item::new(&[name], value)));
        if let Some(counted) = state.counted {
            items.push(Item::new(&["_step"], counted.to_string()));
        }
        let runtime = time.duration_since(self.start.started).as_secs();
        let runtime = i32::try_from(runtime.max(0)).unwrap_or(i32::MAX);
        items.push(Item::new(&["_wandb", "runtime"], runtime.to_string()));
        let mut add_own = |name: &str, value: Value| {
            items.push(Item::new(&[CONFIG_KEY, name], value.to_string()));
        };
        add_own("status", json!(status));
        add_own("finished", json!(time));
        if let Some(error) = error {
            add_own("error", json!(error));
        }
        let summary = Record {
            summary: Some(update(items)),
            ..Record::default()
        };
        let exit = Record {
            control: Some(Control {
                mailbox_slot: self.id.clone(),
            }),
            exit: Some(Exit {
                exit_code: match status {
                    RunStatus::Finished => 0,
                    RunStatus::Killed => KILLED,
                    RunStatus::Failed | RunStatus::Running => 1,
                },
                runtime,
            }),
            ..Record::default()
        };
        output.into_iter().chain([summary, exit]).collect()
    }
}

impl RunSink for WandbSink {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.id.clone(),
            url: self.url.clone(),
        }
    }

    fn applied(&self) -> Option<u64> {
        let (_, state) = self.open.as_ref()?;
        u64::try_from(state.num - 1).ok()
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let (mut file, mut state) = match self.open.take() {
            Some(open) => open,
            None => self.read()?,
        };
        let mut writer = Writer {
            file: &mut file,
            state: &mut state,
            started: self.start.started,
        };
        let written = self.write(&mut writer, events);
        writer.write_row();
        // If this fails, `open` stays empty and the file is read again.
        file.flush()?;
        self.open = Some((file, state));
        written
    }
}

/// [`Record::num`] after the event at this position.
fn num(seq: u64) -> i64 {
    i64::try_from(seq).map_or(i64::MAX, |seq| seq.saturating_add(1))
}

fn update(update: Vec<Item>) -> Update {
    Update { update }
}

fn config(params: &Map<String, Value>) -> Result<Record, TrackerError> {
    if params.contains_key(CONFIG_KEY) {
        return Err(reserved());
    }
    let items = params
        .iter()
        .map(|(key, value)| Item::new(&[key], value.to_string()));
    Ok(Record {
        config: Some(update(items.collect())),
        ..Record::default()
    })
}

pub(super) fn reserved() -> TrackerError {
    TrackerError::Refused {
        backend: BACKEND.to_owned(),
        what: format!("the setting {CONFIG_KEY:?}"),
        reason: "the name is reserved for the run's id".to_owned(),
    }
}
