//! What a store lists at a URI.

use jiff::Timestamp;

/// What lies at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entries, by name.
    pub entries: Vec<Listed>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name below the place; a directory's ends with `/`.
    pub name: String,
    /// Its size in bytes; directories have none.
    pub bytes: Option<u64>,
    /// When it was last written, where the store says so.
    pub modified: Option<Timestamp>,
}
