//! Heaps: fractal heaps hold the links of large groups, and global heaps hold strings of variable
//! length.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
};

use super::{
    error::{Hdf5Error, damaged, unsupported},
    storage::{Budget, Fields, Storage, address},
};

/// More rows than the 2^32 objects of a heap need.
const MAX_ROWS: u64 = 128;
/// The HDF5 library writes collections of 4 KiB, and larger ones only for a single long string.
const LARGEST_COLLECTION: u64 = 64 << 20;

/// The direct blocks of a fractal heap, which locate its objects.
pub(super) struct FractalHeap {
    /// Bytes of an offset in the id of an object.
    offset_size: usize,
    /// Bytes of a length in the id of an object.
    length_size: usize,
    /// Offset within the heap, address and size of every direct block, sorted by offset.
    blocks: Vec<(u64, u64, u64)>,
}

struct Table {
    width: u64,
    start: u64,
    direct_rows: u64,
    block_offset_size: usize,
}

impl Table {
    fn row_size(&self, row: u64) -> u64 {
        self.start
            .saturating_mul(1 << row.saturating_sub(1).min(62))
    }
}

impl FractalHeap {
    pub fn read(storage: &mut Storage, at: u64, budget: &mut Budget) -> Result<Self, Hdf5Error> {
        let (offset, length) = (storage.offset_size, storage.length_size);
        let mut head = storage.small(at, 22 + 12 * length + 3 * offset)?;
        head.expect(b"FRHP", at)?;
        head.byte()?;
        head.uint(2)?;
        let filters = head.uint(2)?;
        head.byte()?;
        let largest_object = head.uint(4)?;
        head.uint(length)?;
        head.uint(offset)?;
        head.uint(length)?;
        head.uint(offset)?;
        for _ in 0..8 {
            head.uint(length)?;
        }
        let width = head.uint(2)?;
        let start = head.uint(length)?;
        let largest_block = head.uint(length)?;
        let bits = head.uint(2)?;
        head.uint(2)?;
        let root = address(&mut head, offset)?;
        let rows = head.uint(2)?;
        if filters > 0 {
            return Err(unsupported("compresses the links of its groups"));
        }
        let valid = width > 0
            && start.is_power_of_two()
            && largest_block.is_power_of_two()
            && start <= largest_block
            && largest_block <= 1 << 32
            && bits <= 64
            && rows <= MAX_ROWS;
        if !valid {
            return Err(damaged(format!("the heap at byte {at} has invalid sizes")));
        }
        let table = Table {
            width,
            start,
            direct_rows: u64::from(largest_block.ilog2() - start.ilog2()) + 2,
            block_offset_size: (bits as usize).div_ceil(8),
        };
        let mut heap = Self {
            offset_size: table.block_offset_size,
            length_size: bytes_for(largest_block.min(largest_object)),
            blocks: Vec::new(),
        };
        match root {
            None => {}
            Some(root) if rows == 0 => heap.blocks.push((0, root, start)),
            Some(root) => heap.indirect(storage, &table, root, rows, budget)?,
        }
        heap.blocks.sort_unstable();
        Ok(heap)
    }

    fn indirect(
        &mut self,
        storage: &mut Storage,
        table: &Table,
        root: u64,
        rows: u64,
        budget: &mut Budget,
    ) -> Result<(), Hdf5Error> {
        let offset = storage.offset_size;
        let mut stack = vec![(root, rows, 0)];
        let mut block = Vec::new();
        while let Some((at, rows, start)) = stack.pop() {
            let head = 5 + offset + table.block_offset_size;
            let size = head as u64 + rows * table.width * offset as u64;
            budget.spend(size)?;
            storage.read(at, size, &mut block)?;
            let mut fields = Fields(&block);
            fields.expect(b"FHIB", at)?;
            fields.bytes(head - 4)?;
            let mut place: u64 = start;
            for row in 0..rows {
                let size = table.row_size(row);
                for _ in 0..table.width {
                    if let Some(child) = address(&mut fields, offset)? {
                        if row < table.direct_rows {
                            self.blocks.push((place, child, size));
                        } else {
                            let rows = u64::from(size.ilog2())
                                .checked_sub(u64::from((table.start * table.width).ilog2()))
                                .map(|rows| rows + 1)
                                .filter(|&rows| rows <= MAX_ROWS)
                                .ok_or_else(|| damaged("a heap has invalid sizes"))?;
                            stack.push((child, rows, place));
                        }
                    }
                    place = place.saturating_add(size);
                }
            }
        }
        Ok(())
    }

