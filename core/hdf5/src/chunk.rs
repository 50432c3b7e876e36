//! The location of a chunk of a dataset.

/// The location of a chunk in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub at: u64,
    /// Bytes in the file, after the filters.
    pub size: u64,
    /// Bit `i` is set if filter `i` was skipped when the chunk was written.
    pub mask: u32,
}
