//! The links of a group: names and the addresses of their object headers.

use super::{
    error::{Hdf5Error, damaged},
    heap::FractalHeap,
    object::{Object, message},
    storage::{Budget, Fields, Storage},
    tree,
};

/// Longest accepted name in bytes. Accessions and names of datasets are far shorter.
const LONGEST_NAME: usize = 4096;
/// Limit of the names of a group, which are read into memory. UniProt's file has 570,000 names of
/// about ten bytes.
const MAX_NAME_BYTES: u64 = 256 << 20;

/// The hard links of a group, in the order of the file. Soft and external links are skipped,
/// because they refer to objects elsewhere, possibly in another file.
pub(super) fn members(
    storage: &mut Storage,
    group: &Object,
) -> Result<Vec<(String, u64)>, Hdf5Error> {
    let mut members = Vec::new();
    let mut budget = Budget::new(storage);
    if let Some(mut table) = group.get(message::SYMBOL_TABLE) {
        let tree = storage.address(&mut table)?;
        let heap = storage.address(&mut table)?;
        if let (Some(tree), Some(heap)) = (tree, heap) {
            symbol_table(storage, tree, heap, &mut budget, &mut members)?;
        }
    }
    for link in group.all(message::LINK) {
        members.extend(parse_link(link, storage.offset_size)?);
    }
    if let Some(mut info) = group.get(message::LINK_INFO) {
        info.byte()?;
        if info.byte()? & 1 != 0 {
            info.bytes(8)?;
        }
        let heap = storage.address(&mut info)?;
        let index = storage.address(&mut info)?;
        if let (Some(heap), Some(index)) = (heap, index) {
            dense(storage, heap, index, &mut budget, &mut members)?;
        }
    }
    Ok(members)
}

/// Reads a group in the format from before HDF5 1.8, which is still the default without
/// `libver="latest"`.
fn symbol_table(
    storage: &mut Storage,
    tree: u64,
    heap: u64,
    budget: &mut Budget,
    members: &mut Vec<(String, u64)>,
) -> Result<(), Hdf5Error> {
    let (offset_size, length_size) = (storage.offset_size, storage.length_size);
    let mut head = storage.small(heap, 8 + 2 * length_size + offset_size)?;
    head.expect(b"HEAP", heap)?;
    head.bytes(4)?;
    let size = head.uint(length_size)?;
    head.uint(length_size)?;
    let data = head.uint(offset_size)?;
    if size > MAX_NAME_BYTES {
        return Err(damaged(format!("a group has {size} bytes of names")));
    }
    let mut names = Vec::new();
    storage.read(data, size, &mut names)?;

    let mut leaves = Vec::new();
    tree::walk(storage, tree, 0, length_size, budget, |_, child| {
        leaves.push(child);
        Ok(())
    })?;
    let entry_size = 2 * offset_size + 24;
    for at in leaves {
        let mut head = storage.small(at, 8)?;
        head.expect(b"SNOD", at)?;
        head.bytes(2)?;
        let count = head.uint(2)? as usize;
        budget.spend((8 + count * entry_size) as u64)?;
        let mut entries = Vec::new();
        storage.read(at + 8, (count * entry_size) as u64, &mut entries)?;
        for entry in entries.chunks_exact(entry_size) {
            let mut entry = Fields(entry);
            let name = entry.uint(offset_size)?;
            let address = entry.uint(offset_size)?;
            // Cache type 2 is a soft link.
            if entry.uint(4)? == 2 {
                continue;
            }
            let name = usize::try_from(name)
                .ok()
                .and_then(|start| names.get(start..))
                .and_then(name_at)
                .ok_or_else(|| damaged("a name is outside the names of its group"))?;
            // In a valid file each link has its own name.
            budget.spend(name.len() as u64)?;
            members.push((String::from_utf8_lossy(name).into_owned(), address));
        }
    }
    Ok(())
}

/// The name at the start of `names`, up to its NUL byte.
fn name_at(names: &[u8]) -> Option<&[u8]> {
    let within = &names[..names.len().min(LONGEST_NAME + 1)];
    match within.iter().position(|&b| b == 0) {
        Some(end) => Some(&within[..end]),
        // The last name may lack its NUL byte.
        None => (within.len() <= LONGEST_NAME).then_some(within),
    }
}

/// Reads a group with many links as `libver="latest"` writes it: the links are in a fractal heap,
/// and a version 2 tree locates them.
fn dense(
    storage: &mut Storage,
    heap: u64,
    index: u64,
    budget: &mut Budget,
    members: &mut Vec<(String, u64)>,
) -> Result<(), Hdf5Error> {
    let mut places = Vec::new();
    let heap = FractalHeap::read(storage, heap, budget)?;
    tree::records(storage, index, budget, |record| {
        // A record is a hash of the name and the id in the heap.
        let mut record = Fields(record);
        record.bytes(4)?;
        places.push(heap.locate(record.0)?);
        Ok(())
    })?;
    // Sorting by address instead of hash makes the reads sequential.
    places.sort_unstable();
    let offset_size = storage.offset_size;
    for (at, length) in places {
        if length as usize > 2 * LONGEST_NAME {
            return Err(damaged("the name of a link is too long"));
        }
        // In a valid file each link has its own bytes.
        budget.spend(length)?;
        let link = storage.small(at, length as usize)?;
        members.extend(parse_link(link, offset_size)?);
    }
    Ok(())
}

fn parse_link(
    mut link: Fields<'_>,
    offset_size: usize,
) -> Result<Option<(String, u64)>, Hdf5Error> {
    let version = link.byte()?;
    if version != 1 {
        return Err(damaged(format!("a link has version {version}")));
    }
    let flags = link.byte()?;
    let kind = if flags & 8 != 0 { link.byte()? } else { 0 };
    link.bytes(if flags & 4 != 0 { 8 } else { 0 })?;
    link.bytes(if flags & 0x10 != 0 { 1 } else { 0 })?;
    let length = link.uint(1 << (flags & 3))?;
    let name = link.bytes(usize::try_from(length).map_err(|_| damaged("a name is too long"))?)?;
    if kind != 0 {
        return Ok(None);
    }
    if name.len() > LONGEST_NAME {
        return Err(damaged("the name of a link is too long"));
    }
    let address = link.uint(offset_size)?;
    Ok(Some((String::from_utf8_lossy(name).into_owned(), address)))
}
