//! Heaps: fractal heaps, which hold the links of large groups, and global heaps, which hold texts of varying length.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::error::{Hdf5Error, broken, unsupported};
use super::storage::{Budget, Fields, Storage, address};

/// More than the 2^32 objects of a heap need.
const MOST_ROWS: u64 = 128;
/// The library makes collections of 4 KiB, larger ones only for a single long text.
const LARGEST_COLLECTION: u64 = 64 << 20;

/// The blocks of a fractal heap, so that the places of its objects can be told.
pub(super) struct FractalHeap {
    /// Bytes of an offset and of a length in the name of an object.
    offset_size: usize,
    length_size: usize,
    /// Offset within the heap, address and size of every direct block, by offset.
    blocks: Vec<(u64, u64, u64)>,
}

struct Table {
    width: u64,
    start: u64,
    direct_rows: u64,
    block_offset_size: usize,
}

impl Table {
    fn size_of_row(&self, row: u64) -> u64 {
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
            return Err(unsupported("compresses the names in its groups"));
        }
        let sound = width > 0
            && start.is_power_of_two()
            && largest_block.is_power_of_two()
            && start <= largest_block
            && largest_block <= 1 << 32
            && bits <= 64
            && rows <= MOST_ROWS;
        if !sound {
            return Err(broken(format!(
                "the heap at byte {at} has impossible sizes"
            )));
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
                let size = table.size_of_row(row);
                for _ in 0..table.width {
                    if let Some(child) = address(&mut fields, offset)? {
                        if row < table.direct_rows {
                            self.blocks.push((place, child, size));
                        } else {
                            let rows = u64::from(size.ilog2())
                                .checked_sub(u64::from((table.start * table.width).ilog2()))
                                .map(|rows| rows + 1)
                                .filter(|&rows| rows <= MOST_ROWS)
                                .ok_or_else(|| broken("a heap has impossible sizes"))?;
                            stack.push((child, rows, place));
                        }
                    }
                    place = place.saturating_add(size);
                }
            }
        }
        Ok(())
    }

    /// Address and length of the object with this name.
    pub fn place(&self, name: &[u8]) -> Result<(u64, u64), Hdf5Error> {
        let mut name = Fields(name);
        if name.byte()? & 0x30 != 0 {
            return Err(unsupported("has links that are kept outside their heap"));
        }
        let offset = name.uint(self.offset_size)?;
        let length = name.uint(self.length_size)?;
        let lost = || broken("a link lies outside its heap");
        let at = self.blocks.partition_point(|&(start, ..)| start <= offset);
        let (start, address, size) = *at
            .checked_sub(1)
            .and_then(|at| self.blocks.get(at))
            .ok_or_else(lost)?;
        let within = offset - start;
        if within.checked_add(length).is_none_or(|end| end > size) {
            return Err(lost());
        }
        Ok((address.checked_add(within).ok_or_else(lost)?, length))
    }
}

fn bytes_for(most: u64) -> usize {
    (64 - most.leading_zeros()).div_ceil(8).max(1) as usize
}

/// How often the length of the file may be read in collections and texts. A sound file gives each collection about once,
/// and each text is in one place.
const MOST_READ: u64 = 4;
/// The collections kept have so many bytes together, with what finds their texts.
const MOST_KEPT: usize = 64 << 20;

/// Texts of varying length; the collections read last are kept.
#[derive(Default)]
pub(super) struct GlobalHeap {
    kept: HashMap<u64, Collection>,
    /// Those kept, the one read first in front.
    order: VecDeque<u64>,
    kept_bytes: usize,
    spent: u64,
}

struct Collection {
    bytes: Vec<u8>,
    /// Where each object is.
    objects: HashMap<u64, Range<usize>>,
}

impl Collection {
    /// Finds all objects at once. What comes after a break is not found, and missed only if it is asked for.
    fn of(bytes: Vec<u8>, length_size: usize) -> Self {
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

/// Number and place of the object whose head is at `start`; none where the free space begins.
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
    /// Object `index` of the collection at `at`.
    pub fn get(&mut self, storage: &mut Storage, at: u64, index: u64) -> Result<&[u8], Hdf5Error> {
        if !self.kept.contains_key(&at) {
            let collection = self.load(storage, at)?;
            self.keep(at, collection);
        }
        let text = self.kept.get(&at).and_then(|collection| {
            let place = collection.objects.get(&index)?;
            collection.bytes.get(place.clone())
        });
        let text = text.ok_or_else(|| {
            broken(format!(
                "text {index} is not in the collection at byte {at}"
            ))
        })?;
        spend(&mut self.spent, storage, text.len() as u64)?;
        Ok(text)
    }

    fn load(&mut self, storage: &mut Storage, at: u64) -> Result<Collection, Hdf5Error> {
        let length_size = storage.length_size;
        let mut head = storage.small(at, 8 + length_size)?;
        head.expect(b"GCOL", at)?;
        head.bytes(4)?;
        let size = head.uint(length_size)?;
        if !(16..=LARGEST_COLLECTION).contains(&size) {
            return Err(broken(format!("a collection of {size} bytes")));
        }
        spend(&mut self.spent, storage, size)?;
        let mut bytes = Vec::new();
        storage.read(at, size, &mut bytes)?;
        Ok(Collection::of(bytes, length_size))
    }

    fn keep(&mut self, at: u64, collection: Collection) {
        self.kept_bytes += collection.size();
        while self.kept_bytes > MOST_KEPT
            && let Some(first) = self.order.pop_front()
        {
            self.kept_bytes -= self.kept.remove(&first).map_or(0, |first| first.size());
        }
        self.order.push_back(at);
        self.kept.insert(at, collection);
    }
}

fn spend(spent: &mut u64, storage: &Storage, bytes: u64) -> Result<(), Hdf5Error> {
    *spent = spent.saturating_add(bytes);
    if *spent > storage.len().saturating_mul(MOST_READ) {
        return Err(broken("its texts refer to the same bytes again and again"));
    }
    Ok(())
}
