//! Fuzzes the whole reader: groups, names, strings and values. The seeds of the target `hdf5` in
//! `core/formats/fuzz` can be used.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use protea_hdf5::{Hdf5, Hdf5Error, Kind, Node};

/// Limit of the objects visited: a damaged file can have a cycle of links.
const MOST_NODES: usize = 1000;
/// Limit of the bytes of a dataset that is read whole.
const MOST_BYTES: u64 = 1 << 20;

fn read(bytes: &[u8]) -> Result<(), Hdf5Error> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    let mut hdf5 = Hdf5::open(file)?;
    let mut waiting = vec![hdf5.root()];
    for _ in 0..MOST_NODES {
        let Some(at) = waiting.pop() else { break };
        match hdf5.node_at(at) {
            Ok(Node::Group) => {
                let members = hdf5.members(at).unwrap_or_default();
                waiting.extend(members.into_iter().map(|(_, at)| at));
            }
            Ok(Node::Dataset(dataset)) => match dataset.kind {
                Kind::FixedString | Kind::VariableString => {
                    let _ = hdf5.read_strings(&dataset, |_| Ok(()));
                }
                _ => {
                    let _ = hdf5.contiguous_offset(&dataset);
                    if let Ok(values) = hdf5.read_whole(&dataset, MOST_BYTES) {
                        assert_eq!(Some(values.len() as u64), dataset.bytes());
                    }
                }
            },
            Ok(Node::Other) | Err(_) => {}
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
});
