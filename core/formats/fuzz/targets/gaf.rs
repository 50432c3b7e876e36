//! GAF, GPAD, CAFA tables, and the tables of NCBI, QuickGO and UniProt.
#![no_main]

use common::with_file;
use libfuzzer_sys::fuzz_target;
use protea_formats::{read_taxonomy, read_taxonomy_with, AnnotationReader, OnDefect, Wanted};
use protea_ontology::spelling::{canonical, padded};

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    let skip = Wanted {
        protein: &|accession| accession.starts_with('P'),
        taxa: false,
        dates: false,
        negated: true,
        on_defect: OnDefect::Skip,
    };
    for wanted in [Wanted::default(), skip] {
        if let Ok(mut reader) = AnnotationReader::open(path) {
            while let Ok(Some(row)) = reader.next_wanted(&wanted) {
                let term = row.term;
                assert!(!row.accession.is_empty());
                assert!(term.contains(':') || canonical(term).is_some() || padded(term).is_some());
            }
        }
    }
    let _ = read_taxonomy(path);
    let _ = read_taxonomy_with(path, OnDefect::Skip);
}));
