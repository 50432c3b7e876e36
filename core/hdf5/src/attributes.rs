//! The attributes of an object: those in its header, and those in a heap if it has many.

use super::{
    dataset::{Kind, parse_dataspace, parse_datatype},
    error::Hdf5Error,
    heap::FractalHeap,
    object::{Object, message},
    storage::{Budget, Fields, Storage},
    tree,
};

/// Longest accepted attribute, in bytes. Longer ones are not names of proteins.
const LONGEST: u64 = 4 << 10;

/// The undecoded value of an attribute of one string.
pub(super) struct StringValue {
    pub bytes: Vec<u8>,
    /// Whether the bytes refer to the global heap.
    pub varying: bool,
}

/// The value of the attribute `name`; `None` if the object does not have it or its value is not one
/// string.
pub(super) fn find_string(
    storage: &mut Storage,
    object: &Object,
    name: &str,
) -> Result<Option<StringValue>, Hdf5Error> {
    for attribute in object.all(message::ATTRIBUTE) {
        if let Some(value) = parse(attribute, name, storage.length_size)? {
            return Ok(Some(value));
        }
    }
    let Some(mut info) = object.get(message::ATTRIBUTE_INFO) else {
        return Ok(None);
    };
    info.byte()?;
    if info.byte()? & 1 != 0 {
        info.bytes(2)?;
    }
    let heap = storage.address(&mut info)?;
    let index = storage.address(&mut info)?;
    let (Some(heap), Some(index)) = (heap, index) else {
        return Ok(None);
    };
    let mut budget = Budget::new(storage);
    let heap = FractalHeap::read(storage, heap, &mut budget)?;
    let mut places = Vec::new();
    tree::records(storage, index, &mut budget, |record| {
        // A record starts with the id in the heap.
        places.push(heap.locate(record)?);
        Ok(())
    })?;
    let length_size = storage.length_size;
    for (at, length) in places {
        if length > LONGEST {
            continue;
        }
        budget.spend(length)?;
        let attribute = storage.small(at, length as usize)?;
        if let Some(value) = parse(attribute, name, length_size)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Parses an attribute; `None` if it has another name or its value is not one string.
fn parse(
    mut attribute: Fields<'_>,
    wanted: &str,
    length_size: usize,
) -> Result<Option<StringValue>, Hdf5Error> {
    let version = attribute.byte()?;
    let flags = attribute.byte()?;
    // A shared type or shape is stored elsewhere. h5py does not write one for strings.
    if !(1..=3).contains(&version) || (version > 1 && flags & 3 != 0) {
        return Ok(None);
    }
    let name_size = attribute.uint(2)? as usize;
    let type_size = attribute.uint(2)? as usize;
    let space_size = attribute.uint(2)? as usize;
    if version == 3 {
        attribute.byte()?;
    }
    let padded = |size: usize| {
        if version == 1 {
            size.next_multiple_of(8)
        } else {
            size
        }
    };
    let name = attribute.bytes(padded(name_size))?;
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    if name != wanted.as_bytes() {
        return Ok(None);
    }
    let datatype = Fields(attribute.bytes(padded(type_size))?);
    let space = Fields(attribute.bytes(padded(space_size))?);
    let (kind, size) = parse_datatype(datatype)?;
    let (dims, _) = parse_dataspace(space, length_size)?;
    let varying = match kind {
        Kind::FixedString => false,
        Kind::VariableString => true,
        Kind::Float { .. } | Kind::Other(_) => return Ok(None),
    };
    if dims.iter().any(|&size| size != 1) || size as u64 > LONGEST {
        return Ok(None);
    }
    let bytes = attribute.bytes(size)?.to_vec();
    Ok(Some(StringValue { bytes, varying }))
}
