//! `.npy` and `.npz`.
#![no_main]

use common::{embeddings, with_file};
use libfuzzer_sys::fuzz_target;
use protea_formats::MatrixReader;

fuzz_target!(|bytes: &[u8]| {
    with_file(bytes, |path| {
        if let Ok(mut matrix) = MatrixReader::open(path) {
            let last = matrix.rows() - 1;
            let _ = matrix.read_f32(last, &mut Vec::new());
        }
    });
    embeddings(bytes);
});
