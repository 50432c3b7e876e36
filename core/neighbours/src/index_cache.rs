//! Where an index keeps what it computed from its references.

use std::{fmt::Debug, sync::Arc};

/// Bytes from a cache, usually of a file that is mapped into memory.
pub type CachedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// What an index saves under one name.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CachePart<'p> {
    /// The name.
    pub name: &'p str,
    /// The bytes, in pieces that follow one another.
    pub pieces: Vec<&'p [u8]>,
}

/// Keeps what an index computes from its references, for the indexes of later processes.
///
/// A cache belongs to one set of references: the same values in the same rows, the same membership
/// and the same metric. The index marks what it saves with a version, its layout and checksums, and
/// computes again what it cannot use. What it computes does not depend on the cache, so neighbours and
/// [`SearchMethod`](crate::SearchMethod) are the same with and without one.
pub trait IndexCache: Debug + Send + Sync {
    /// What was saved under this name, if there is anything. Names have lower-case letters, digits and
    /// hyphens only.
    fn load(&self, name: &str) -> Option<CachedBytes>;

    /// Saves parts that were computed from the references since the index was made. A cache that cannot
    /// save does nothing.
    fn save(&self, parts: &[CachePart<'_>]);

    /// The index cannot use what [`load`](Self::load) returned, and computes it again.
    fn reject(&self, name: &str, reason: &'static str);
}
