//! The other text files: FASTA, accessions, taxa, clusters, information accretion, ground truth; and
//! the recognition and inspection of files.
#![no_main]

use common::with_file;
use libfuzzer_sys::fuzz_target;
use protea_formats::{
    check_information_accretion, inspect, read_clusters, read_ids, read_taxonomy, recognize_file,
    FastaReader,
};
use protea_ontology::{Ontology, Reading};
use protea_scoring::{GroundTruth, InformationAccretion, Predictions, TermsOfInterest};

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
        recognize_file(path),
        inspect(path, path.parent().expect("a file in a directory")),
    );
    let obo = b"[Term]\nid: GO:1\nnamespace: molecular_function\n";
    for reading in [Reading::Specification, Reading::Cafaeval] {
        let ontology = Ontology::parse_as(obo, "small.obo", reading).expect("a sound ontology");
        let _ = InformationAccretion::read(path, &ontology);
        let _ = TermsOfInterest::read(path, &ontology);
        if let Ok(truth) = GroundTruth::read(path, &ontology) {
            let _ = Predictions::read(path, &truth, "predictions");
        }
    }
}));
