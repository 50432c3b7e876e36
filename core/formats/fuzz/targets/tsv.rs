//! The other text files: FASTA, accessions, taxa, clusters, information accretion, ground truth.
#![no_main]

use common::with_file;
use libfuzzer_sys::fuzz_target;
use protea_formats::{check_information_accretion, read_clusters, read_ids, read_taxonomy, FastaReader};
use protea_ontology::Ontology;
use protea_scoring::{GroundTruth, InformationAccretion, Predictions};

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    if let Ok(mut reader) = FastaReader::open(path) {
        while let Ok(Some(record)) = reader.next_record() {
            assert!(!record.accession.is_empty() && !record.sequence.is_empty());
        }
    }
    let _ = (
        read_ids(path),
        read_taxonomy(path),
        read_clusters(path),
        check_information_accretion(path),
    );
    let obo = b"[Term]\nid: GO:1\nnamespace: molecular_function\n";
    let ontology = Ontology::parse(obo, "small.obo").expect("a sound ontology");
    let _ = InformationAccretion::read(path, &ontology);
    if let Ok(truth) = GroundTruth::read(path, &ontology) {
        let _ = Predictions::read(path, &truth, "predictions");
    }
}));
