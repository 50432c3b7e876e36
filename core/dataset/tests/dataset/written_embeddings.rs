//! Tests freezing embeddings written by h5py and NumPy.

use protea_dataset::{EmbeddingSource, EmbeddingValues, FrozenDataset, freeze, unwatched};
use tempfile::TempDir;

use crate::{
    small::Inputs,
    written::{WRITTEN, expected},
};

#[test]
fn extra_embeddings_are_skipped_missing_ones_are_errors() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    let inputs = Inputs::new();
    inputs.write("proteins.fasta", ">P00699\nMK\n>P00003\nMKV\n");
    inputs.write("terms.tsv", "P00003\tGO:0005488\n");
    for name in [
        "vectors-earliest-f2-contiguous.h5",
        "vectors-latest-f4-deflate.h5",
        "deflated-f8.npz",
    ] {
        let mut request = inputs.request();
        request.out = inputs.path(name);
        request.embeddings = EmbeddingSource::Named {
            file: directory.join(name),
            source: None,
        };
        let report = freeze(&request, &mut unwatched).unwrap();
        assert_eq!(report.unused_embeddings.count, 698);
        assert_eq!(report.unused_embeddings.examples.len(), 5);
        let dataset = FrozenDataset::open(&report.directory).unwrap();
        let block = &dataset.embedding_blocks().unwrap()[0];
        let dtype = &name.split('-').find(|part| part.starts_with('f')).unwrap()[..2];
        let found: Vec<u32> = match block.values {
            EmbeddingValues::F32(values) => values.iter().map(|v| v.to_bits()).collect(),
            EmbeddingValues::F16(values) => values.iter().map(|v| v.to_f32().to_bits()).collect(),
        };
        let numbers = expected(directory, dtype);
        assert_eq!(found, [&numbers[699][..], &numbers[3]].concat(), "{name}");
    }
    inputs.write("proteins.fasta", ">P00699\nMK\n>P99999\nMKV\n");
    let mut request = inputs.request();
    request.out = inputs.path("lacking");
    request.embeddings = EmbeddingSource::Named {
        file: directory.join("stored-f2.npz"),
        source: None,
    };
    let error = freeze(&request, &mut unwatched).unwrap_err().to_string();
    assert!(
        error.contains("1 of 2 proteins have no embedding (P99999)"),
        "{error}"
    );
}
