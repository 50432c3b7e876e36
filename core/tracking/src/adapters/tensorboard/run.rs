//! Events on their way into an event file, one record each.

use std::{borrow::Cow, io::Read, path::PathBuf};

use super::{
    BACKEND,
    file::{EventFile, Reader},
    record, summary,
};
use crate::{Event, EventKind, RunReference, RunSink, RunStart, TrackerError};

/// One run, open for writing.
pub(super) struct TensorBoardRun {
    run_id: String,
    path: PathBuf,
    open: Option<(EventFile, Held)>,
}

/// What a file holds.
#[derive(Default)]
pub(super) struct Held {
    /// One more than the place of the last event.
    pub num: u64,
    /// Where the last event's record ends.
    pub end: u64,
    /// All events but metrics.
    pub events: Vec<Event<'static>>,
    ended: bool,
}

impl Held {
    /// Reads a file, without what is not whole at its end.
    pub(super) fn read<R: Read>(reader: &mut Reader<R>) -> std::io::Result<Self> {
        let mut held = Self::default();
        while let Some((record, end)) = reader.next()? {
            if record.num <= held.num {
                continue;
            }
            held.num = record.num;
            held.end = end;
            if let Ok(event) = serde_json::from_str::<Event<'_>>(&record.event) {
                held.ended |= matches!(event.kind, EventKind::Finish { .. });
                held.events.push(event.into_owned());
            }
        }
        Ok(held)
    }

    /// What the run was started with; none in a file that another program wrote.
    pub(super) fn start(&self) -> Option<&RunStart> {
        match &self.events.first()?.kind {
            EventKind::InitRun(start) => Some(start),
            _ => None,
        }
    }
}

impl TensorBoardRun {
    pub(super) fn open(run_id: &str, path: PathBuf) -> Result<Self, TrackerError> {
        let mut run = Self {
            run_id: run_id.to_owned(),
            path,
            open: None,
        };
        run.open = Some(run.read()?);
        Ok(run)
    }

    fn read(&self) -> Result<(EventFile, Held), TrackerError> {
        let mut file = EventFile::open(self.path.clone(), &self.run_id)?;
        let held = Held::read(&mut file.read()?);
        let mut held = held.map_err(TrackerError::read(file.path()))?;
        // Only lists need them.
        held.events = Vec::new();
        file.rewind(held.end);
        Ok((file, held))
    }

    fn write(
        &self,
        file: &mut EventFile,
        held: &mut Held,
        events: &[Event<'_>],
    ) -> Result<(), TrackerError> {
        for event in events {
            let num = event.seq.saturating_add(1);
            if num <= held.num {
                continue;
            }
            if held.ended {
                return Err(TrackerError::Refused {
                    backend: BACKEND.to_owned(),
                    what: format!("what comes after the end of the run {}", self.run_id),
                    reason: "the run has ended".to_owned(),
                });
            }
            let wall_time = summary::seconds(event.time);
            if file.end() == 0 {
                file.append(&record::Event {
                    wall_time,
                    file_version: "brain.Event:2".to_owned(),
                    ..record::Event::default()
                });
            }
            let (step, text) = match &event.kind {
                EventKind::Log { step, .. } => (*step, Cow::Borrowed("")),
                // Texts of one name follow each other.
                _ => {
                    let text = serde_json::to_string(event)
                        .map_err(|error| TrackerError::write(file.path())(error.into()))?;
                    (event.seq, Cow::Owned(text))
                }
            };
            file.append(&record::Event {
                wall_time,
                step: i64::try_from(step).unwrap_or(i64::MAX),
                summary: Some(record::Summary {
                    value: summary::values(&event.kind, event.time),
                }),
                num,
                event: text.into_owned(),
                ..record::Event::default()
            });
            held.num = num;
            held.ended = matches!(event.kind, EventKind::Finish { .. });
        }
        Ok(())
    }
}

impl RunSink for TensorBoardRun {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.run_id.clone(),
            url: None,
        }
    }

    fn applied(&self) -> Option<u64> {
        let (_, held) = self.open.as_ref()?;
        held.num.checked_sub(1)
    }

    fn apply(&mut self, events: &[Event<'_>]) -> Result<(), TrackerError> {
        let (mut file, mut held) = match self.open.take() {
            Some(open) => open,
            None => self.read()?,
        };
        let written = self.write(&mut file, &mut held, events);
        // Where this fails the file is read again: it alone says what it holds.
        file.flush()?;
        self.open = Some((file, held));
        written
    }
}
