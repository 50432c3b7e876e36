//! The two versions of B-trees: version 1, and version 2 of HDF5 1.8 and later.

use super::{
    error::{Hdf5Error, damaged},
    storage::{Budget, Fields, Storage, address},
};

/// Limit of the depth of a tree. A tree of any realistic file is shallower.
const MAX_DEPTH: u8 = 32;

/// Visits the children of the leaves of a version 1 tree, in order, each with the preceding key.
///
/// `kind` is 0 for groups and 1 for chunks; `key_size` is the size of a key in bytes.
pub(super) fn walk(
    storage: &mut Storage,
    root: u64,
    kind: u8,
    key_size: usize,
    budget: &mut Budget,
    mut visit: impl FnMut(Fields<'_>, u64) -> Result<(), Hdf5Error>,
) -> Result<(), Hdf5Error> {
    let offset_size = storage.offset_size;
    let mut stack = vec![(root, None)];
    let mut node = Vec::new();
    while let Some((at, expected)) = stack.pop() {
        let mut head = storage.small(at, 8 + 2 * offset_size)?;
        head.expect(b"TREE", at)?;
        let (found, level) = (head.byte()?, head.byte()?);
        let fits = found == kind && level <= MAX_DEPTH && expected.is_none_or(|e: u8| e == level);
        if !fits {
            return Err(damaged(format!(
                "the tree at byte {at} has a node of another kind or level"
            )));
        }
        let entries = head.uint(2)? as usize;
        let size = (entries * (key_size + offset_size)) as u64;
        budget.spend(8 + size)?;
        storage.read(at + 8 + 2 * offset_size as u64, size, &mut node)?;
        let first = stack.len();
        for entry in node.chunks_exact(key_size + offset_size) {
            let (key, mut child) = (Fields(&entry[..key_size]), Fields(&entry[key_size..]));
            let child = child.uint(offset_size)?;
            if level == 0 {
                visit(key, child)?;
            } else {
                stack.push((child, Some(level - 1)));
            }
        }
        stack[first..].reverse();
    }
    Ok(())
}

/// Visits the records of a version 2 tree.
pub(super) fn records(
    storage: &mut Storage,
    header: u64,
    budget: &mut Budget,
    mut visit: impl FnMut(&[u8]) -> Result<(), Hdf5Error>,
) -> Result<(), Hdf5Error> {
    let (offset_size, length_size) = (storage.offset_size, storage.length_size);
    let mut head = storage.small(header, 18 + offset_size + length_size)?;
    head.expect(b"BTHD", header)?;
    head.bytes(2)?;
    let node_size = head.uint(4)? as usize;
    let record_size = head.uint(2)? as usize;
    let depth = head.uint(2)?;
    head.bytes(2)?;
    let root = address(&mut head, offset_size)?;
    let root_records = head.uint(2)? as usize;
    let Some(root) = root else {
        return Ok(());
    };
    if record_size == 0 || depth > u64::from(MAX_DEPTH) || node_size > 1 << 20 {
        return Err(damaged(format!(
            "the tree at byte {header} has invalid sizes"
        )));
    }
    // The width of the counts in the pointers depends on the largest number of records in the nodes
    // of each level.
    let overhead = 10;
    let room = node_size.saturating_sub(overhead);
    let mut largest = (room / record_size) as u128;
    let count_size = width_of(largest);
    let mut subtree_records = largest;
    let mut total_size = vec![0];
    for level in 1..=depth as usize {
        let pointer = offset_size + count_size + total_size[level - 1];
        largest = (room.saturating_sub(pointer) / (record_size + pointer)) as u128;
        subtree_records = (largest + 1)
            .saturating_mul(subtree_records)
            .saturating_add(largest);
        total_size.push(width_of(subtree_records));
    }
    let mut stack = vec![(root, depth as usize, root_records)];
    let mut node = Vec::new();
    while let Some((at, level, count)) = stack.pop() {
        let pointer = if level == 0 {
            0
        } else {
            offset_size + count_size + total_size[level - 1]
        };
        let size =
            overhead - 4 + count * record_size + if level > 0 { (count + 1) * pointer } else { 0 };
        if size > node_size {
            return Err(damaged(format!(
                "the tree node at byte {at} has more records than fit into it"
            )));
        }
        budget.spend(size as u64)?;
        storage.read(at, size as u64, &mut node)?;
        let mut fields = Fields(&node);
        fields.expect(if level == 0 { b"BTLF" } else { b"BTIN" }, at)?;
        fields.bytes(2)?;
        for record in fields.bytes(count * record_size)?.chunks_exact(record_size) {
            visit(record)?;
        }
        if level > 0 {
            for _ in 0..=count {
                let mut pointer = Fields(fields.bytes(pointer)?);
                let child = pointer.uint(offset_size)?;
                let count = pointer.uint(count_size)? as usize;
                stack.push((child, level - 1, count));
            }
        }
    }
    Ok(())
}

/// Bytes of a count of at most `largest`.
fn width_of(largest: u128) -> usize {
    let bits = 128 - largest.max(1).leading_zeros();
    bits.div_ceil(8).clamp(1, 8) as usize
}
