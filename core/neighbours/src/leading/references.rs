//! The leading coordinates of all references, packed for a kernel.

use rayon::prelude::*;

use super::{
    bytes::{self, key_offset, round_reference},
    coordinates::{Coordinates, Rounder, deviation},
    product::{Products, Vectors},
};
use crate::{
    aligned::Aligned,
    bounds::{packing_error, packing_scale},
    index::Index,
    kernels::{BoundRow, KeyKernel, PackedValue, Rounding, SignedByte, TileKernel},
    metric::DistanceMetric,
    saved::Numbers,
};

/// Leading directions whose products find seeds.
const SEED_DIRECTIONS: usize = 64;
/// Tiles that one thread builds at a time.
const TILES: usize = 8;

/// The leading block of an index: `K` multiplies with the directions, `L` multiplies coordinates.
pub(super) struct Leading<K: KeyKernel, L: TileKernel> {
    pub(super) directions: Vectors<K>,
    /// Number of directions of the first level.
    pub(super) first: usize,
    /// Bound on the spectral norm of `B B' - I`.
    pub(super) deviation: f64,
    /// Number of coordinates, padded to whole lines.
    pub(super) width: usize,
    /// Number of these whose products find seeds.
    pub(super) seed_width: usize,
    /// `[tile][line][row][column of the line]`
    pub(super) tiles: Numbers<L::Packed>,
    /// One per row of the tiles, padding included.
    pub(super) rows: Numbers<BoundRow>,
    pub(super) largest: Largest,
    /// Number of coordinates in the second level; 0 if there is none.
    pub(super) wide_width: usize,
    /// All coordinates, one member after another, more accurate than in `tiles`.
    pub(super) wide: Numbers<i16>,
    /// One per member.
    pub(super) wide_rows: Numbers<BoundRow>,
    pub(super) wide_largest: Largest,
    /// Width of the rows in `bytes`.
    pub(super) row_width: usize,
    /// Whole rows, one member after another; empty if they do not fit.
    pub(super) bytes: Numbers<i8>,
    /// One per member, or empty.
    pub(super) byte_rows: Numbers<BoundRow>,
}

/// Numbers of rows in the tables of a leading block.
struct Sizes {
    /// Padded to whole tiles.
    rows: usize,
    wide_rows: usize,
    byte_rows: usize,
}

/// The numbers of a leading block, borrowed for a search.
pub(super) struct Tables<'t, L: TileKernel> {
    pub(super) tiles: &'t [L::Packed],
    pub(super) rows: &'t [BoundRow],
    pub(super) wide: &'t [i16],
    pub(super) wide_rows: &'t [BoundRow],
    pub(super) bytes: &'t [i8],
    pub(super) byte_rows: &'t [BoundRow],
}

/// Bounds for all references.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Largest {
    /// The largest norm of the coordinates of a reference.
    pub(super) norm: f64,
    /// The largest norm of what the coordinates of a reference leave out.
    pub(super) tail: f64,
    /// The largest error of the coordinates of a reference; 0 if every row has its own in `offset`.
    pub(super) error: f64,
}

