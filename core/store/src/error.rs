//! Errors of the store.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use protea_files::{FilesError, StagingError};

/// Why the store cannot be read or written. URIs in messages have no user, password and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The text is neither a path nor a URI.
    #[error("{location:?} is neither a path nor a URI: {reason}")]
    Location {
        /// The text.
        location: String,
        /// Why.
        reason: String,
    },
    /// The store does not support the URI's scheme.
    #[error("the scheme of {uri} is not supported; use file, s3, gs, az, http, https or memory")]
    Scheme {
        /// The URI.
        uri: String,
    },
    /// The URI is remote, but a local path is required.
    #[error("{uri} is not on this machine")]
    Elsewhere {
        /// The URI.
        uri: String,
    },
    /// This build does not support remote stores.
    #[error(
        "{uri} cannot be reached: this build supports local files only, because it lacks the cargo \
         feature `cloud`"
    )]
    NoCloud {
        /// The URI.
        uri: String,
    },
    /// A setting of the environment cannot be used.
    #[error("{name} cannot be used: {reason}")]
    Setting {
        /// The variable, or the file and the key in it.
        name: String,
        /// Why.
        reason: String,
    },
    /// There are no credentials for the store.
    #[error("there are no credentials for {uri}: {reason}")]
    Credentials {
        /// The URI.
        uri: String,
        /// What was looked for, and what to do.
        reason: String,
    },
    /// The store denies access with these credentials.
    #[error(
        "{uri}: the store denies access: {reason}; check the credentials and their permissions"
    )]
    Denied {
        /// The URI.
        uri: String,
        /// The store's message.
        reason: String,
    },
    /// Nothing exists at the URI.
    #[error("{uri} does not exist")]
    NotFound {
        /// The URI.
        uri: String,
    },
    /// A remote directory has no manifest, so the store cannot check whether it is complete.
    #[error(
        "{uri} has neither dataset.json nor {}: it was not published completely",
        super::EXPORT_MANIFEST
    )]
    NotPublished {
        /// The directory.
        uri: String,
    },
    /// The manifest is invalid.
    #[error("{uri} is not a manifest: {reason}")]
    Manifest {
        /// The manifest.
        uri: String,
        /// What is wrong.
        reason: String,
    },
    /// The content does not match its manifest.
    #[error("{uri} does not match its manifest: {reason}; publish it again from an intact copy")]
    Corrupt {
        /// The object.
        uri: String,
        /// How it differs.
        reason: String,
    },
    /// The copy in the cache does not match the manifest, and cannot be replaced while another
    /// process uses it. The store itself is intact.
    #[error("the copy of {uri} in the cache was changed: {reason}")]
    CacheChanged {
        /// The directory.
        uri: String,
        /// How the copy differs.
        reason: String,
    },
    /// An object was replaced while it was read.
    #[error("{uri} was replaced while it was read; try again")]
    Changed {
        /// The object.
        uri: String,
    },
    /// The destination exists.
    #[error("{} already exists and is not overwritten; choose another destination", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Something is published at the destination.
    #[error("{uri} already exists and is not overwritten; choose another destination")]
    Published {
        /// The URI.
        uri: String,
    },
    /// The store is read-only.
    #[error(
        "{uri} cannot be written: web servers are read-only; use s3://, gs://, az:// or a directory"
    )]
    ReadOnly {
        /// The URI.
        uri: String,
    },
    /// The store cannot list its content.
    #[error("{uri} cannot be listed: web servers have no listing, and there is no manifest")]
    Unlistable {
        /// The URI.
        uri: String,
    },
    /// The store sent nothing for the whole timeout.
    #[error(
        "{uri} cannot be reached; tried for {} s: {reason}; try again later: what is already \
         here is not transferred again",
        timeout.as_secs_f64()
    )]
    Unreachable {
        /// The URI.
        uri: String,
        /// The timeout.
        timeout: Duration,
        /// The last error.
        reason: String,
    },
    /// The store does not support the request.
    #[error("{uri}: the store cannot do this: {reason}")]
    Failed {
        /// The URI.
        uri: String,
        /// The store's message.
        reason: String,
    },
    /// The user cancelled. Downloaded data is kept for the next attempt; nothing was published.
    #[error("cancelled")]
    Cancelled,
    /// A directory contains what is neither copied nor published: a link, a pipe, a device, or more
    /// files or levels than allowed.
    #[error(transparent)]
    Content(FilesError),
    /// Reading failed.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<FilesError> for StoreError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Read { path, source } => Self::Read { path, source },
            FilesError::Write { path, source } => Self::Write { path, source },
            // Only the user's cancellation stops the store.
            FilesError::Stopped { .. } => Self::Cancelled,
            error => Self::Content(error),
        }
    }
}

impl From<StagingError> for StoreError {
    fn from(error: StagingError) -> Self {
        match error {
            StagingError::Exists { path } => Self::Exists { path },
            StagingError::Content(error) => error.into(),
            StagingError::Write { path, source } => Self::Write { path, source },
            StagingError::InvalidName { path } => Self::Location {
                location: path.display().to_string(),
                reason: "it is not a path of a new directory".to_owned(),
            },
        }
    }
}

impl StoreError {
    /// The error of a read of `path`.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// The error of a write to `path`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}
