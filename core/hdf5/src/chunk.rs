//! A chunk of a dataset.

/// A chunk in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub at: u64,
    /// Bytes, filtered.
    pub size: u64,
    /// A bit for each filter that was left out.
    pub mask: u32,
}
