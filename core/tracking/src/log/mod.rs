//! The event log of a run: the log of truth.
//!
//! One JSON object per line, appended with one `write` each, so that a line is in the file when
//! the call that logged it returns:
//!
//! ```text
//! {"seq":0,"time":"2026-11-21T08:49:49.000000Z","event":"init_run","run_id":"…","name":"knn",…}
//! {"seq":1,"time":"2026-11-21T08:49:49.120417Z","event":"log","step":0,"metrics":{"MFO/fmax":0.544}}
//! {"seq":2,"time":"2026-11-21T08:49:49.120522Z","event":"finish","status":"finished"}
//! ```
//!
//! **What can be lost.** When the process is killed: at most the line being written; readers pass
//! over an unfinished last line. When the machine loses power: what the system had not yet written
//! to the disk; the log is synchronised when the run ends.
//!
//! **A vanished process.** Whoever writes a log holds a lock on it, which ends with the process, and
//! a mark in a directory of open runs. [`close_vanished`] looks there, and closes as `killed`
//! what nobody holds; [`settle`] takes a mark away.
//!
//! **A log that is moved.** Files of a run are named from its log on, and the log from its mark on, so a
//! directory that holds all of them can be moved or copied.

mod line;
mod reader;
mod relative;
mod vanished;
mod writer;

pub use reader::LogReader;
pub use vanished::{ClosedRun, close_vanished, settle};
pub(crate) use vanished::{mark, unmark};
pub use writer::EventLog;

/// The name of a run's log in its directory.
pub const FILE_NAME: &str = "events.jsonl";
