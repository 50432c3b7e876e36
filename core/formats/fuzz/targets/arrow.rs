//! Arrow IPC: Feather files and streams, as embeddings and as predictions.
#![no_main]

use common::{embeddings, with_file};
use libfuzzer_sys::fuzz_target;
use protea_formats::read_scored_terms;

fuzz_target!(|bytes: &[u8]| {
    embeddings(bytes);
    with_file(bytes, |path| {
        let _ = read_scored_terms(path, &mut |_| true);
    });
});
