//! Finds the chunks of a dataset, with each kind of index that HDF5 has.

use std::collections::HashMap;

use super::{
    chunk::Chunk,
    dataset::{Chunked, Dataset, Index},
    error::{Hdf5Error, damaged},
    storage::{Budget, Fields, Storage, address},
    tree,
};

/// Chunks by their row and column in the grid of chunks.
pub(super) type Found = HashMap<(u64, u64), Chunk>;

/// The grid of chunks. A dataset of one dimension is one row.
pub(super) struct Grid {
    /// Elements of a chunk along each of the two dimensions.
    pub chunk: (u64, u64),
    /// Elements of the dataset along each of the two dimensions.
    pub shape: (u64, u64),
    pub chunk_bytes: u64,
    /// Largest number of chunks along the two dimensions; `None` if the dimension is unlimited.
    max_count: (Option<u64>, Option<u64>),
    one_dimension: bool,
}

impl Grid {
    pub fn new(dataset: &Dataset, chunked: &Chunked) -> Result<Self, Hdf5Error> {
        let pair = |dims: &[u64]| match *dims {
            [columns] => Ok((1, columns)),
            [rows, columns] => Ok((rows, columns)),
            _ => Err(damaged("chunks have more than two dimensions")),
        };
        let chunk = pair(&chunked.dims)?;
        let shape = pair(&dataset.dims)?;
        let limits = match *dataset.limits.as_slice() {
            [columns] => (Some(1), columns),
            [rows, columns] => (rows, columns),
            _ => {
                return Err(damaged(
                    "the limits of a dataset have more than two dimensions",
                ));
            }
        };
        let chunk_bytes = chunk
            .0
            .checked_mul(chunk.1)
            .and_then(|n| n.checked_mul(dataset.element_size as u64))
            .ok_or_else(|| damaged("chunks have an invalid size"))?;
        Ok(Self {
            chunk,
            shape,
            chunk_bytes,
            max_count: (
                limits.0.map(|n| n.div_ceil(chunk.0)),
                limits.1.map(|n| n.div_ceil(chunk.1)),
            ),
            one_dimension: dataset.dims.len() == 1,
        })
    }

    /// Number of chunks along the two dimensions.
    pub fn count(&self) -> (u64, u64) {
        (
            self.shape.0.div_ceil(self.chunk.0),
            self.shape.1.div_ceil(self.chunk.1),
        )
    }

    fn exceeds_dataset(&self, place: (u64, u64)) -> bool {
        (place.0 + 1).saturating_mul(self.chunk.0) > self.shape.0
            || (place.1 + 1).saturating_mul(self.chunk.1) > self.shape.1
    }

    /// The number of a chunk in the arrays. The unlimited dimension varies slowest.
    fn number(&self, place: (u64, u64)) -> Option<u64> {
        let (slow, fast, width) = match (self.max_count.0, self.max_count.1) {
            (_, Some(width)) => (place.0, place.1, width),
            (Some(width), None) => (place.1, place.0, width),
            (None, None) => return None,
        };
        slow.checked_mul(width)?.checked_add(fast)
    }
}

