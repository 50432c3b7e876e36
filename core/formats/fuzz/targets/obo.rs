//! Ontologies: OBO, and OBO Graphs JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protea_ontology::Ontology;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(ontology) = Ontology::parse(bytes, "fuzzed") {
        for term in ontology.terms() {
            assert!(!ontology.id(term).is_empty());
            assert!(ontology.propagate(&[term]).contains(&term));
        }
    }
});
