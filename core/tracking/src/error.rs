//! Why something cannot be tracked.

use std::{io, path::PathBuf};

/// Why something cannot be tracked.
#[derive(Debug, thiserror::Error)]
pub enum TrackerError {
    /// The backend cannot be used from here: its program, server or credentials are missing.
    #[error("{backend} cannot be used: {reason}; {remedy}")]
    TrackerInit {
        /// The backend.
        backend: String,
        /// What is missing.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The backend does not answer now. The same call may succeed later.
    #[error("{backend} does not answer: {reason}")]
    Unavailable {
        /// The backend.
        backend: String,
        /// What was seen.
        reason: String,
    },
    /// The backend will never take this; asking again is of no use.
    #[error("{backend} refuses {what}: {reason}")]
    Refused {
        /// The backend.
        backend: String,
        /// What it was given.
        what: String,
        /// What it said.
        reason: String,
    },
    /// A name, id or pattern that no backend could keep.
    #[error("{what} {value:?} cannot be used: {reason}")]
    Name {
        /// What it is: `run id`, `group pattern`, …
        what: &'static str,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
    },
    /// The run has ended; it takes nothing more.
    #[error("the run {run_id} has ended and takes nothing more")]
    Ended {
        /// The run.
        run_id: String,
    },
    /// A file that the tracking itself keeps cannot be read or written.
    #[error("{} cannot be {verb}: {source}", path.display())]
    File {
        /// `read` or `written`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An event log holds something that no version of this crate wrote.
    #[error("{} has at byte {offset} a line that is no event: {reason}; restore the file, or move it away", path.display())]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process works on the run.
    #[error("the run {run_id} is at work in another process; wait for its end")]
    InUse {
        /// The run.
        run_id: String,
    },
    /// Another process is feeding the run to the backend.
    #[error("another process is sending the run {run_id} to {backend}")]
    Busy {
        /// The run.
        run_id: String,
        /// The backend.
        backend: String,
    },
}

impl TrackerError {
    /// An error of reading `path`, for `map_err`.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            verb: "read",
            path,
            source,
        }
    }

    /// An error of writing `path`, for `map_err`.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            verb: "written",
            path,
            source,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy { .. })
    }
}
