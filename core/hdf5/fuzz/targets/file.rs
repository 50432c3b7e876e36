//! All that the reader has: groups, names, strings, values. The seeds of the target `hdf5` in `core/formats/fuzz` fit.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use protea_hdf5::{Hdf5, Hdf5Error, Kind, Node};

/// Groups and datasets looked at: a damaged file can have links in a circle.
const MOST_NODES: usize = 1000;
/// Bytes of one dataset read whole.
const MOST_BYTES: u64 = 1 << 20;

fn read(bytes: &[u8]) -> Result<(), Hdf5Error> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    let mut hdf5 = Hdf5::open(file)?;
    let mut waiting = vec![hdf5.root()];
    for _ in 0..MOST_NODES {
        let Some(at) = waiting.pop() else { break };
        match hdf5.look(at) {
            Ok(Node::Group) => {
                let members = hdf5.members(at).unwrap_or_default();
                waiting.extend(members.into_iter().map(|(_, at)| at));
            }
            Ok(Node::Dataset(dataset)) => match dataset.kind {
                Kind::Text | Kind::VaryingText => {
                    let _ = hdf5.texts(&dataset, |_| Ok(()));
                }
                _ => {
                    let _ = hdf5.in_place(&dataset);
                    if let Ok(values) = hdf5.whole(&dataset, MOST_BYTES) {
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
