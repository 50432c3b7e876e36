//! Writes events to an event file, one record each.

use std::{borrow::Cow, io::Read, path::PathBuf};

use super::{
    BACKEND,
    file::{EventFile, Reader},
    record, summary,
};
use crate::{EventKind, RunEvent, RunId, RunReference, RunSink, RunStart, TrackerError};

/// The sink of a run.
pub(super) struct TensorBoardSink {
    run_id: RunId,
    path: PathBuf,
    /// None after a failed write, until the file is read again.
    open: Option<(EventFile, Content)>,
}

/// The content of an event file.
#[derive(Default)]
pub(super) struct Content {
    /// One more than the position of the last event.
    pub num: u64,
    /// The offset of the end of the last event's record.
    pub end: u64,
    /// All events without metrics.
    pub events: Vec<RunEvent<'static>>,
    ended: bool,
}

impl Content {
    /// Reads a file up to the last intact record.
    pub(super) fn read<R: Read>(reader: &mut Reader<R>) -> std::io::Result<Self> {
        let mut content = Self::default();
        while let Some((record, end)) = reader.next()? {
            if record.num <= content.num {
                continue;
            }
            content.num = record.num;
            content.end = end;
            if let Ok(event) = serde_json::from_str::<RunEvent<'_>>(&record.event) {
                content.ended |= matches!(event.kind, EventKind::Finish { .. });
                content.events.push(event.into_owned());
            }
        }
        Ok(content)
    }

    /// The start of the run; none in a file of another program.
    pub(super) fn start(&self) -> Option<&RunStart> {
        match &self.events.first()?.kind {
            EventKind::InitRun(start) => Some(start),
            _ => None,
        }
    }
}

impl TensorBoardSink {
    pub(super) fn open(run_id: &RunId, path: PathBuf) -> Result<Self, TrackerError> {
        let mut run = Self {
            run_id: run_id.clone(),
            path,
            open: None,
        };
        run.open = Some(run.read()?);
        Ok(run)
    }

    fn read(&self) -> Result<(EventFile, Content), TrackerError> {
        let mut file = EventFile::open(self.path.clone(), &self.run_id)?;
        let content = Content::read(&mut file.reader()?);
        let mut content = content.map_err(TrackerError::read(file.path()))?;
        // Only lists need the events.
        content.events = Vec::new();
        file.rewind(content.end);
        Ok((file, content))
    }

    fn write(
        &self,
        file: &mut EventFile,
        content: &mut Content,
        events: &[RunEvent<'_>],
    ) -> Result<(), TrackerError> {
        for event in events {
            let num = event.seq.saturating_add(1);
            if num <= content.num {
                continue;
            }
            if content.ended {
                return Err(TrackerError::Refused {
                    backend: BACKEND.to_owned(),
                    what: format!("an event after the end of the run {}", self.run_id),
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
                // TensorBoard sorts the texts of a name by step.
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
            content.num = num;
            content.ended = matches!(event.kind, EventKind::Finish { .. });
        }
        Ok(())
    }
}

impl RunSink for TensorBoardSink {
    fn reference(&self) -> RunReference {
        RunReference {
            run_id: self.run_id.to_string(),
            url: None,
        }
    }

    fn applied(&self) -> Option<u64> {
        let (_, content) = self.open.as_ref()?;
        content.num.checked_sub(1)
    }

    fn apply(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        let (mut file, mut content) = match self.open.take() {
            Some(open) => open,
            None => self.read()?,
        };
        let written = self.write(&mut file, &mut content, events);
        // If this fails, `open` stays empty and the file is read again.
        file.flush()?;
        self.open = Some((file, content));
        written
    }
}
