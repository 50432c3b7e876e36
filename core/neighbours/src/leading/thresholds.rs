//! What the bounds of each query must reach.

use super::queries::Batch;
use crate::{index::Index, kernels::TileKernel};

/// One threshold for each query and class of references, for each level.
pub(super) struct Thresholds {
    classes: usize,
    /// `[panel][class][lane]`, for the first bounds, or for the leading products of seeds.
    pub(super) lanes: Vec<f32>,
    /// `[query][class]`, for the second bounds.
    wide: Vec<f32>,
    /// `[query][class]`, for the third bounds.
    bytes: Vec<f32>,
}

impl Thresholds {
    /// Everything reaches them, except for queries without neighbours and padding.
    pub(super) fn new<L: TileKernel>(index: &Index<'_>, batch: &Batch<L>) -> Self {
        let classes = index.classes.len();
        let mut thresholds = Self {
            classes,
            lanes: vec![f32::INFINITY; batch.tails.len() * classes],
            wide: vec![f32::NEG_INFINITY; batch.queries * classes],
            bytes: vec![f32::NEG_INFINITY; batch.queries * classes],
        };
        for query in 0..batch.queries {
            if batch.scales[query].is_some() {
                for class in 0..classes {
                    thresholds.set_lane::<L>(query, class, f32::NEG_INFINITY);
                }
            }
        }
        thresholds
    }

    fn set_lane<L: TileKernel>(&mut self, query: usize, class: usize, threshold: f32) {
        let row = query / L::QUERIES * self.classes + class;
        self.lanes[row * L::QUERIES + query % L::QUERIES] = threshold;
    }

    #[inline(always)]
    pub(super) fn wide(&self, query: usize, class: u32) -> f32 {
        self.wide[query * self.classes + class as usize]
    }

    #[inline(always)]
    pub(super) fn bytes(&self, query: usize, class: u32) -> f32 {
        self.bytes[query * self.classes + class as usize]
    }

    /// Sets the thresholds of a query after the floors of the groups in the mask `raised` have
    /// risen, for the leading products of seeds.
    pub(super) fn seed<L: TileKernel>(
        &mut self,
        index: &Index<'_>,
        query: usize,
        raised: u8,
        floor: impl Fn(usize) -> f32,
    ) {
        for class in 0..self.classes {
            if index.classes[class] & raised != 0 {
                self.set_lane::<L>(query, class, least_floor(index, query, class, &floor));
            }
        }
    }

    /// Sets the thresholds of a query after the floors of the groups in the mask `raised` have
    /// risen.
    pub(super) fn update<L: TileKernel>(
        &mut self,
        index: &Index<'_>,
        batch: &Batch<L>,
        query: usize,
        raised: u8,
        floor: impl Fn(usize) -> f32,
    ) {
        for class in 0..self.classes {
            if index.classes[class] & raised != 0 {
                let floor = least_floor(index, query, class, &floor);
                self.set_lane::<L>(query, class, batch.bounds[query].threshold(floor));
                let at = query * self.classes + class;
                self.wide[at] = batch.wide_bounds[query].threshold(floor);
                self.bytes[at] = batch.integer_bounds[query].threshold(floor);
            }
        }
    }
}

/// The lowest floor of a query among the groups of a class.
fn least_floor(
    index: &Index<'_>,
    query: usize,
    class: usize,
    floor: &impl Fn(usize) -> f32,
) -> f32 {
    (0..index.groups)
        .filter(|group| index.classes[class] >> group & 1 == 1)
        .map(|group| floor(query * index.groups + group))
        .fold(f32::INFINITY, f32::min)
}