/// Finds all chunks of a dataset that were written.
pub(super) fn find(
    storage: &mut Storage,
    dataset: &Dataset,
    chunked: &Chunked,
    grid: &Grid,
) -> Result<Found, Hdf5Error> {
    let mut found = Found::new();
    let Some(at) = chunked.at else {
        return Ok(found);
    };
    let mut budget = Budget::new(storage);
    let filtered = !dataset.filters.is_empty();
    match chunked.index {
        Index::Single { size } => {
            let (size, mask) = size.unwrap_or((grid.chunk_bytes, 0));
            found.insert((0, 0), Chunk { at, size, mask });
        }
        Index::Implicit => for_each_chunk(grid, storage.len(), |place, number| {
            let at = number
                .checked_mul(grid.chunk_bytes)
                .and_then(|start| start.checked_add(at))
                .ok_or_else(|| damaged("a chunk is outside the file"))?;
            let size = grid.chunk_bytes;
            found.insert(place, Chunk { at, size, mask: 0 });
            Ok(())
        })?,
        Index::TreeOne => tree_one(storage, chunked, at, grid, &mut budget, &mut found)?,
        Index::TreeTwo => tree_two(storage, at, grid, filtered, &mut budget, &mut found)?,
        Index::FixedArray => {
            let array = super::arrays::Fixed::read(storage, at, filtered)?;
            for_each_chunk(grid, storage.len(), |place, number| {
                let chunk = array.get(storage, number, grid.chunk_bytes)?;
                found.extend(chunk.map(|chunk| (place, chunk)));
                Ok(())
            })?;
        }
        Index::ExtensibleArray => {
            let array = super::arrays::Extensible::read(storage, at, filtered)?;
            for_each_chunk(grid, storage.len(), |place, number| {
                let chunk = array.get(storage, number, grid.chunk_bytes)?;
                found.extend(chunk.map(|chunk| (place, chunk)));
                Ok(())
            })?;
        }
    }
    if chunked.plain_edges {
        for (&place, chunk) in &mut found {
            if grid.exceeds_dataset(place) {
                chunk.mask = u32::MAX;
            }
        }
    }
    Ok(found)
}

/// Visits every chunk of the grid with its number. Every chunk takes some bytes of the file, which
/// bounds their number.
fn for_each_chunk(
    grid: &Grid,
    file_bytes: u64,
    mut visit: impl FnMut((u64, u64), u64) -> Result<(), Hdf5Error>,
) -> Result<(), Hdf5Error> {
    let (rows, columns) = grid.count();
    if rows.checked_mul(columns).is_none_or(|n| n > file_bytes / 8) {
        return Err(damaged("a dataset has more chunks than fit into the file"));
    }
    for row in 0..rows {
        for column in 0..columns {
            let number = grid
                .number((row, column))
                .ok_or_else(|| damaged("a chunk array indexes two unlimited dimensions"))?;
            visit((row, column), number)?;
        }
    }
    Ok(())
}

fn tree_one(
    storage: &mut Storage,
    chunked: &Chunked,
    at: u64,
    grid: &Grid,
    budget: &mut Budget,
    found: &mut Found,
) -> Result<(), Hdf5Error> {
    let key_size = 8 + 8 * (chunked.dims.len() + 1);
    tree::walk(storage, at, 1, key_size, budget, |mut key, at| {
        let size = key.uint(4)?;
        let mask = key.uint(4)? as u32;
        let rows = if grid.one_dimension { 0 } else { key.uint(8)? };
        let columns = key.uint(8)?;
        let place = (rows / grid.chunk.0, columns / grid.chunk.1);
        found.insert(place, Chunk { at, size, mask });
        Ok(())
    })
}

fn tree_two(
    storage: &mut Storage,
    at: u64,
    grid: &Grid,
    filtered: bool,
    budget: &mut Budget,
    found: &mut Found,
) -> Result<(), Hdf5Error> {
    let offset_size = storage.offset_size;
    let scaled = if grid.one_dimension { 8 } else { 16 };
    tree::records(storage, at, budget, |record| {
        let width = record.len().checked_sub(offset_size + 4 + scaled);
        let mut record = Fields(record);
        let at = address(&mut record, offset_size)?;
        let (size, mask) = match (filtered, width) {
            (false, _) => (grid.chunk_bytes, 0),
            (true, Some(width)) => (record.uint(width)?, record.uint(4)? as u32),
            (true, None) => return Err(damaged("a chunk has no size")),
        };
        let row = if grid.one_dimension {
            0
        } else {
            record.uint(8)?
        };
        let column = record.uint(8)?;
        found.extend(at.map(|at| ((row, column), Chunk { at, size, mask })));
        Ok(())
    })
}
