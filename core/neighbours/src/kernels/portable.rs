//! Single precision in portable Rust. The compiler vectorises it for the baseline of the target.

use super::{BoundLanes, BoundRow, KeyKernel, Precision, RowScale, TileKernel, pack_row_body};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl TileKernel for Portable {
    type Packed = f32;
    type Sum = f32;
    type Session = ();

    const QUERIES: usize = 8;
    const ROWS: usize = 4;
    const LINE: usize = 16;
    const PAIR: usize = 1;

    fn session(self) {}

    fn multiply(self, panel: &[f32], tile: &[f32], lines: usize, sums: &mut [f32], add: bool) {
        let mut products = [[0.0_f32; Self::QUERIES]; Self::ROWS];
        let panel_lines = panel.chunks_exact(Self::QUERIES * Self::LINE);
        let tile_lines = tile.chunks_exact(Self::ROWS * Self::LINE);
        for (queries, rows) in panel_lines.zip(tile_lines).take(lines) {
            for (column, queries) in queries.chunks_exact(Self::QUERIES).enumerate() {
                for (row, products) in products.iter_mut().enumerate() {
                    let value = rows[row * Self::LINE + column];
                    for (product, query) in products.iter_mut().zip(queries) {
                        *product += value * query;
                    }
                }
            }
        }
        for (sum, product) in sums.iter_mut().zip(products.as_flattened()) {
            *sum = if add { *sum + product } else { *product };
        }
    }

    fn filter(
        self,
        sums: &[f32],
        rows: &[RowScale],
        offset_factors: &[f32],
        thresholds: &[f32],
        masks: &mut Vec<u32>,
    ) {
        masks.clear();
        masks.extend(
            sums.chunks_exact(Self::QUERIES)
                .zip(rows)
                .map(|(sums, row)| {
                    let thresholds = &thresholds[usize::from(row.class) * Self::QUERIES..];
                    let mut mask = 0;
                    for query in 0..Self::QUERIES {
                        let key = sums[query] * row.factor + row.offset * offset_factors[query];
                        mask |= u32::from(key >= thresholds[query]) << query;
                    }
                    mask
                }),
        );
    }

    fn reach(
        self,
        panel: &[f32],
        tile: &[f32],
        lines: usize,
        rows: &[BoundRow],
        lanes: &BoundLanes<'_, f32>,
        sums: &mut [f32],
        masks: &mut [u32],
    ) {
        self.multiply(panel, tile, lines, sums, false);
        let products = sums.chunks_exact(Self::QUERIES);
        for ((sums, row), mask) in products.zip(rows).zip(masks) {
            let thresholds = &lanes.thresholds[row.class as usize * Self::QUERIES..];
            *mask = 0;
            for query in 0..Self::QUERIES {
                let shift = row.tail * lanes.tails[query] + row.offset * lanes.offsets[query];
                let bound = sums[query] * row.factor + shift;
                *mask |= u32::from(bound >= thresholds[query]) << query;
            }
        }
    }

    fn pack_row(self, values: &[f32], scale: f32, out: &mut [f32]) {
        pack_row_body::<f32, { Self::LINE }>(values, scale, out, Self::ROWS * Self::LINE);
    }
}

impl KeyKernel for Portable {
    const PRECISION: Precision = Precision::Single;
}
