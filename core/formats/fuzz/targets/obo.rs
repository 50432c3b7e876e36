//! Ontologies: OBO, and OBO Graphs JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protea_ontology::{Ontology, Reading};

fuzz_target!(|bytes: &[u8]| {
    for reading in [Reading::Specification, Reading::Cafaeval] {
        if let Ok(ontology) = Ontology::parse_as(bytes, "fuzzed", reading) {
            let ontology = ontology.with_obsolete_mapped();
            for term in ontology.terms() {
                assert!(!ontology.id(term).is_empty());
                assert!(ontology.propagate(&[term]).contains(&term));
            }
        }
    }
});
