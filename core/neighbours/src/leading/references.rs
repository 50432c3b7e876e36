//! The leading coordinates of all references, packed for a kernel.

use rayon::prelude::*;

use super::{
    basis::leading_directions,
    coordinates::{Coordinates, deviation, round},
    product::{Products, Vectors},
};
use crate::{
    bounds::{packing_error, packing_scale},
    index::Index,
    kernels::{BoundRow, KeyKernel, TileKernel},
    metric::DistanceMetric,
};

/// Tiles that one thread builds at a time.
const TILES: usize = 8;

/// The leading block of an index: `K` multiplies with the directions, `L` multiplies coordinates.
pub(super) struct Leading<K: KeyKernel, L: TileKernel> {
    pub(super) directions: Vectors<K>,
    /// The Frobenius norm of `B B' - I`.
    pub(super) deviation: f64,
    /// Number of coordinates, padded to whole lines.
    pub(super) width: usize,
    /// `[tile][line][row][column of the line]`
    pub(super) tiles: Vec<L::Packed>,
    /// One per row of the tiles, padding included.
    pub(super) rows: Vec<BoundRow>,
    /// The largest norm of the coordinates of a reference.
    pub(super) norm: f64,
    /// The largest norm of what the coordinates of a reference leave out.
    pub(super) tail: f64,
    /// The largest error of the coordinates of a reference; 0 if every row has its own in `offset`.
    pub(super) error: f64,
}

#[derive(Default, Clone, Copy)]
struct Largest {
    norm: f64,
    tail: f64,
    error: f64,
}

impl Largest {
    fn max(self, other: Self) -> Self {
        Self {
            norm: self.norm.max(other.norm),
            tail: self.tail.max(other.tail),
            error: self.error.max(other.error),
        }
    }
}

impl<K: KeyKernel, L: TileKernel> Leading<K, L> {
    /// Reads every member once, in parallel. `None` if the members have no directions.
    pub(super) fn new(kernel: K, index: &Index<'_>, directions: usize) -> Option<Self> {
        let basis = leading_directions(kernel, index, directions);
        let directions = Vectors::<K>::new(&basis, index.width());
        if directions.count() == 0 {
            return None;
        }
        let packed: Vec<Vec<f64>> = (0..directions.count())
            .map(|number| directions.packed(number))
            .collect();
        let width = directions.count().next_multiple_of(L::LINE);
        let tiles = index.members.len().div_ceil(L::ROWS);
        let mut leading = Self {
            directions,
            deviation: deviation(&packed),
            width,
            tiles: vec![L::Packed::default(); tiles * L::ROWS * width],
            rows: vec![BoundRow::default(); tiles * L::ROWS],
            norm: 0.0,
            tail: 0.0,
            error: 0.0,
        };
        let (mut tiles, mut rows) = (
            std::mem::take(&mut leading.tiles),
            std::mem::take(&mut leading.rows),
        );
        let batch = TILES * L::ROWS;
        let largest = tiles
            .par_chunks_mut(batch * width)
            .zip(rows.par_chunks_mut(batch))
            .enumerate()
            .map_init(
                || Builder::new(kernel, index, &leading, batch),
                |builder, (number, (tiles, rows))| builder.build(number * batch, tiles, rows),
            )
            .reduce(Largest::default, Largest::max);
        leading.tiles = tiles;
        leading.rows = rows;
        leading.norm = largest.norm;
        leading.tail = largest.tail;
        leading.error = match index.metric {
            DistanceMetric::Cosine => 0.0,
            DistanceMetric::L2 => largest.error,
        };
        Some(leading)
    }
}

struct Builder<'b, 'a, K: KeyKernel, L: TileKernel> {
    kernel: K,
    index: &'b Index<'a>,
    leading: &'b Leading<K, L>,
    products: Products<K>,
    scales: Vec<f32>,
    scratch: Vec<f32>,
    coordinates: Vec<f32>,
}

impl<'b, 'a, K: KeyKernel, L: TileKernel> Builder<'b, 'a, K, L> {
    fn new(kernel: K, index: &'b Index<'a>, leading: &'b Leading<K, L>, batch: usize) -> Self {
        Self {
            kernel,
            index,
            leading,
            products: Products::new(&leading.directions, batch),
            scales: vec![0.0; batch],
            scratch: Vec::new(),
            coordinates: vec![0.0; leading.width],
        }
    }

    fn build(&mut self, start: usize, tiles: &mut [L::Packed], rows: &mut [BoundRow]) -> Largest {
        let Leading {
            directions, width, ..
        } = self.leading;
        let count = rows.len().min(self.index.members.len() - start);
        for number in 0..count {
            let scale = packing_scale(K::PRECISION, self.index.sizes[start + number]);
            let row = self.index.members[start + number] as usize;
            let values = self.index.references.row(row).as_f32(&mut self.scratch);
            self.products
                .pack(self.kernel, directions, number, values, scale);
            self.scales[number] = scale;
        }
        self.products.multiply(self.kernel, directions);
        let mut largest = Largest::default();
        for number in 0..count {
            let member = start + number;
            let coordinates = self.round(member, self.scales[number], number);
            largest = largest.max(Largest {
                norm: coordinates.norm,
                tail: coordinates.tail,
                error: coordinates.error,
            });
            rows[number] = self.bound_row(member, coordinates);
            let tile = &mut tiles[number / L::ROWS * L::ROWS * width..];
            let row = number % L::ROWS * L::LINE;
            for (line, values) in self.coordinates.chunks_exact(L::LINE).enumerate() {
                let out = &mut tile[line * L::ROWS * L::LINE + row..][..L::LINE];
                for (out, value) in out.iter_mut().zip(values) {
                    *out = crate::kernels::PackedValue::reference(*value);
                }
            }
        }
        largest
    }

    /// The coordinates of row `number` of the products, in `self.coordinates`.
    fn round(&mut self, member: usize, scale: f32, number: usize) -> Coordinates {
        let Leading {
            directions,
            deviation,
            ..
        } = self.leading;
        let size = self.index.sizes[member];
        let divisor = self.index.divisor(member);
        if divisor == 0.0 || size.squared == 0.0 {
            self.coordinates.fill(0.0);
            return round::<L::Packed>(&mut self.coordinates, 0.0, 0.0, *deviation, 0.0);
        }
        let factor = (1.0 / (f64::from(scale) * divisor)) as f32;
        let count = directions.count();
        self.products
            .read(directions, number, factor, &mut self.coordinates[..count]);
        let error = packing_error(K::PRECISION, self.index.width(), count, size, scale);
        round::<L::Packed>(
            &mut self.coordinates,
            size.squared / (divisor * divisor),
            error * (1.0 + deviation),
            *deviation,
            0.0,
        )
    }

    fn bound_row(&self, member: usize, coordinates: Coordinates) -> BoundRow {
        let size = self.index.sizes[member];
        let offset = match self.index.metric {
            // Rounded up by more than the rounding of the bound.
            DistanceMetric::Cosine => (coordinates.error * (1.0 + 1e-5)) as f32,
            DistanceMetric::L2 => {
                let norm = size.norm() / self.index.divisor(member);
                (-norm * norm / 2.0) as f32
            }
        };
        BoundRow {
            factor: coordinates.step,
            tail: (coordinates.tail as f32).next_up(),
            offset: offset.min(f32::MAX),
            class: u32::from(self.index.class(member)),
        }
    }
}
