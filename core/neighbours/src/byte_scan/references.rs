//! The rows of all references as bytes, packed for a kernel.

use rayon::prelude::*;

use crate::{
    aligned::Aligned,
    index::Index,
    kernels::{BoundRow, PackedValue, Rounding, TileKernel},
    leading::{key_offset, round_reference},
};

/// Tiles that one thread packs at a time.
const TILES: usize = 4;

pub(super) struct ByteRows<L: TileKernel> {
    /// Number of columns, padded to whole lines.
    pub(super) width: usize,
    /// `[tile][line][row][column of the line]`
    pub(super) tiles: Aligned<L::Packed>,
    /// One per row of the tiles, padding included.
    pub(super) rows: Vec<BoundRow>,
    /// The largest norm of the error of a row.
    pub(super) largest_error: f64,
}

impl<L: TileKernel> ByteRows<L> {
    /// Reads every member once, in parallel.
    pub(super) fn new(index: &Index<'_>) -> Self {
        let width = index.width().next_multiple_of(L::LINE);
        let members = index.members.len();
        let padded = members.next_multiple_of(L::ROWS);
        let mut tiles = Aligned::<L::Packed>::new(padded * width);
        let mut rows = vec![BoundRow::default(); padded];
        let rounding = Rounding::detect();
        tiles
            .par_chunks_mut(TILES * L::ROWS * width)
            .zip(rows.par_chunks_mut(TILES * L::ROWS))
            .enumerate()
            .for_each_init(
                || (vec![0_i8; width], Vec::new()),
                |(bytes, scratch), (part, (tiles, rows))| {
                    let first = part * TILES * L::ROWS;
                    for (number, row) in rows.iter_mut().enumerate().take(members - first) {
                        let member = first + number;
                        let values = index.references.row(index.members[member] as usize);
                        let values = values.as_f32(scratch);
                        let offset = key_offset(index, member);
                        let out = &mut bytes[..values.len()];
                        *row = round_reference::<L::Packed>(
                            rounding, index, member, values, offset, out,
                        );
                        let tile = &mut tiles[number / L::ROWS * L::ROWS * width..];
                        pack::<L>(bytes, number % L::ROWS, tile);
                    }
                },
            );
        let errors = rows.iter().map(|row| f64::from(row.tail));
        Self {
            width,
            largest_error: errors.fold(0.0, f64::max),
            tiles,
            rows,
        }
    }
}

/// Writes a row into its place in a tile.
fn pack<L: TileKernel>(bytes: &[i8], row: usize, tile: &mut [L::Packed]) {
    for (line, bytes) in bytes.chunks_exact(L::LINE).enumerate() {
        let out = &mut tile[(line * L::ROWS + row) * L::LINE..][..L::LINE];
        for (out, &byte) in out.iter_mut().zip(bytes) {
            *out = L::Packed::reference_integer(byte);
        }
    }
}
