//! The superblock and the object headers.

use super::{
    error::{Hdf5Error, damaged, unsupported},
    storage::{Budget, Fields, Storage},
};

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Limit of an object header. A group with many links stores them outside its header.
const LARGEST_HEADER: u64 = 16 << 20;

/// The types of header messages that this crate reads.
pub(super) mod message {
    pub const DATASPACE: u16 = 0x01;
    pub const LINK_INFO: u16 = 0x02;
    pub const DATATYPE: u16 = 0x03;
    pub const LINK: u16 = 0x06;
    pub const EXTERNAL_FILES: u16 = 0x07;
    pub const LAYOUT: u16 = 0x08;
    pub const GROUP_INFO: u16 = 0x0a;
    pub const FILTERS: u16 = 0x0b;
    pub const ATTRIBUTE: u16 = 0x0c;
    pub const CONTINUATION: u16 = 0x10;
    pub const SYMBOL_TABLE: u16 = 0x11;
    pub const ATTRIBUTE_INFO: u16 = 0x15;
}

/// Whether `start` begins with the signature of HDF5. After a user block the signature is at byte
/// 512, 1024, 2048 and so on; the caller passes the bytes from there.
pub fn is_hdf5(start: &[u8]) -> bool {
    start.starts_with(SIGNATURE)
}

/// Finds the superblock, sets the sizes of addresses and lengths and the base address, and returns
/// the address of the root group.
pub(super) fn superblock(storage: &mut Storage) -> Result<u64, Hdf5Error> {
    let mut at = 0;
    loop {
        if storage.within(at, 64).is_err() {
            return Err(damaged("the superblock is missing"));
        }
        if storage.small(at, 8)?.0 == SIGNATURE {
            break;
        }
        at = if at == 0 { 512 } else { at * 2 };
    }
    let left = (storage.len() - at).min(128) as usize;
    let mut block = storage.small(at + 8, left - 8)?;
    let version = block.byte()?;
    let (offset_size, length_size) = match version {
        0 | 1 => {
            block.bytes(4)?;
            let sizes = (block.byte()?, block.byte()?);
            block.bytes(1 + 4 + 4 + if version == 1 { 4 } else { 0 })?;
            sizes
        }
        2 | 3 => {
            let sizes = (block.byte()?, block.byte()?);
            block.bytes(1)?;
            sizes
        }
        _ => {
            return Err(unsupported(format!(
                "has a superblock of version {version}"
            )));
        }
    };
    if ![offset_size, length_size]
        .iter()
        .all(|size| matches!(size, 2 | 4 | 8))
    {
        return Err(damaged("its addresses have an invalid size"));
    }
    let (offset, length) = (usize::from(offset_size), usize::from(length_size));
    let base = block.uint(offset)?;
    block.uint(offset)?;
    let end = block.uint(offset)?;
    // Before version 2 the address of the driver information comes first.
    let mut root = block.uint(offset)?;
    if version < 2 {
        block.uint(offset)?;
        root = block.uint(offset)?;
    }
    storage.offset_size = offset;
    storage.length_size = length;
    // A user block that was added afterwards moves the superblock but does not update its base
    // address.
    storage.rebase(base.max(at))?;
    if end > storage.len() + base.max(at) {
        return Err(damaged(format!(
            "it is cut off: it has {} of {end} bytes",
            storage.len()
        )));
    }
    Ok(root)
}

/// The messages of an object header that this crate reads.
pub(super) struct Object {
    messages: Vec<(u16, Vec<u8>)>,
}

impl Object {
    pub fn read(storage: &mut Storage, at: u64) -> Result<Self, Hdf5Error> {
        let mut object = Self::plain(storage, at)?;
        for (kind, body) in &mut object.messages {
            // A shared datatype or dataspace is stored in another object, as `f["type"] = dtype`
            // does in h5py.
            if *kind == message::ATTRIBUTE {
                continue;
            }
            if let Some(shared) = body.strip_prefix(SHARED) {
                let address = shared_address(storage, shared)?;
                let target = Self::plain(storage, address)?;
                (_, *body) = target
                    .messages
                    .into_iter()
                    .find(|(other, found)| other == kind && !found.starts_with(SHARED))
                    .ok_or_else(|| damaged("a shared message has no target"))?;
            }
        }
        Ok(object)
    }

