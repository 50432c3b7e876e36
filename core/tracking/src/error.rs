//! The errors of this crate, one variant for each thing that a caller does differently.

use std::{
    error::Error,
    io::{self, ErrorKind},
    path::PathBuf,
};

use protea_files::FilesError;

use crate::RunId;

/// Why a run could not be tracked.
///
/// Messages name the place and, where this crate knows one, the remedy. They never contain
/// credentials, and they do not repeat [`Error::source`]: use [`full_message`](Self::full_message)
/// for one line with all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// The backend cannot be used from here: its program, its settings or credentials are missing.
    #[error("{backend} cannot be used: {reason}; {remedy}")]
    TrackerInit {
        /// The backend's name, such as `mlflow`.
        backend: String,
        /// What is missing or wrong.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The variable with the address of the server is not set. Recording without it and sending later
    /// works.
    #[error("{backend} cannot be used: {variable} is not set; {remedy}")]
    NotSet {
        /// The backend's name.
        backend: String,
        /// The name of the environment variable.
        variable: String,
        /// What to set it to.
        remedy: String,
    },
    /// No server listens at the backend's address. Recording without it and sending later works.
    #[error("{backend} cannot be used: no server answers at {address} ({reason}); {remedy}")]
    NoServer {
        /// The backend's name.
        backend: String,
        /// The address that was tried, without credentials.
        address: String,
        /// Why no connection was made.
        reason: String,
        /// How to start a server.
        remedy: String,
    },
    /// The address is `https://`, and this crate was built without its feature `tls`.
    #[error("{backend} cannot be used: this build does not support https:// ({address})")]
    TlsUnsupported {
        /// The backend's name.
        backend: String,
        /// The address, without credentials.
        address: String,
    },
    /// The backend does not answer at the moment. The same call may succeed later.
    #[error("{backend} does not answer: {reason}")]
    Unavailable {
        /// The backend's name.
        backend: String,
        /// What happened instead of an answer.
        reason: String,
    },
    /// The backend will never accept this. Do not retry.
    #[error("{backend} refuses {what}: {reason}")]
    Refused {
        /// The backend's name.
        backend: String,
        /// What was sent, such as `the param "k"`.
        what: String,
        /// The backend's reason.
        reason: String,
    },
    /// A name, id or pattern that no backend could store.
    #[error("invalid {what} {value:?}: {reason}")]
    Name {
        /// The kind of value: `run id`, `group pattern`, …
        what: &'static str,
        /// The value.
        value: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// The run has ended. Nothing can be added to it.
    #[error("the run {run_id} has ended; nothing can be added to it")]
    Ended {
        /// The run.
        run_id: RunId,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system, or of parsing the content.
        source: io::Error,
    },
    /// A file or directory cannot be written, for another reason than a lack of space.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file cannot be written because the disk is full, or a quota or size limit is reached.
    #[error("cannot write {}: no space left; free some space or write to another disk", path.display())]
    NoSpace {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An event log contains something that no version of this crate has written.
    #[error("{}: invalid event at byte {offset}: {reason}; restore the file or move it away", path.display())]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// Where the line begins, in bytes from the beginning of the file.
        offset: u64,
        /// What is wrong with the line.
        reason: String,
    },
    /// The record of what the backend has of a run cannot be read, and the backend does not have the
    /// run, or cannot be asked for it.
    #[error("the record of what {backend} has of the run {run_id} cannot be read: {}", path.display())]
    UnknownProgress {
        /// The run.
        run_id: RunId,
        /// The backend's name.
        backend: String,
        /// The file with the record.
        path: PathBuf,
    },
    /// Another process is recording the run.
    #[error("the run {run_id} is being recorded by another process; wait until it ends")]
    InUse {
        /// The run.
        run_id: RunId,
    },
    /// Another process is sending the run to the backend.
    #[error("another process is sending the run {run_id} to {backend}")]
    Busy {
        /// The run.
        run_id: RunId,
        /// The backend's name.
        backend: String,
    },
}

impl From<FilesError> for TrackerError {
    fn from(error: FilesError) -> Self {
        let path = error.path().to_owned();
        match error {
            FilesError::Write { source, .. } => Self::write(path)(source),
            error => Self::Read {
                path,
                source: error.into(),
            },
        }
    }
}

impl TrackerError {
    /// For `map_err`: reading `path` failed.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    /// For `map_err`: writing `path` failed.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            // A limit on the size of files (`ulimit -f`) ends in `FileTooLarge`.
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::NoSpace { path, source }
            }
            _ => Self::Write { path, source },
        }
    }

    /// Whether the same call may succeed later, without anybody changing anything here.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy { .. })
    }

    /// The message followed by those of its sources, separated by `: `.
    #[must_use]
    pub fn full_message(&self) -> String {
        let mut message = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            message.push_str(": ");
            message.push_str(&error.to_string());
            source = error.source();
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_its_own_variant() {
        let kinds = [
            (ErrorKind::StorageFull, true),
            (ErrorKind::QuotaExceeded, true),
            (ErrorKind::FileTooLarge, true),
            (ErrorKind::PermissionDenied, false),
        ];
        for (kind, is_full) in kinds {
            let error = TrackerError::write("log")(kind.into());
            assert_eq!(matches!(error, TrackerError::NoSpace { .. }), is_full);
            assert_eq!(matches!(error, TrackerError::Write { .. }), !is_full);
        }
    }

    #[test]
    fn reading_and_writing_files_fail_differently() {
        let (path, source) = ("log".into(), ErrorKind::StorageFull.into());
        let error = TrackerError::from(FilesError::Write { path, source });
        assert!(matches!(error, TrackerError::NoSpace { .. }), "{error:?}");
        let (path, source) = ("log".into(), ErrorKind::NotFound.into());
        let error = TrackerError::from(FilesError::Read { path, source });
        assert!(matches!(error, TrackerError::Read { .. }), "{error:?}");
    }

    #[test]
    fn the_source_is_printed_once() {
        let error = TrackerError::read("a/b")(io::Error::other("broken pipe"));
        assert_eq!(error.to_string(), "cannot read a/b");
        assert_eq!(error.full_message(), "cannot read a/b: broken pipe");
    }
}
