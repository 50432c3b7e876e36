//! The event log of a run: the log of truth.
//!
//! One JSON object per line:
//!
//! ```text
//! {"seq":0,"time":"2026-11-21T08:49:49.000000Z","event":"init_run","run_id":"…","name":"knn",…}
//! {"seq":1,"time":"2026-11-21T08:49:49.120417Z","event":"log","step":0,"metrics":{"MFO/fmax":0.544}}
//! {"seq":2,"time":"2026-11-21T08:49:49.120522Z","event":"finish","status":"finished"}
//! ```
//!
//! **What can be lost.** When the process is killed, at any moment: at most the line being written. An
//! event belongs to the system when the call that logged it returns: it is in the file, or, where many
//! come one after the other, in a small tail beside it that is mapped into memory, `events.tail`, for at
//! most a tenth of a second. [`LogReader`] reads both, so it misses nothing, live or after a kill; whoever
//! opens the log next brings the tail into the file, each line once, and the end of a run removes it. Other
//! programs see in `events.jsonl` whole lines, a tenth of a second late.
//!
//! When the machine loses power: what the disk does not have yet. A thread synchronises the file once a
//! second while a run goes on, and the end of the run waits for it; so at most what was logged in the last
//! second, and while the disk was busy with the second before. [`EventLog::on_disk`] says how far it is.
//!
//! On a full disk the call that finds no more room is an error, and the log is as it was before. The blocks
//! of the tail are reserved when it is made; where there are none, where the file system does not keep
//! what it reserved, and on other systems than Linux, every line is written by a call of its own: the same,
//! slower.
//!
//! **A vanished process.** Whoever writes a log holds a lock on it, which ends with the process, and
//! a mark in a directory of open runs, which names the log and the process. [`close_vanished`] looks there,
//! and closes as `killed` what nobody holds, unless somebody else knows how it ended; [`settle`] takes a mark
//! away.
//!
//! **A log that is moved.** Files of a run are named from its log on, and the log from its mark on, so a
//! directory that holds all of them can be moved or copied.

mod file;
mod keeper;
mod line;
mod lines;
mod owner;
mod reader;
mod relative;
mod tail;
mod vanished;
mod writer;

pub use reader::LogReader;
pub use vanished::{ClosedRun, End, close_vanished, settle};
pub(crate) use vanished::{mark, unmark};
pub use writer::EventLog;

use std::{fs, path::Path};

use crate::TrackerError;

/// How long a log is, in bytes, with what is in its tail.
///
/// # Errors
///
/// [`TrackerError::File`].
pub(crate) fn length(log: &Path) -> Result<u64, TrackerError> {
    let length = fs::metadata(log).map_err(TrackerError::read(log))?.len();
    let tail = tail::Contents::read(&tail::path(log))?;
    let goes_on = |tail: &tail::Contents| tail.base() <= length;
    Ok(length.max(tail.filter(goes_on).map_or(0, |tail| tail.end())))
}

/// The name of a run's log in its directory.
pub const FILE_NAME: &str = "events.jsonl";