    fn plain(storage: &mut Storage, at: u64) -> Result<Self, Hdf5Error> {
        let mut object = Self {
            messages: Vec::new(),
        };
        let mut budget = Budget::new(storage);
        let left = storage.len().saturating_sub(at).clamp(1, 16) as usize;
        let mut start = storage.small(at, left)?;
        let mut next: Vec<(u64, u64)> = Vec::new();
        let (first, size, form) = if start.0.starts_with(b"OHDR") {
            start.bytes(4)?;
            let version = start.byte()?;
            if version != 2 {
                return Err(unsupported(format!(
                    "has object headers of version {version}"
                )));
            }
            let flags = start.byte()?;
            let skipped =
                if flags & 0x20 != 0 { 16 } else { 0 } + if flags & 0x10 != 0 { 4 } else { 0 };
            let width = 1 << (flags & 3);
            let size = {
                let mut more = storage.small(at + 6, skipped + width)?;
                more.bytes(skipped)?;
                more.uint(width)?
            };
            let form = Form::Two {
                order: flags & 4 != 0,
            };
            (at + (6 + skipped + width) as u64, size, form)
        } else {
            let version = start.byte()?;
            if version != 1 {
                return Err(damaged(format!(
                    "the object header at byte {at} is missing"
                )));
            }
            start.bytes(7)?;
            let size = start.uint(4)?;
            (at + 16, size, Form::One)
        };
        object.block(storage, first, size, form, &mut next)?;
        let mut total = size;
        while let Some((at, size)) = next.pop() {
            budget.spend(size.max(16))?;
            total = total.saturating_add(size);
            if total > LARGEST_HEADER {
                return Err(damaged(format!("an object header has {total} bytes")));
            }
            match form {
                Form::One => object.block(storage, at, size, form, &mut next)?,
                Form::Two { .. } => {
                    storage.small(at, 4)?.expect(b"OCHK", at)?;
                    let inside = size
                        .checked_sub(8)
                        .ok_or_else(|| damaged("a block of an object header is too short"))?;
                    object.block(storage, at + 4, inside, form, &mut next)?;
                }
            }
        }
        Ok(object)
    }

    fn block(
        &mut self,
        storage: &mut Storage,
        at: u64,
        size: u64,
        form: Form,
        next: &mut Vec<(u64, u64)>,
    ) -> Result<(), Hdf5Error> {
        if size > LARGEST_HEADER {
            return Err(damaged(format!("an object header has {size} bytes")));
        }
        let (offset_size, length_size) = (storage.offset_size, storage.length_size);
        let mut block = Vec::new();
        storage.read(at, size, &mut block)?;
        let mut fields = Fields(&block);
        let head = match form {
            Form::One => 8,
            Form::Two { order } => 4 + if order { 2 } else { 0 },
        };
        while fields.0.len() >= head {
            let (kind, size, flags);
            match form {
                Form::One => {
                    kind = fields.uint(2)? as u16;
                    size = fields.uint(2)? as usize;
                    flags = fields.byte()?;
                    fields.bytes(3)?;
                }
                Form::Two { order } => {
                    kind = u16::from(fields.byte()?);
                    size = fields.uint(2)? as usize;
                    flags = fields.byte()?;
                    fields.bytes(if order { 2 } else { 0 })?;
                }
            }
            let body = fields.bytes(size)?;
            match kind {
                message::CONTINUATION => {
                    let mut body = Fields(body);
                    next.push((body.uint(offset_size)?, body.uint(length_size)?));
                }
                message::DATASPACE
                | message::LINK_INFO
                | message::DATATYPE
                | message::LINK
                | message::EXTERNAL_FILES
                | message::LAYOUT
                | message::GROUP_INFO
                | message::FILTERS
                | message::ATTRIBUTE
                | message::ATTRIBUTE_INFO
                | message::SYMBOL_TABLE => {
                    let shared: &[u8] = if flags & 2 != 0 { SHARED } else { b"" };
                    self.messages.push((kind, [shared, body].concat()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The first message of a type.
    pub fn get(&self, kind: u16) -> Option<Fields<'_>> {
        self.all(kind).next()
    }

    /// All messages of a type.
    pub fn all(&self, kind: u16) -> impl Iterator<Item = Fields<'_>> {
        self.messages
            .iter()
            .filter(move |(other, _)| *other == kind)
            .map(|(_, body)| Fields(body))
    }

    pub fn is_group(&self) -> bool {
        [
            message::SYMBOL_TABLE,
            message::LINK_INFO,
            message::LINK,
            message::GROUP_INFO,
        ]
        .into_iter()
        .any(|kind| self.get(kind).is_some())
    }

    pub fn is_dataset(&self) -> bool {
        self.get(message::LAYOUT).is_some() && self.get(message::DATASPACE).is_some()
    }
}

/// Marks the body of a message that is stored in another object. No other body starts like this,
/// because the first byte is a version.
const SHARED: &[u8] = b"\xffshared:";

fn shared_address(storage: &Storage, body: &[u8]) -> Result<u64, Hdf5Error> {
    let mut body = Fields(body);
    let version = body.byte()?;
    let kind = body.byte()?;
    match (version, kind) {
        (1, _) => {
            body.bytes(6)?;
        }
        (2, _) | (3, 2) => {}
        _ => return Err(unsupported("stores shared messages in a separate table")),
    }
    storage
        .address(&mut body)?
        .ok_or_else(|| damaged("a shared message has no target"))
}

/// The version of an object header, which decides how its messages are laid out.
#[derive(Clone, Copy)]
enum Form {
    One,
    Two {
        /// Whether each message has a creation order.
        order: bool,
    },
}
