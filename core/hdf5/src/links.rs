//! The links of a group: names, and where they lead.

use super::{
    error::{Hdf5Error, damaged, unsupported},
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

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A hard link: the address of an object header.
    Object(u64),
    /// A soft link: a path in this file, relative to the group of the link or to the root.
    Path(String),
    /// A link to an object of another file.
    External {
        /// The path of the file, as it was written.
        file: String,
        /// The path of the object.
        path: String,
    },
}

/// A name in a group and where it leads.
pub(super) type Link = (String, Target);

/// The links of a group, in the order of the file.
pub(super) fn members(storage: &mut Storage, group: &Object) -> Result<Vec<Link>, Hdf5Error> {
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
        members.push(parse_link(link, storage.offset_size)?);
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
    members: &mut Vec<Link>,
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
            let name = name_at(&names, name)?;
            // In a valid file each link has its own name.
            budget.spend(name.len() as u64)?;
            let target = if entry.uint(4)? == SOFT_ENTRY {
                entry.bytes(4)?;
                let path = name_at(&names, entry.uint(4)?)?;
                budget.spend(path.len() as u64)?;
                Target::Path(text(path))
            } else {
                Target::Object(address)
            };
            members.push((text(name), target));
        }
    }
    Ok(())
}

/// The cache type of an entry that is a soft link. Its path is among the names of the group.
const SOFT_ENTRY: u64 = 2;

/// The name at a place in `names`, up to its NUL byte.
fn name_at(names: &[u8], start: u64) -> Result<&[u8], Hdf5Error> {
    let within = usize::try_from(start)
        .ok()
        .and_then(|start| names.get(start..))
        .map(|rest| &rest[..rest.len().min(LONGEST_NAME + 1)]);
    let name = within.and_then(|within| match within.iter().position(|&b| b == 0) {
        Some(end) => Some(&within[..end]),
        // The last name may lack its NUL byte.
        None => (within.len() <= LONGEST_NAME).then_some(within),
    });
    name.ok_or_else(|| damaged("a name is outside the names of its group"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a group with many links as `libver="latest"` writes it: the links are in a fractal heap,
/// and a version 2 tree locates them.
fn dense(
    storage: &mut Storage,
    heap: u64,
    index: u64,
    budget: &mut Budget,
    members: &mut Vec<Link>,
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
        members.push(parse_link(link, offset_size)?);
    }
    Ok(())
}

fn parse_link(mut link: Fields<'_>, offset_size: usize) -> Result<Link, Hdf5Error> {
    const HARD: u8 = 0;
    const SOFT: u8 = 1;
    const EXTERNAL: u8 = 64;
    let version = link.byte()?;
    if version != 1 {
        return Err(damaged(format!("a link has version {version}")));
    }
    let flags = link.byte()?;
    let kind = if flags & 8 != 0 { link.byte()? } else { HARD };
    link.bytes(if flags & 4 != 0 { 8 } else { 0 })?;
    link.bytes(if flags & 0x10 != 0 { 1 } else { 0 })?;
    let length = link.uint(1 << (flags & 3))?;
    let name = link.bytes(usize::try_from(length).map_err(|_| damaged("a name is too long"))?)?;
    if name.len() > LONGEST_NAME {
        return Err(damaged("the name of a link is too long"));
    }
    let name = text(name);
    if kind == HARD {
        return Ok((name, Target::Object(link.uint(offset_size)?)));
    }
    let length = link.uint(2)? as usize;
    let value = link.bytes(length)?;
    let target = match kind {
        SOFT => Target::Path(text(value)),
        EXTERNAL => {
            // A version and flags, then two strings that end with NUL.
            let mut parts = value.get(1..).unwrap_or_default().split(|&byte| byte == 0);
            let mut part = || text(parts.next().unwrap_or_default());
            Target::External {
                file: part(),
                path: part(),
            }
        }
        kind => {
            return Err(unsupported(format!(
                "has a link {name:?} of the user-defined kind {kind}"
            )));
        }
    };
    Ok((name, target))
}
