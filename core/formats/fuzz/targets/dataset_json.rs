//! The manifest of a frozen dataset.
#![no_main]

use common::with_file;
use libfuzzer_sys::fuzz_target;
use protea_dataset::FrozenDataset;

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    let directory = path.parent().expect("a file in a directory");
    std::fs::copy(path, directory.join("dataset.json")).expect("room for a small file");
    let _ = FrozenDataset::open(directory);
}));
