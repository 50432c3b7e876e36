//! The result of listing a URI.

use jiff::Timestamp;

/// How deep [`Store::list`](crate::Store::list) goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only the entries directly in the directory.
    Direct,
    /// Everything in the directory and its subdirectories.
    Recursive,
}

/// The entries at a URI.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The entries, by name.
    pub entries: Vec<Listed>,
    /// Whether there are more entries than requested.
    pub more: bool,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// Its name relative to the URI. The name of a directory ends with `/`.
    pub name: String,
    /// Its size in bytes; directories have none.
    pub bytes: Option<u64>,
    /// When it was last written, if the store reports it.
    pub modified: Option<Timestamp>,
}
