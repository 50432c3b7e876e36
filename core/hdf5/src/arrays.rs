//! The two array indices of chunks in files of HDF5 1.10 and later: the fixed array and the
//! extensible array.

use super::{
    chunk::Chunk,
    error::{Hdf5Error, damaged},
    storage::{Storage, address},
};

/// Enough for 2^54 chunks, and low enough that chunk numbers do not overflow a `u64`.
const MAX_SUPER_BLOCKS: u32 = 48;

/// The layout of an element of either array. An element describes one chunk.
#[derive(Clone, Copy)]
struct Element {
    size: usize,
    filtered: bool,
}

impl Element {
    fn read(
        self,
        storage: &mut Storage,
        at: u64,
        chunk_bytes: u64,
    ) -> Result<Option<Chunk>, Hdf5Error> {
        let offset_size = storage.offset_size;
        let mut fields = storage.small(at, self.size)?;
        let place = address(&mut fields, offset_size)?;
        let (size, mask) = if self.filtered {
            (
                fields.uint(self.size - offset_size - 4)?,
                fields.uint(4)? as u32,
            )
        } else {
            (chunk_bytes, 0)
        };
        Ok(place.map(|at| Chunk { at, size, mask }))
    }

    fn new(size: u8, filtered: bool, client: u8, offset_size: usize) -> Result<Self, Hdf5Error> {
        let size = usize::from(size);
        let width = if filtered {
            offset_size + 4 + 1
        } else {
            offset_size
        };
        if size < width || size > offset_size + 12 || (client == 1) != filtered {
            return Err(damaged(
                "the elements of a chunk array have an invalid size",
            ));
        }
        Ok(Self { size, filtered })
    }
}

/// A block of elements. A large block is divided into pages.
struct Block {
    elements: u64,
    page: u64,
    /// Address of the first element or page.
    at: u64,
}

impl Block {
    fn address(&self, number: u64, element: Element) -> u64 {
        let size = element.size as u64;
        if self.elements <= self.page {
            self.at + number * size
        } else {
            // Each page ends with a checksum.
            self.at + number / self.page * (self.page * size + 4) + number % self.page * size
        }
    }

    fn pages(&self) -> u64 {
        if self.elements > self.page {
            self.elements.div_ceil(self.page)
        } else {
            0
        }
    }
}

/// Whether a page was written. `bits` is the address of a bitmap, most significant bit first.
fn is_page_written(storage: &mut Storage, bits: u64, number: u64) -> Result<bool, Hdf5Error> {
    let byte = storage.small(bits + number / 8, 1)?.byte()?;
    Ok(byte & (0x80 >> (number % 8)) != 0)
}

pub(super) struct Fixed {
    element: Element,
    block: Block,
    bits: u64,
}

impl Fixed {
    pub fn read(storage: &mut Storage, at: u64, filtered: bool) -> Result<Self, Hdf5Error> {
        let (offset, length) = (storage.offset_size, storage.length_size);
        let mut head = storage.small(at, 8 + length + offset)?;
        head.expect(b"FAHD", at)?;
        head.byte()?;
        let client = head.byte()?;
        let element = Element::new(head.byte()?, filtered, client, offset)?;
        let page_bits = head.byte()?;
        let elements = head.uint(length)?;
        let data = address(&mut head, offset)?
            .ok_or_else(|| damaged("a chunk array was never written"))?;
        let page = page_size(page_bits)?;
        storage.small(data, 4)?.expect(b"FADB", data)?;
        let bits = data + (6 + offset) as u64;
        let mut block = Block {
            elements,
            page,
            at: bits,
        };
        if block.pages() > 0 {
            block.at = bits + block.pages().div_ceil(8) + 4;
        }
        let end = elements.checked_mul(element.size as u64);
        storage.within(
            block.at,
            end.ok_or_else(|| damaged("a chunk array has an invalid size"))?,
        )?;
        Ok(Self {
            element,
            block,
            bits,
        })
    }

    pub fn get(
        &self,
        storage: &mut Storage,
        number: u64,
        chunk_bytes: u64,
    ) -> Result<Option<Chunk>, Hdf5Error> {
        if number >= self.block.elements {
            return Err(damaged(
                "a chunk array has fewer elements than the dataset has chunks",
            ));
        }
        if self.block.pages() > 0 && !is_page_written(storage, self.bits, number / self.block.page)?
        {
            return Ok(None);
        }
        self.element.read(
            storage,
            self.block.address(number, self.element),
            chunk_bytes,
        )
    }
}

