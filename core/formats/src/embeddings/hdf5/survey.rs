//! Lists the groups and arrays of an HDF5 file.

use std::collections::{HashSet, VecDeque};

use protea_hdf5::{Dataset, Hdf5, Hdf5Error, Kind, Node};

use super::super::arrays::{Array, ArrayGroup, ArrayKind, INSPECTED};

/// Limit of the groups that are inspected: those of [`INSPECTED`] proteins in the layout of
/// FANTASIA with a few models and layers.
const MOST_GROUPS: usize = 2048;

/// Lists the groups of a file, starting at the root. Of each group the first [`INSPECTED`] members
/// are listed.
pub(in super::super) fn survey(hdf5: &mut Hdf5) -> Result<Vec<ArrayGroup<u64>>, Hdf5Error> {
    let mut waiting = VecDeque::from([(Vec::<String>::new(), hdf5.root())]);
    let mut seen = HashSet::from([hdf5.root()]);
    let mut groups = Vec::new();
    while let Some((path, at)) = waiting.pop_front() {
        let members = hdf5.members(at)?;
        let mut group = ArrayGroup {
            path,
            arrays: Vec::new(),
            total: members.len(),
            handle: at,
        };
        for (member, at) in members.into_iter().take(INSPECTED) {
            match hdf5.node_at(at)? {
                Node::Group if seen.len() < MOST_GROUPS && seen.insert(at) => {
                    let mut path = group.path.clone();
                    path.push(member);
                    waiting.push_back((path, at));
                }
                Node::Group | Node::Other => {}
                Node::Dataset(dataset) => {
                    let name = match group.name() {
                        name if name.is_empty() => member,
                        name => format!("{name}/{member}"),
                    };
                    group.arrays.push(array(name, at, *dataset));
                }
            }
        }
        groups.push(group);
    }
    Ok(groups)
}

fn array(name: String, at: u64, dataset: Dataset) -> Array<u64> {
    Array {
        name,
        dims: dataset.dims,
        kind: match dataset.kind {
            Kind::Float { dtype, .. } => ArrayKind::Float(dtype),
            Kind::FixedString | Kind::VariableString => ArrayKind::Text,
            Kind::Other(words) => ArrayKind::Other(words),
        },
        handle: at,
    }
}
