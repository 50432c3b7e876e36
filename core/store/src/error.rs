//! Why something cannot be read from or written to the store.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why something cannot be read from or written to the store. URIs are shown without what could
/// be a secret: no password, no query.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text is neither a path nor a URI.
    #[error("{location:?} is neither a path nor a URI: {reason}")]
    Location {
        /// The text.
        location: String,
        /// Why.
        reason: String,
    },
    /// The URI's scheme is not one that there is a store for.
    #[error(
        "{uri} cannot be reached: its scheme is none of file, s3, gs, az, http, https and memory"
    )]
    Scheme {
        /// The URI.
        uri: String,
    },
    /// The URI names something elsewhere, where a path of this machine is needed.
    #[error("{uri} is not on this machine")]
    Elsewhere {
        /// The URI.
        uri: String,
    },
    /// This build has files of this machine only.
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
    /// The store does not let these credentials do this.
    #[error("{uri}: the store refuses this: {reason}; check the credentials and what they may do")]
    Denied {
        /// The URI.
        uri: String,
        /// What the store says.
        reason: String,
    },
    /// Nothing is there.
    #[error("there is nothing at {uri}")]
    NotFound {
        /// The URI.
        uri: String,
    },
    /// A directory elsewhere has no manifest, so that nothing could tell whether it is whole.
    #[error(
        "{uri} has neither dataset.json nor {}: it was not published completely",
        super::EXPORT_MANIFEST
    )]
    NotPublished {
        /// The directory.
        uri: String,
    },
    /// A manifest cannot be understood.
    #[error("{uri} is not a manifest: {reason}")]
    Manifest {
        /// The manifest.
        uri: String,
        /// What is wrong.
        reason: String,
    },
    /// What is there is not what its manifest lists.
    #[error("{uri} is not what its manifest lists: {reason}; publish it again from a good copy")]
    Corrupt {
        /// The object.
        uri: String,
        /// How it differs.
        reason: String,
    },
    /// The copy in the cache is not what the manifest lists, and cannot be replaced while another
    /// process uses it. The store itself is as it should be.
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
    /// Something is there already.
    #[error("{} is there already and is not overwritten; choose another place", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Something is published there already.
    #[error("{uri} is there already and is not overwritten; choose another place")]
    Published {
        /// The URI.
        uri: String,
    },
    /// The store can be read only.
    #[error(
        "{uri} cannot be written: a web server is read only; use s3://, gs://, az:// or a directory"
    )]
    ReadOnly {
        /// The URI.
        uri: String,
    },
    /// The store cannot say what it holds.
    #[error(
        "{uri} cannot be listed: a web server does not say what it holds, and there is no manifest"
    )]
    Unlistable {
        /// The URI.
        uri: String,
    },
    /// The store gave no answer, or no further byte, for as long as it is waited for.
    #[error(
        "{uri} cannot be reached; tried for {} s: {reason}; when the store is back, do the same \
         again: what is here already is not transferred twice",
        timeout.as_secs_f64()
    )]
    Unreachable {
        /// The URI.
        uri: String,
        /// How long it was tried.
        timeout: Duration,
        /// What went wrong last.
        reason: String,
    },
    /// The store answered that it cannot do this.
    #[error("{uri}: the store cannot do this: {reason}")]
    Failed {
        /// The URI.
        uri: String,
        /// What it said.
        reason: String,
    },
    /// The user asked for the end. What was downloaded so far is kept for the next time; nothing
    /// was published.
    #[error("cancelled")]
    Cancelled,
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