    /// Address and length of the object with this id.
    pub fn locate(&self, id: &[u8]) -> Result<(u64, u64), Hdf5Error> {
        let mut id = Fields(id);
        if id.byte()? & 0x30 != 0 {
            return Err(unsupported("stores links outside their heap"));
        }
        let offset = id.uint(self.offset_size)?;
        let length = id.uint(self.length_size)?;
        let outside = || damaged("a link is outside its heap");
        let at = self.blocks.partition_point(|&(start, ..)| start <= offset);
        let (start, address, size) = *at
            .checked_sub(1)
            .and_then(|at| self.blocks.get(at))
            .ok_or_else(outside)?;
        let within = offset - start;
        if within.checked_add(length).is_none_or(|end| end > size) {
            return Err(outside());
        }
        Ok((address.checked_add(within).ok_or_else(outside)?, length))
    }
}

fn bytes_for(largest: u64) -> usize {
    (64 - largest.leading_zeros()).div_ceil(8).max(1) as usize
}

/// The bytes read in collections and strings may be this multiple of the file's length. In a valid
/// file each collection is read about once and each string has its own bytes.
const MAX_READ_FACTOR: u64 = 4;
/// Limit of the bytes of the cached collections, with the maps of their objects.
const MAX_CACHED_BYTES: usize = 64 << 20;

/// Strings of variable length, with a cache of the collections that were read last.
#[derive(Default)]
pub(super) struct GlobalHeap {
    cached: HashMap<u64, Collection>,
    /// Addresses of the cached collections, the oldest first.
    order: VecDeque<u64>,
    cached_bytes: usize,
    spent: u64,
}

struct Collection {
    bytes: Vec<u8>,
    /// The range of each object in `bytes`.
    objects: HashMap<u64, Range<usize>>,
}

impl Collection {
    /// Indexes all objects. Objects after a damaged one are not indexed, which is an error only if
    /// one of them is requested.
    fn parse(bytes: Vec<u8>, length_size: usize) -> Self {
        let mut objects = HashMap::new();
        let mut start = 8 + length_size;
        while let Some((index, object)) = object_at(&bytes, start, length_size) {
            let Some(next) = object.len().checked_next_multiple_of(8) else {
                break;
            };
            start = object.start.saturating_add(next);
            objects.entry(index).or_insert(object);
        }
        Self { bytes, objects }
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.objects.len() * (size_of::<(u64, Range<usize>)>() + 8)
    }
}

/// Index and range of the object whose header is at `start`; `None` where the free space begins.
fn object_at(bytes: &[u8], start: usize, length_size: usize) -> Option<(u64, Range<usize>)> {
    let mut head = Fields(bytes.get(start..)?);
    let index = head.uint(2).ok().filter(|&index| index != 0)?;
    head.bytes(6).ok()?;
    let size = usize::try_from(head.uint(length_size).ok()?).ok()?;
    let from = start + 8 + length_size;
    let to = from.checked_add(size)?;
    (to <= bytes.len()).then_some((index, from..to))
}

impl GlobalHeap {
    /// Object `index` of the collection at address `at`.
    pub fn get(&mut self, storage: &mut Storage, at: u64, index: u64) -> Result<&[u8], Hdf5Error> {
        if !self.cached.contains_key(&at) {
            let collection = self.load(storage, at)?;
            self.cache(at, collection);
        }
        let string = self
            .cached
            .get(&at)
            .and_then(|collection| {
                let range = collection.objects.get(&index)?;
                collection.bytes.get(range.clone())
            })
            .ok_or_else(|| {
                damaged(format!(
                    "string {index} is not in the collection at byte {at}"
                ))
            })?;
        spend(&mut self.spent, storage, string.len() as u64)?;
        Ok(string)
    }

    fn load(&mut self, storage: &mut Storage, at: u64) -> Result<Collection, Hdf5Error> {
        let length_size = storage.length_size;
        let mut head = storage.small(at, 8 + length_size)?;
        head.expect(b"GCOL", at)?;
        head.bytes(4)?;
        let size = head.uint(length_size)?;
        if !(16..=LARGEST_COLLECTION).contains(&size) {
            return Err(damaged(format!("a collection of strings has {size} bytes")));
        }
        spend(&mut self.spent, storage, size)?;
        let mut bytes = Vec::new();
        storage.read(at, size, &mut bytes)?;
        Ok(Collection::parse(bytes, length_size))
    }

    fn cache(&mut self, at: u64, collection: Collection) {
        self.cached_bytes += collection.size();
        while self.cached_bytes > MAX_CACHED_BYTES
            && let Some(first) = self.order.pop_front()
        {
            self.cached_bytes -= self.cached.remove(&first).map_or(0, |first| first.size());
        }
        self.order.push_back(at);
        self.cached.insert(at, collection);
    }
}

fn spend(spent: &mut u64, storage: &Storage, bytes: u64) -> Result<(), Hdf5Error> {
    *spent = spent.saturating_add(bytes);
    if *spent > storage.len().saturating_mul(MAX_READ_FACTOR) {
        return Err(damaged("too many strings refer to the same bytes"));
    }
    Ok(())
}