impl Largest {
    fn add(&mut self, coordinates: Coordinates) {
        *self = self.max(Self {
            norm: coordinates.norm,
            tail: coordinates.tail,
            error: coordinates.error,
        });
    }

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
    pub(super) fn new(kernel: K, index: &Index<'_>, first: usize, basis: &[f32]) -> Option<Self> {
        let mut leading = Self::empty(index, first, basis, None)?;
        let (width, wide_width) = (leading.width, leading.wide_width);
        let sizes = leading.sizes(index);
        let mut tiles = Aligned::<L::Packed>::new(sizes.rows * width);
        let mut rows = vec![BoundRow::default(); sizes.rows];
        let mut wide = vec![0_i16; sizes.wide_rows * wide_width];
        let mut wide_rows = vec![BoundRow::default(); sizes.wide_rows];
        let mut bytes = vec![0_i8; sizes.byte_rows * index.width()];
        let mut byte_rows = vec![BoundRow::default(); sizes.byte_rows];
        let batch = TILES * L::ROWS;
        let missing = index.members.len().div_ceil(batch);
        // One part for each batch, all empty if there is no second or third level.
        let mut wide_parts: Vec<(&mut [i16], &mut [BoundRow])> = wide
            .chunks_mut((batch * wide_width).max(1))
            .zip(wide_rows.chunks_mut(batch))
            .collect();
        wide_parts.resize_with(missing, Default::default);
        let mut byte_parts: Vec<(&mut [i8], &mut [BoundRow])> = bytes
            .chunks_mut(batch * index.width())
            .zip(byte_rows.chunks_mut(batch))
            .collect();
        byte_parts.resize_with(missing, Default::default);
        let largest = tiles
            .par_chunks_mut(batch * width)
            .zip(rows.par_chunks_mut(batch))
            .zip(wide_parts)
            .zip(byte_parts)
            .enumerate()
            .map_init(
                || Builder::new(kernel, index, &leading, batch),
                |builder, (number, (((tiles, rows), wide), bytes))| {
                    builder.build(number * batch, (tiles, rows), wide, bytes)
                },
            )
            .reduce(Default::default, |a, b| (a.0.max(b.0), a.1.max(b.1)));
        leading.tiles = tiles.into();
        leading.rows = rows.into();
        leading.wide = wide.into();
        leading.wide_rows = wide_rows.into();
        leading.bytes = bytes.into();
        leading.byte_rows = byte_rows.into();
        (leading.largest, leading.wide_largest) = largest;
        if index.metric == DistanceMetric::Cosine {
            leading.largest.error = 0.0;
            leading.wide_largest.error = 0.0;
        }
        Some(leading)
    }

    /// A block without numbers, whose directions have this deviation if it is known. `None` if there
    /// are no directions.
    pub(super) fn empty(
        index: &Index<'_>,
        first: usize,
        basis: &[f32],
        deviation: Option<f64>,
    ) -> Option<Self> {
        let directions = Vectors::<K>::new(basis, index.width());
        let count = directions.count();
        if count == 0 {
            return None;
        }
        let deviation = deviation.unwrap_or_else(|| {
            let packed: Vec<Vec<f32>> = (0..count).map(|at| directions.packed(at)).collect();
            self::deviation(&packed, &directions.factors)
        });
        let width = count.min(first).next_multiple_of(L::LINE);
        Some(Self {
            first: count.min(first),
            deviation,
            directions,
            width,
            seed_width: SEED_DIRECTIONS.next_multiple_of(L::LINE).min(width),
            tiles: Numbers::default(),
            rows: Numbers::default(),
            largest: Largest::default(),
            wide_width: if count > first {
                count.next_multiple_of(L::LINE)
            } else {
                0
            },
            wide: Numbers::default(),
            wide_rows: Numbers::default(),
            wide_largest: Largest::default(),
            row_width: index.width(),
            bytes: Numbers::default(),
            byte_rows: Numbers::default(),
        })
    }

    fn sizes(&self, index: &Index<'_>) -> Sizes {
        let members = index.members.len();
        Sizes {
            rows: members.next_multiple_of(L::ROWS),
            wide_rows: if self.wide_width > 0 { members } else { 0 },
            byte_rows: if bytes::fits(index) { members } else { 0 },
        }
    }

    /// Whether the numbers are as many as those of a block of this index.
    pub(super) fn has_expected_sizes(&self, index: &Index<'_>) -> bool {
        let (sizes, tables) = (self.sizes(index), self.tables());
        tables.tiles.len() == sizes.rows * self.width
            && tables.rows.len() == sizes.rows
            && tables.wide.len() == sizes.wide_rows * self.wide_width
            && tables.wide_rows.len() == sizes.wide_rows
            && tables.bytes.len() == sizes.byte_rows * index.width()
            && tables.byte_rows.len() == sizes.byte_rows
    }

