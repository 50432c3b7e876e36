//! Tests annotations of isoforms.

use protea_dataset::{EmbeddingSource, FrozenDataset, freeze, unwatched};

use crate::small::Inputs;

#[test]
fn isoforms_in_the_dataset_have_their_own_annotations() {
    let inputs = Inputs::new();
    inputs.write(
        "proteins.fasta",
        ">sp|P12345|A\nMK\n>sp|P12345-2|B\nMKV\n>sp|Q8N726|C\nMKL\n",
    );
    let line = |object| {
        format!(
            "UniProtKB\t{object}\tSYM\tenables\tGO:0005488\tPMID:1\tIDA\t\tF\tname\tsyn\tprotein\ttaxon:9606\t20240131\tUniProt\t\t\n"
        )
    };
    inputs.write(
        "x.gaf",
        ["P12345", "P12345-2", "Q8N726-3"].map(line).concat(),
    );
    let mut request = inputs.request();
    request.annotations = Some(inputs.path("x.gaf"));
    request.taxonomy = Some(inputs.path("x.gaf"));
    request.embeddings = EmbeddingSource::None;
    let report = freeze(&request, &mut unwatched).unwrap();
    let dataset = FrozenDataset::open(&report.directory).unwrap();
    let found: Vec<_> = dataset
        .annotations()
        .unwrap()
        .map(|annotation| (dataset.accession(annotation.protein), annotation.evidence))
        .collect();
    assert_eq!(
        found,
        [
            ("P12345", Some("IDA")),
            ("P12345-2", Some("IDA")),
            ("Q8N726", Some("IDA"))
        ]
    );
    assert_eq!(dataset.taxon(0), Some(9606));
}
