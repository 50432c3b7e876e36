//! The second and the third level: the bounds of single pairs.

use super::{
    queries::Batch,
    references::{Leading, Tables},
    thresholds::Thresholds,
};
use crate::kernels::{ByteProduct, KeyKernel, RowProduct, TileKernel};

/// What the bounds of a pair need.
pub(super) struct Levels<'l, K: KeyKernel, L: TileKernel> {
    pub(super) leading: &'l Leading<K, L>,
    pub(super) tables: &'l Tables<'l, L>,
    pub(super) batch: &'l Batch<L>,
    pub(super) thresholds: &'l Thresholds,
    pub(super) product: RowProduct,
    pub(super) byte_product: ByteProduct,
}

impl<K: KeyKernel, L: TileKernel> Levels<'_, K, L> {
    /// Whether the bound of a pair from all coordinates reaches the floor, or there is no second
    /// level.
    #[inline(always)]
    pub(super) fn second(&self, query: usize, member: usize) -> bool {
        let Some(bound) = self.batch.wide_bounds.get(query) else {
            return false;
        };
        let width = self.leading.wide_width;
        if width == 0 {
            return true;
        }
        let row = &self.tables.wide_rows[member];
        let left = &self.batch.wide[query * width..][..width];
        let right = &self.tables.wide[member * width..][..width];
        let sum = self.product.dot_integers(left, right) as f32;
        let upper = sum * row.factor + (row.tail * bound.tail + row.offset * bound.offset);
        upper >= self.thresholds.wide(query, row.class)
    }

    /// Whether the bound of a pair from the rows as bytes reaches the floor.
    #[inline(always)]
    pub(super) fn third(&self, query: usize, member: usize) -> bool {
        let row = &self.tables.byte_rows[member];
        let bound = &self.batch.integer_bounds[query];
        let sum = self.product(query, member);
        let upper = sum * row.factor + (row.tail * bound.tail + row.offset * bound.offset);
        upper >= self.thresholds.bytes(query, row.class)
    }

    /// The product of the rows of a pair as integers.
    #[inline(always)]
    pub(super) fn product(&self, query: usize, member: usize) -> f32 {
        let width = self.leading.row_width;
        let query_width = ByteProduct::query_width(width);
        let left = &self.batch.integers[query * query_width..][..query_width];
        let right = &self.tables.bytes[member * width..][..width];
        self.byte_product.dot(left, right) as f32
    }
}