pub(super) struct Extensible {
    element: Element,
    page: u64,
    /// Elements in the index block itself.
    in_index: u64,
    /// Elements in the smallest data block.
    smallest: u64,
    /// Number of super blocks whose data blocks the index block addresses. The others have their
    /// own block.
    known: u32,
    super_blocks: u32,
    arrays_offset: usize,
    elements_at: u64,
}

impl Extensible {
    pub fn read(storage: &mut Storage, at: u64, filtered: bool) -> Result<Self, Hdf5Error> {
        let (offset, length) = (storage.offset_size, storage.length_size);
        let mut head = storage.small(at, 12 + 6 * length + offset)?;
        head.expect(b"EAHD", at)?;
        head.byte()?;
        let client = head.byte()?;
        let element = Element::new(head.byte()?, filtered, client, offset)?;
        let bits = u32::from(head.byte()?);
        let in_index = u64::from(head.byte()?);
        let smallest = u64::from(head.byte()?);
        let pointers = u64::from(head.byte()?);
        let page_bits = head.byte()?;
        head.bytes(6 * length)?;
        let index = address(&mut head, offset)?
            .ok_or_else(|| damaged("a chunk array was never written"))?;
        let valid = smallest.is_power_of_two()
            && pointers.is_power_of_two()
            && pointers >= 2
            && bits <= 64
            && bits >= smallest.ilog2();
        if !valid {
            return Err(damaged("a chunk array has invalid sizes"));
        }
        storage.small(index, 4)?.expect(b"EAIB", index)?;
        Ok(Self {
            element,
            page: page_size(page_bits)?,
            in_index,
            smallest,
            known: 2 * pointers.ilog2(),
            super_blocks: 1 + bits - smallest.ilog2(),
            arrays_offset: bits.div_ceil(8) as usize,
            elements_at: index + (6 + offset) as u64,
        })
    }

    /// Number of data blocks of a super block, and number of elements of each data block.
    fn blocks(&self, super_block: u32) -> (u64, u64) {
        (
            1 << (super_block / 2),
            self.smallest << super_block.div_ceil(2),
        )
    }

    pub fn get(
        &self,
        storage: &mut Storage,
        number: u64,
        chunk_bytes: u64,
    ) -> Result<Option<Chunk>, Hdf5Error> {
        let offset = storage.offset_size as u64;
        let size = self.element.size as u64;
        let Some(mut left) = number.checked_sub(self.in_index) else {
            let at = self.elements_at + number * size;
            return self.element.read(storage, at, chunk_bytes);
        };
        let (mut super_block, mut data_blocks) = (0, 0);
        let (count, elements) = loop {
            if super_block >= self.super_blocks.min(MAX_SUPER_BLOCKS) {
                return Err(damaged(
                    "a chunk array has fewer elements than the dataset has chunks",
                ));
            }
            let (count, elements) = self.blocks(super_block);
            if left < count * elements {
                break (count, elements);
            }
            left -= count * elements;
            data_blocks += count;
            super_block += 1;
        };
        let within = left / elements;
        let mut block = Block {
            elements,
            page: self.page,
            at: 0,
        };
        let pointers = self.elements_at + self.in_index * size;
        let mut written_bits = None;
        let pointer = if super_block < self.known {
            pointers + (data_blocks + within) * offset
        } else {
            let known_blocks: u64 = (0..self.known).map(|number| self.blocks(number).0).sum();
            let own = pointers + (known_blocks + u64::from(super_block - self.known)) * offset;
            let Some(own) = address(&mut storage.small(own, offset as usize)?, offset as usize)?
            else {
                return Ok(None);
            };
            storage.small(own, 4)?.expect(b"EASB", own)?;
            let bits = own + 6 + offset + self.arrays_offset as u64;
            if block.pages() > 0 {
                written_bits = Some(bits);
            }
            bits + count * block.pages().div_ceil(8) + within * offset
        };
        let Some(data) = address(
            &mut storage.small(pointer, offset as usize)?,
            offset as usize,
        )?
        else {
            return Ok(None);
        };
        storage.small(data, 4)?.expect(b"EADB", data)?;
        block.at = data + 6 + offset + self.arrays_offset as u64;
        let number = left % elements;
        if block.pages() > 0 {
            block.at += 4;
            let page = within * block.pages() + number / self.page;
            match written_bits {
                Some(bits) if !is_page_written(storage, bits, page)? => return Ok(None),
                _ => {}
            }
        }
        self.element
            .read(storage, block.address(number, self.element), chunk_bytes)
    }
}

fn page_size(bits: u8) -> Result<u64, Hdf5Error> {
    match bits {
        0..=32 => Ok(1 << bits),
        _ => Err(damaged("the pages of a chunk array have an invalid size")),
    }
}
