//! Tests that pyarrow, polars and duckdb open frozen datasets, and that matrices of NumPy can be
//! frozen.

use std::process::Command;

use protea_dataset::{EmbeddingSource, EmbeddingType, freeze, unwatched};
use serde_json::json;

use crate::{
    interpreter::interpreter,
    small::{ACCESSIONS, Inputs, WIDTH, value},
};

fn run(python: &str, arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/open_with_python.py");
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn pyarrow_polars_and_duckdb_open_a_dataset() {
    let Some(python) = interpreter() else { return };
    for dtype in [EmbeddingType::F32, EmbeddingType::F16] {
        let inputs = Inputs::new();
        // Replaces our matrix with one that NumPy writes.
        run(
            &python,
            &[
                "write-matrix",
                inputs.path("matrix.npy").to_str().unwrap(),
                dtype.name(),
                &json!(
                    (0..5)
                        .map(|row| (0..WIDTH)
                            .map(|column| value(4 - row, column))
                            .collect::<Vec<_>>())
                        .collect::<Vec<_>>()
                )
                .to_string(),
            ],
        );
        let mut request = inputs.request();
        assert!(matches!(request.embeddings, EmbeddingSource::Matrix { .. }));
        request.dtype = None;
        let report = freeze(&request, &mut unwatched).unwrap();
        assert_eq!(report.manifest.embedding.as_ref().unwrap().dtype, dtype);
        let expected = json!({
            "dtype": dtype.name(),
            "accession": ACCESSIONS,
            "sequence": ["MKTAYIAKQRQISF", "MSEQWENCE", "MKXUBZ", "ACDEFG", "MMKFKPNQTRTY"],
            "taxon": [9606, 83333, 3702, 9606, null],
            "embedding": (0..5).map(|row| (0..WIDTH).map(|column| value(row, column)).collect::<Vec<_>>()).collect::<Vec<_>>(),
            "annotations": [
                ["P00001", "GO:0005488", "MFO", null],
                ["P00001", "GO:0008150", "BPO", null],
                ["P00002", "GO:0003674", "MFO", null],
                ["Q00003", "GO:0005575", "CCO", null],
            ],
        });
        run(
            &python,
            &[
                "check",
                report.directory.to_str().unwrap(),
                &expected.to_string(),
            ],
        );
    }
}
