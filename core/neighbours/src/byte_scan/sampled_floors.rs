//! Floors before the scan, from a sample of the tiles.
//!
//! Without them, the lists fill with the first references, whatever their distance. If `k` tiles each
//! have a reference with a lower bound of at least `x`, then `k` references have. So the `k`-th largest
//! of the best lower bounds of the tiles is a lower bound of the `k`-th best key. It needs no lists,
//! only the largest number of each tile.

use super::worker::Worker;
use crate::{
    aligned::Aligned,
    kernels::{BoundLanes, TileKernel, TileMaxima},
};

/// Sampled tiles for each neighbour, and besides: with fewer, the scan selects more references; with
/// more, the sample takes longer.
const TILES: usize = 3;
const MORE_TILES: usize = 16;
/// At most one of so many tiles is sampled.
const SHARE: usize = 2;

impl<L: TileKernel> Worker<'_, '_, L> {
    /// Raises the floors of all lists, unless the sample would be too large.
    pub(super) fn raise_floors(&mut self) {
        let (index, batch) = (self.index, self.batch);
        // A label can exclude any number of references.
        if !self.options.labels.is_empty() {
            return;
        }
        // One of the tiles may owe its maximum to the excluded reference.
        let needed = self
            .options
            .k
            .saturating_add(usize::from(self.options.exclude.is_some()));
        // Without the last tile if it has padding.
        let tiles = index.members.len() / L::ROWS;
        let sampled = needed.saturating_mul(TILES).saturating_add(MORE_TILES);
        if sampled > tiles / SHARE {
            return;
        }
        let (width, groups, classes) = (self.rows.width, index.groups, index.classes.len());
        let kind = TileMaxima::detect();
        let counted: Vec<Vec<bool>> = (0..groups)
            .map(|group| {
                let masks = index.classes.iter();
                masks.map(|mask| mask >> group & 1 == 1).collect()
            })
            .collect();
        let mut sums = Aligned::<L::Sum>::new(L::ROWS * L::QUERIES);
        let mut maxima = vec![0.0; L::QUERIES];
        // `[lane][group][tile of the sample]`
        let mut found = vec![f32::NEG_INFINITY; batch.tails.len() * groups * sampled];
        let session = self.kernel.session();
        for at in 0..sampled {
            let number = at * tiles / sampled;
            let tile = &self.rows.tiles[number * width * L::ROWS..][..width * L::ROWS];
            let rows = &self.rows.rows[number * L::ROWS..][..L::ROWS];
            let panels = batch.panels.chunks_exact(width * L::QUERIES);
            for (panel, queries) in panels.enumerate() {
                let lane = panel * L::QUERIES;
                let lanes = BoundLanes {
                    starts: &batch.starts[lane..][..L::QUERIES],
                    tails: &batch.tails[lane..][..L::QUERIES],
                    offsets: &batch.offsets[lane..][..L::QUERIES],
                    thresholds: &self.thresholds[lane * classes..][..L::QUERIES * classes],
                };
                self.kernel
                    .multiply(queries, tile, width / L::LINE, &mut sums, false);
                for (group, counted) in counted.iter().enumerate() {
                    kind.find(&sums, rows, counted, &lanes, &mut maxima);
                    for (query, &largest) in maxima.iter().enumerate() {
                        found[((lane + query) * groups + group) * sampled + at] = largest;
                    }
                }
            }
        }
        drop(session);
        for (list, found) in found.chunks_exact_mut(sampled).enumerate() {
            let query = list / groups;
            let Some(Some(scale)) = batch.scales.get(query) else {
                continue;
            };
            let (_, kth, _) = found.select_nth_unstable_by(needed - 1, |a, b| b.total_cmp(a));
            let floor = batch.bounds[query].threshold_of_kth(*kth, scale.error());
            self.candidates.raise(list, floor);
        }
        for query in (0..batch.queries).filter(|&query| batch.scales[query].is_some()) {
            self.update_thresholds(query);
        }
    }
}
