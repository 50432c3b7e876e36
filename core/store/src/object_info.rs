//! What a store says of an object.

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// What changes when it does.
    pub(crate) etag: Option<String>,
}

/// What an object's content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// What changes when the object does.
    pub(crate) etag: Option<String>,
}

/// How an object that was to be made is there now.
#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is made in a build without stores elsewhere"
    )
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// It was made.
    Now,
    /// The same was there, of an earlier try or of somebody else.
    Before,
}
