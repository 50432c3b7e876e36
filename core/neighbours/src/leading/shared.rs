//! What all batches of a search share.

use super::references::{Leading, Tables};
use crate::{
    index::{Index, SearchOptions},
    kernels::{ByteProduct, KeyKernel, RowProduct, TileKernel},
    rows::Matrix,
};

/// What all batches of a search share.
pub(super) struct Shared<'s, 'a, K: KeyKernel, L: TileKernel> {
    pub(super) kernel: L,
    pub(super) leading: &'s Leading<K, L>,
    pub(super) tables: Tables<'s, L>,
    pub(super) index: &'s Index<'a>,
    pub(super) queries: &'s Matrix<'s>,
    pub(super) options: &'s SearchOptions<'s>,
    pub(super) product: RowProduct,
    pub(super) byte_product: ByteProduct,
    /// Number of members of each group.
    pub(super) group_sizes: Vec<usize>,
    /// Reports pairs as done; false stops the search.
    pub(super) report: &'s (dyn Fn(u64) -> bool + Sync),
}
