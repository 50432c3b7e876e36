//! The event log of a run. It is the reference from which all backends are fed.
//!
//! One JSON object per line:
//!
//! ```text
//! {"seq":0,"time":"2026-11-21T08:49:49.000000Z","event":"init_run","run_id":"…","name":"knn",…}
//! {"seq":1,"time":"2026-11-21T08:49:49.120417Z","event":"log","step":0,"metrics":{"MFO/fmax":0.544}}
//! {"seq":2,"time":"2026-11-21T08:49:49.120522Z","event":"finish","status":"finished"}
//! ```
//!
//! **Guarantees.** Every call that logs writes its lines with one `write(2)` before it returns.
//!
//! | event | what is lost at most |
//! |---|---|
//! | the process is killed (`kill -9`, out of memory) | the line being written, whose call has not returned |
//! | the machine loses power | what was logged in about the last second; nothing of a run that has ended |
//! | the disk is full | nothing: the call fails, and the log is as it was before |
//!
//! A written line is in the page cache of the operating system, which outlives the process. A
//! background thread synchronises the logs with the disk once a second, and the end of a run waits
//! for the disk. [`EventLog::on_disk`] says how much of a log is there.
//!
//! **Runs whose process is gone.** The process that writes a log holds a lock on it, which ends
//! with the process, and a marker file in a directory of open runs, which names the log and the
//! process. [`close_vanished`] looks for markers whose log is not locked and ends these runs as
//! `killed`, unless the caller knows how they ended. [`clear_open_marker`] removes a marker.
//!
//! **Moving a log.** The log names files near it by relative paths, and the marker names the log
//! by a relative path. A directory with all of them can be moved or copied.
//!
//! **Logs of version 1.1.** That version kept the newest lines in a second file, `events.tail`,
//! which can still be there if its process was killed. [`LogReader`] reads it, and
//! [`EventLog::open`] moves its lines into the log.

pub(crate) mod cursor;
mod disk_sync;
mod file;
mod old_tail;
mod open_runs;
mod process_identity;
mod reader;
mod relative_path;
mod run_end;
mod writer;

pub use open_runs::{
    ClosedRun, announce_run, clear_open_marker, close_vanished, never_begun, process_is_gone,
};
pub(crate) use open_runs::{mark_open, mark_open_if_new};
pub use reader::LogReader;
pub use run_end::RunEnd;
pub use writer::EventLog;

use std::{fs, path::Path};

use self::old_tail::OldTail;
use crate::TrackerError;

/// The name of a run's log in its directory.
pub const FILE_NAME: &str = "events.jsonl";

/// More than any line that is written, in bytes. A file with a longer line is not a log.
const LONGEST_LINE: usize = 64 << 20;

/// The length of a log in bytes, including the lines in the tail of version 1.1.
///
/// # Errors
///
/// [`TrackerError::Read`].
pub(crate) fn length(log: &Path) -> Result<u64, TrackerError> {
    let length = fs::symlink_metadata(log)
        .map_err(TrackerError::read(log))?
        .len();
    let tail = OldTail::read(log)?.filter(|tail| tail.base() <= length);
    Ok(length.max(tail.map_or(0, |tail| tail.end())))
}
