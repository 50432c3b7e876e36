//! Products of rows with a few packed vectors, through the kernels of the search.

use crate::{
    bounds::{Size, packing_scale},
    kernels::{Exact, KeyKernel, PackedValue, SumValue},
};

/// Bytes of a run of columns of a panel: a fraction of the first-level cache.
const RUN_BYTES: usize = 32 << 10;

/// Vectors packed once, to be multiplied with many rows.
pub(super) struct Vectors<K: KeyKernel> {
    width: usize,
    padded: usize,
    run: usize,
    count: usize,
    panels: Vec<K::Packed>,
    /// The factor of each vector that undoes its scale, 0 for padding.
    pub(super) factors: Vec<f32>,
}

impl<K: KeyKernel> Vectors<K> {
    /// Packs `vectors`, one row of `width` values after another.
    pub(super) fn new(vectors: &[f32], width: usize) -> Self {
        let count = vectors.len() / width;
        let padded = width.next_multiple_of(K::LINE);
        let lanes = count.next_multiple_of(K::QUERIES).max(K::QUERIES);
        let run = RUN_BYTES / (K::QUERIES * size_of::<K::Packed>()) / K::LINE * K::LINE;
        let mut panels = vec![K::Packed::default(); padded * lanes];
        let mut factors = vec![0.0; lanes];
        let exact = Exact::detect();
        for (number, vector) in vectors.chunks_exact(width).enumerate() {
            let (squared, largest) = exact.norm(vector);
            let scale = packing_scale(K::PRECISION, Size { squared, largest });
            factors[number] = (1.0 / f64::from(scale)) as f32;
            let panel = &mut panels[number / K::QUERIES * padded * K::QUERIES..];
            for (column, value) in vector.iter().enumerate() {
                panel[position::<K>(column, number)] = K::Packed::from_scaled(value * scale);
            }
        }
        Self {
            width,
            padded,
            run: run.clamp(K::LINE, padded),
            count,
            panels,
            factors,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A vector as the products see it, without its factor: rounded to the representation of the
    /// kernel.
    pub(super) fn packed(&self, number: usize) -> Vec<f32> {
        let panel = &self.panels[number / K::QUERIES * self.padded * K::QUERIES..];
        (0..self.width)
            .map(|column| panel[position::<K>(column, number)].number())
            .collect()
    }
}

fn position<K: KeyKernel>(column: usize, vector: usize) -> usize {
    (column / K::PAIR * K::QUERIES + vector % K::QUERIES) * K::PAIR + column % K::PAIR
}

/// The products of one batch of rows with all vectors.
pub(super) struct Products<K: KeyKernel> {
    packed: Vec<K::Packed>,
    sums: Vec<K::Sum>,
    tiles: usize,
}

impl<K: KeyKernel> Products<K> {
    /// Room for `rows` rows.
    pub(super) fn new(vectors: &Vectors<K>, rows: usize) -> Self {
        let tiles = rows.div_ceil(K::ROWS);
        Self {
            packed: vec![K::Packed::default(); tiles * K::ROWS * vectors.padded],
            sums: vec![K::Sum::default(); tiles * K::ROWS * vectors.factors.len()],
            tiles,
        }
    }

    /// Sets a row of the batch.
    pub(super) fn pack(
        &mut self,
        kernel: K,
        vectors: &Vectors<K>,
        row: usize,
        values: &[f32],
        scale: f32,
    ) {
        let tile = vectors.padded * K::ROWS;
        let at = row / K::ROWS * tile + row % K::ROWS * K::LINE;
        let end = (row / K::ROWS + 1) * tile;
        kernel.pack_row(values, scale, &mut self.packed[at..end]);
    }

    pub(super) fn multiply(&mut self, kernel: K, vectors: &Vectors<K>) {
        let panel_size = vectors.padded * K::QUERIES;
        let sums_size = self.tiles * K::ROWS * K::QUERIES;
        let panels = vectors.panels.chunks_exact(panel_size);
        for (panel, sums) in panels.zip(self.sums.chunks_exact_mut(sums_size)) {
            let mut column = 0;
            while column < vectors.padded {
                let run = vectors.run.min(vectors.padded - column);
                let panel = &panel[column * K::QUERIES..][..run * K::QUERIES];
                for (tile, sums) in sums.chunks_exact_mut(K::ROWS * K::QUERIES).enumerate() {
                    let at = (tile * vectors.padded + column) * K::ROWS;
                    let packed = &self.packed[at..][..run * K::ROWS];
                    kernel.multiply(panel, packed, run / K::LINE, sums, column > 0);
                }
                column += run;
            }
        }
    }

    /// Writes the products of one row, times `factor`, into `out`.
    pub(super) fn read(&self, vectors: &Vectors<K>, row: usize, factor: f32, out: &mut [f32]) {
        let sums_size = self.tiles * K::ROWS * K::QUERIES;
        for (panel, out) in out.chunks_mut(K::QUERIES).enumerate() {
            let sums = &self.sums[panel * sums_size + row * K::QUERIES..];
            let factors = &vectors.factors[panel * K::QUERIES..];
            for ((out, sum), own) in out.iter_mut().zip(sums).zip(factors) {
                *out = sum.to_f32() * own * factor;
            }
        }
    }
}
