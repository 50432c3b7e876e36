//! Metadata of an object.

use protea_contracts::Sha256;

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The ETag, which changes with the content.
    pub(crate) etag: Option<String>,
}

/// Hash and size of an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// SHA-256 of the content.
    pub(crate) sha256: Sha256,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The ETag, which changes with the content.
    pub(crate) etag: Option<String>,
}

/// How an object came to exist.
#[cfg_attr(
    not(feature = "cloud"),
    expect(dead_code, reason = "a build without remote stores creates no objects")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// This call created it.
    Now,
    /// An equal object existed, of an earlier attempt or of another process.
    Before,
}