    pub(super) fn tables(&self) -> Tables<'_, L> {
        Tables {
            tiles: self.tiles.as_slice(),
            rows: self.rows.as_slice(),
            wide: self.wide.as_slice(),
            wide_rows: self.wide_rows.as_slice(),
            bytes: self.bytes.as_slice(),
            byte_rows: self.byte_rows.as_slice(),
        }
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
    first: Vec<f32>,
    rounding: Rounding,
    rounder: Rounder,
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
            coordinates: vec![0.0; leading.wide_width.max(leading.width)],
            first: vec![0.0; leading.width],
            rounding: Rounding::detect(),
            rounder: Rounder::new(leading.deviation, 0.0),
        }
    }

    fn build(
        &mut self,
        start: usize,
        (tiles, rows): (&mut [L::Packed], &mut [BoundRow]),
        (wide, wide_rows): (&mut [i16], &mut [BoundRow]),
        (bytes, byte_rows): (&mut [i8], &mut [BoundRow]),
    ) -> (Largest, Largest) {
        let Leading {
            directions,
            width,
            wide_width,
            ..
        } = self.leading;
        let count = rows.len().min(self.index.members.len() - start);
        for number in 0..count {
            let scale = packing_scale(K::PRECISION, self.index.sizes[start + number]);
            let row = self.index.members[start + number] as usize;
            let values = self.index.references.row(row).as_f32(&mut self.scratch);
            self.products
                .pack(self.kernel, directions, number, values, scale);
            self.scales[number] = scale;
            if let Some(row) = byte_rows.get_mut(number) {
                let bytes = &mut bytes[number * values.len()..][..values.len()];
                let member = start + number;
                let offset = key_offset(self.index, member);
                *row = round_reference::<SignedByte>(
                    self.rounding,
                    self.index,
                    member,
                    values,
                    offset,
                    bytes,
                );
            }
        }
        self.products.multiply(self.kernel, directions);
        let mut largest = (Largest::default(), Largest::default());
        for number in 0..count {
            let member = start + number;
            let mut first = std::mem::take(&mut self.first);
            let error = self.read(member, number);
            first.copy_from_slice(&self.coordinates[..*width]);
            let size = self.scaled_square(member);
            let coordinates = self.rounder.round::<L::Packed>(&mut first, size, error);
            largest.0.add(coordinates);
            rows[number] = self.bound_row(member, coordinates);
            let tile = &mut tiles[number / L::ROWS * L::ROWS * width..];
            let row = number % L::ROWS * L::LINE;
            for (line, values) in first.chunks_exact(L::LINE).enumerate() {
                let out = &mut tile[line * L::ROWS * L::LINE + row..][..L::LINE];
                for (out, value) in out.iter_mut().zip(values) {
                    *out = L::Packed::reference(*value);
                }
            }
            self.first = first;
            if *wide_width == 0 {
                continue;
            }
            let all = &mut self.coordinates;
            let coordinates = self.rounder.round::<i16>(all, size, error);
            largest.1.add(coordinates);
            wide_rows[number] = self.bound_row(member, coordinates);
            let out = &mut wide[number * wide_width..][..*wide_width];
            for (out, value) in out.iter_mut().zip(&self.coordinates) {
                *out = i16::from_scaled(*value);
            }
        }
        largest
    }

    /// The squared norm of a member, as its key uses it.
    fn scaled_square(&self, member: usize) -> f64 {
        let divisor = self.index.divisor(member);
        if divisor == 0.0 {
            return 0.0;
        }
        self.index.sizes[member].squared / (divisor * divisor)
    }

    /// Reads the coordinates of row `number` of the products. Returns the bound on their error,
    /// relative to the norm of the row.
    fn read(&mut self, member: usize, number: usize) -> f64 {
        let Leading {
            directions,
            deviation,
            ..
        } = self.leading;
        let size = self.index.sizes[member];
        let divisor = self.index.divisor(member);
        if divisor == 0.0 || size.squared == 0.0 {
            self.coordinates.fill(0.0);
            return 0.0;
        }
        let scale = self.scales[number];
        let factor = (1.0 / (f64::from(scale) * divisor)) as f32;
        let count = directions.count();
        self.products
            .read(directions, number, factor, &mut self.coordinates[..count]);
        let error = packing_error(K::PRECISION, self.index.width(), count, size, scale);
        error * (1.0 + deviation)
    }

    fn bound_row(&self, member: usize, coordinates: Coordinates) -> BoundRow {
        let offset = match self.index.metric {
            // Rounded up by more than the rounding of the bound.
            DistanceMetric::Cosine => (coordinates.error * (1.0 + 1e-5)) as f32,
            DistanceMetric::L2 => key_offset(self.index, member),
        };
        BoundRow {
            factor: coordinates.step,
            tail: (coordinates.tail as f32).next_up(),
            offset: offset.min(f32::MAX),
            class: u32::from(self.index.class(member)),
        }
    }
}
