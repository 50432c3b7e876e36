//! Why a file is not opened, read, listed or written.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// What a path is that is neither a regular file nor a directory nor a symbolic link, or is another
/// one of these than was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// Something else.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "a special file",
        })
    }
}

/// Why a file is not opened, read, listed or written. Every variant names the path.
///
/// It converts into an [`io::Error`] of the matching kind, which [`FilesError::of`] takes apart
/// again, for functions that return one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// A pipe, socket or device, or a directory in place of a file.
    #[error("{} is {kind}, not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// A file in place of a directory.
    #[error("{} is {kind}, not a directory", path.display())]
    NotDirectory {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// A symbolic link where links are not followed.
    #[error("{} is a symbolic link or is reached through one, which is not followed", path.display())]
    SymbolicLink {
        /// The path.
        path: PathBuf,
    },
    /// A path that leaves its directory.
    #[error("{} leaves its directory", path.display())]
    Outside {
        /// The path.
        path: PathBuf,
    },
    /// A file with more bytes than are read.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A directory with more entries than are listed.
    #[error("{} contains more than {limit} files", path.display())]
    TooMany {
        /// The directory.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A directory with more levels than are listed.
    #[error("{} is more than {limit} directories deep", path.display())]
    TooDeep {
        /// The directory, shortened.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A file that claims a size that it nearly consists of holes for: reading it takes as long as if
    /// it had that size.
    #[error("{} is a sparse file: of its {bytes} bytes, almost all are holes", path.display())]
    Sparse {
        /// The file.
        path: PathBuf,
        /// The size that it claims, in bytes.
        bytes: u64,
    },
    /// The caller's [`Stop`](crate::Stop) ended the work.
    #[error("reading {} was stopped", path.display())]
    Stopped {
        /// What was being read.
        path: PathBuf,
    },
    /// The operating system refused to read or list it, or its content is not text where text is
    /// read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The operating system refused to create or write it: the disk is full, or the user may not.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl FilesError {
    /// For `map_err`: the operating system refused to read `path`.
    pub(crate) fn read<E: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Read {
            path,
            source: source.into(),
        }
    }

    /// For `map_err`: the operating system refused to write `path`.
    pub(crate) fn write<E: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Write {
            path,
            source: source.into(),
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::NotRegular { path, .. }
            | Self::NotDirectory { path, .. }
            | Self::SymbolicLink { path }
            | Self::Outside { path }
            | Self::TooLarge { path, .. }
            | Self::TooMany { path, .. }
            | Self::TooDeep { path, .. }
            | Self::Sparse { path, .. }
            | Self::Stopped { path }
            | Self::Read { path, .. }
            | Self::Write { path, .. } => path,
        }
    }

    /// Whether nothing exists at the path that was to be read.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// What is wrong, for a message that names the path already.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::NotRegular { kind, .. } => format!("it is {kind}, not a regular file"),
            Self::NotDirectory { kind, .. } => format!("it is {kind}, not a directory"),
            Self::SymbolicLink { .. } => "it is a symbolic link, which is not followed".to_owned(),
            Self::Outside { .. } => "it leaves its directory".to_owned(),
            Self::TooLarge { limit, .. } => format!("it is larger than {limit} bytes"),
            Self::TooMany { limit, .. } => format!("it contains more than {limit} files"),
            Self::TooDeep { limit, .. } => format!("it is more than {limit} directories deep"),
            Self::Sparse { bytes, .. } => {
                format!("it is a sparse file: of its {bytes} bytes, almost all are holes")
            }
            Self::Stopped { .. } => "reading it was stopped".to_owned(),
            Self::Read { source, .. } | Self::Write { source, .. } => source.to_string(),
        }
    }

    /// The error that was converted into `error`, if one was.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        Some(&error.get_ref()?.downcast_ref::<Reason>()?.0)
    }
}

/// The reason alone is printed: a caller that takes an [`io::Error`] names the path itself.
#[derive(Debug)]
struct Reason(FilesError);

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.reason())
    }
}

impl std::error::Error for Reason {}

impl From<FilesError> for io::Error {
    fn from(error: FilesError) -> Self {
        use io::ErrorKind as Kind;
        if let FilesError::Read { source, .. } | FilesError::Write { source, .. } = error {
            return source;
        }
        let kind = match &error {
            FilesError::NotRegular {
                kind: FileKind::Directory,
                ..
            } => Kind::IsADirectory,
            FilesError::NotDirectory { .. } => Kind::NotADirectory,
            FilesError::TooLarge { .. }
            | FilesError::TooMany { .. }
            | FilesError::TooDeep { .. } => Kind::InvalidData,
            // Not `Interrupted`, which readers ignore.
            FilesError::Stopped { .. } => Kind::Other,
            _ => Kind::InvalidInput,
        };
        Self::new(kind, Reason(error))
    }
}
