//! GAF, GPAD and CAFA tables.
#![no_main]

use common::with_file;
use libfuzzer_sys::fuzz_target;
use protea_formats::{read_taxonomy, AnnotationReader};

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    if let Ok(mut reader) = AnnotationReader::open(path) {
        while let Ok(Some(row)) = reader.next_row() {
            assert!(!row.accession.is_empty() && row.term.contains(':'));
        }
    }
    let _ = read_taxonomy(path);
}));
