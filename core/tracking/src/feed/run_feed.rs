//! Sends the events of one run to one backend.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::lock::{self, FeedLock};
use crate::{
    EventKind, RunEvent, RunSink, Tracker, TrackerError,
    log::{
        LogReader,
        cursor::{self, Cursor},
        length,
    },
};

/// Sends the events of one run to one backend. Holds files and connections only while it is open.
pub(super) struct RunFeed {
    log: PathBuf,
    tracker: Arc<dyn Tracker>,
    open: Option<Open>,
    sent: u64,
}

struct Open {
    reader: LogReader,
    sink: Box<dyn RunSink>,
    cursor: Cursor,
    path: PathBuf,
    /// When the cursor was written.
    noted: Instant,
    /// Whether the cursor has changed since.
    is_changed: bool,
    sent: u64,
    /// Events up to this position are not sent: the backend has them.
    skip_to: Option<u64>,
    _lock: FeedLock,
}

/// Events per call of a sink: as many as MLflow accepts in a request.
const BATCH: usize = 1000;
/// Batches per turn of a run, before the other runs of the feeder have theirs.
const TURN: usize = 16;
/// Interval of writing the cursor. Events sent since are sent again after a crash.
const NOTE_EVERY: Duration = Duration::from_millis(200);

impl RunFeed {
    pub(super) fn new(log: PathBuf, tracker: Arc<dyn Tracker>) -> Self {
        Self {
            log,
            tracker,
            open: None,
            sent: 0,
        }
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn backend(&self) -> &'static str {
        self.tracker.backend()
    }

    /// How many events this feed sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Which events the backend has, while the feed is open.
    pub(super) fn cursor(&self) -> Option<&Cursor> {
        self.open.as_ref().map(|open| &open.cursor)
    }

    /// Sends the next events, at most those of one turn. True if there are more. After an error,
    /// the next call opens the run again and continues where the backend is.
    pub(super) fn advance(&mut self) -> Result<bool, TrackerError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match Open::new(&self.log, &*self.tracker)? {
                Some(open) => open,
                None => return Ok(false),
            },
        };
        let result = open.advance();
        self.sent += std::mem::take(&mut open.sent);
        // What was accepted before an error need not be sent again.
        let noted = open.note();
        if result.is_ok() {
            self.open = Some(open);
            noted?;
        }
        result
    }

    /// Sends the events again that the backend refused, because the reason may be gone: a file may
    /// be back, the server may store files now. Those that it refuses again stay recorded. Returns
    /// how many were sent.
    ///
    /// A backend that itself knows which events it has takes them only in their order, so nothing is
    /// sent again there.
    pub(super) fn send_refused(&mut self) -> Result<u64, TrackerError> {
        let Some(open) = &mut self.open else {
            return Ok(0);
        };
        let result = open.send_refused(&self.log);
        let noted = open.note();
        let sent = result?;
        noted?;
        self.sent += sent;
        Ok(sent)
    }

    /// Writes the cursor, and closes files and connections.
    pub(super) fn close(&mut self) -> Result<(), TrackerError> {
        match self.open.take() {
            Some(mut open) => open.note(),
            None => Ok(()),
        }
    }
}

impl Open {
    /// None if the log has no first event yet.
    fn new(log: &Path, tracker: &dyn Tracker) -> Result<Option<Self>, TrackerError> {
        let backend = tracker.backend();
        let lock = lock::lock(log, backend)?;
        let path = cursor::path(log, backend);
        let mut cursor = Cursor::read(&path)?.unwrap_or_else(|| Cursor::new(tracker));
        if cursor.offset > length(log)? {
            // A power failure took the end of the log. Everything is sent again.
            (cursor.seq, cursor.offset) = (None, 0);
        }
        let mut reader = LogReader::open(log, 0)?;
        let Some(first) = reader.next_batch(1)?.pop() else {
            return Ok(None);
        };
        let EventKind::InitRun(start) = first.kind else {
            return Err(TrackerError::Corrupt {
                path: log.to_owned(),
                offset: 0,
                reason: "the first event is not `init_run`".to_owned(),
            });
        };
        let sink = match &cursor.reference {
            Some(known) => tracker.resume_run(&start, known)?,
            None => tracker.open_run(&start)?,
        };
        let applied = sink.applied();
        // What the backend itself says takes precedence over the cursor: events that it has beyond
        // the cursor are skipped, and events that it lost since are sent again.
        let from = match applied {
            Some(applied) if cursor.seq.is_some_and(|seq| seq > applied) => 0,
            _ => cursor.offset,
        };
        cursor.reference = Some(sink.reference());
        cursor.write(&path)?;
        Ok(Some(Self {
            reader: LogReader::open(log, from)?,
            skip_to: applied.max(cursor.seq.filter(|_| applied.is_none())),
            sink,
            cursor,
            path,
            noted: Instant::now(),
            is_changed: false,
            sent: 0,
            _lock: lock,
        }))
    }

    fn advance(&mut self) -> Result<bool, TrackerError> {
        for _ in 0..TURN {
            let mut events = self.reader.next_batch(BATCH)?;
            let Some(last) = events.last().map(|event| event.seq) else {
                return Ok(false);
            };
            let (skip_to, cursor) = (self.skip_to, &self.cursor);
            events.retain(|event| {
                skip_to.is_none_or(|skip_to| event.seq > skip_to) && !cursor.has_refused(event.seq)
            });
            self.send(&events)?;
            self.sent += events.len() as u64;
            self.cursor.seq = Some(last);
            self.cursor.offset = self.reader.offset();
            self.is_changed = true;
            if self.noted.elapsed() > NOTE_EVERY {
                self.note()?;
            }
        }
        Ok(true)
    }

    fn send_refused(&mut self, log: &Path) -> Result<u64, TrackerError> {
        let before = self.cursor.clone();
        if before.refused_events() == 0 || self.sink.applied().is_some() {
            return Ok(0);
        }
        self.cursor.refused.clear();
        self.cursor.more_refused = None;
        self.is_changed = true;
        let sent = self.send_again(log, &before);
        if sent.is_err() {
            // Sent another time, all of them: what was accepted now changes nothing then.
            self.cursor = before.clone();
        }
        sent?;
        Ok(before
            .refused_events()
            .saturating_sub(self.cursor.refused_events()))
    }

    fn send_again(&mut self, log: &Path, before: &Cursor) -> Result<(), TrackerError> {
        let mut reader = LogReader::open(log, 0)?;
        loop {
            let mut events = reader.next_batch(BATCH)?;
            if events.is_empty() {
                return Ok(());
            }
            events.retain(|event| before.may_have_refused(event.seq));
            if !events.is_empty() {
                self.send(&events)?;
            }
        }
    }

    fn send(&mut self, events: &[RunEvent<'_>]) -> Result<(), TrackerError> {
        match self.sink.apply(events) {
            Err(TrackerError::Refused { .. }) if events.len() > 1 => {
                // Bisect, to send all but the event that is refused.
                let (first, second) = events.split_at(events.len() / 2);
                self.send(first)?;
                self.send(second)
            }
            Err(error @ TrackerError::Refused { .. }) => {
                self.cursor.refuse(events[0].seq, &error);
                Ok(())
            }
            result => result,
        }
    }

    fn note(&mut self) -> Result<(), TrackerError> {
        if std::mem::take(&mut self.is_changed) {
            self.noted = Instant::now();
            self.cursor.write(&self.path)?;
        }
        Ok(())
    }
}
