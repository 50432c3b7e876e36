//! Tests that damaged and malicious datasets are errors, without a panic.

use std::{fs, path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::Field;
use proptest::prelude::*;
use protea_contracts::error::with_causes;
use protea_dataset::{DatasetError, EmbeddingValues, FrozenDataset};
use serde_json::{Value, json};

use crate::small::{Inputs, replace};

/// Opens a dataset and reads all its content.
fn read_all(directory: &Path) -> Result<(), DatasetError> {
    let dataset = FrozenDataset::open(directory)?;
    for row in 0..dataset.len() {
        let _ = (
            dataset.sequence(row),
            dataset.taxon(row),
            dataset.index_of(dataset.accession(row)),
        );
    }
    for block in dataset.embedding_blocks()? {
        match block.values {
            EmbeddingValues::F32(values) => assert_eq!(values.len(), block.rows * block.width),
            EmbeddingValues::F16(values) => assert_eq!(values.len(), block.rows * block.width),
        }
    }
    for annotation in dataset.annotations()? {
        assert!(annotation.protein < dataset.len() && !annotation.term.contains(char::is_control));
    }
    dataset.check_finite()
}

fn edit_manifest(directory: &Path, edit: impl FnOnce(&mut Value)) {
    let path = directory.join("dataset.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut manifest);
    replace(&path, manifest.to_string().as_bytes());
}

/// Replaces the bytes of a file and updates its size in the manifest.
fn substitute(directory: &Path, name: &str, bytes: &[u8]) {
    replace(&directory.join(name), bytes);
    edit_manifest(directory, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        files.iter_mut().find(|file| file["path"] == name).unwrap()["bytes"] = json!(bytes.len());
    });
}

fn expect_error(directory: &Path, words: &[&str]) {
    let text = with_causes(&read_all(directory).unwrap_err());
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

#[test]
fn invalid_manifests_are_errors() {
    type Edit = fn(&mut Value);
    let edits: [(Edit, &[&str]); 9] = [
        (
            |m| m["schema_version"] = json!(2),
            &["schema_version 2", "newer protea"],
        ),
        (
            |m| m["schema_version"] = json!("1"),
            &["dataset.json", "not the manifest"],
        ),
        (
            |m| m["counts"]["proteins"] = json!(6),
            &["counts 6 proteins", "has 5"],
        ),
        (
            |m| m["embedding"] = Value::Null,
            &["states no embedding", "3 f32"],
        ),
        (|m| m["embedding"]["width"] = json!(4), &["4 f32", "3 f32"]),
        (
            |m| m["embedding"]["dtype"] = json!("f64"),
            &["dataset.json", "f64"],
        ),
        (
            |m| m["files"][3]["path"] = json!("../ia.tsv"),
            &["../ia.tsv", "leaves the directory"],
        ),
        (
            |m| m["files"][3]["path"] = json!("proteins.arrow"),
            &["\"proteins.arrow\" twice"],
        ),
        (|m| m["files"] = json!([]), &["does not list ontology.obo"]),
    ];
    for (edit, words) in edits {
        let inputs = Inputs::new();
        let directory = inputs.freeze().directory;
        edit_manifest(&directory, edit);
        expect_error(&directory, words);
    }
    let inputs = Inputs::new();
    let directory = inputs.freeze().directory;
    replace(&directory.join("dataset.json"), b"{");
    expect_error(&directory, &["dataset.json", "freeze it again"]);
}

type Column = (&'static str, ArrayRef);

fn table(columns: Vec<Column>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    bytes
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn embedding(values: ArrayRef) -> ArrayRef {
    let item = Arc::new(Field::new("item", values.data_type().clone(), true));
    Arc::new(FixedSizeListArray::try_new(item, (values.len() / 2) as i32, values, None).unwrap())
}

#[test]
fn errors_of_invalid_tables_name_the_column() {
    let inputs = Inputs::new();
    let directory = inputs.freeze().directory;
    let accession = || ("accession", texts(&[Some("A"), Some("B")]));
    let sequence = || ("sequence", texts(&[Some("MK"), None]));
    let taxon = || -> Column { ("taxon", Arc::new(Int32Array::from(vec![Some(1), None]))) };
    let floats = |values: [f32; 4]| -> Column {
        (
            "embedding",
            embedding(Arc::new(Float32Array::from(values.to_vec()))),
        )
    };
    let cases: [(Vec<Column>, &[&str]); 11] = [
        (vec![sequence(), taxon()], &["\"accession\" is missing"]),
        (
            vec![
                accession(),
                sequence(),
                ("taxon", Arc::new(Int64Array::from(vec![1, 2]))),
            ],
            &["\"taxon\" is Int64, not Int32"],
        ),
        (
            vec![
                accession(),
                sequence(),
                ("taxon", Arc::new(Int32Array::from(vec![1, -2]))),
            ],
            &["\"taxon\" has a negative"],
        ),
        (
            vec![
                ("accession", texts(&[Some("A"), None])),
                sequence(),
                taxon(),
            ],
            &["\"accession\" has nulls"],
        ),
        (
            vec![
                ("accession", texts(&[Some("A"), Some("A\tB")])),
                sequence(),
                taxon(),
            ],
            &["\"accession\" has \"A\\tB\"", "control character"],
        ),
        (
            vec![
                ("accession", texts(&[Some("A"), Some("A")])),
                sequence(),
                taxon(),
            ],
            &["\"accession\" has \"A\" twice"],
        ),
        (
            vec![
                accession(),
                sequence(),
                taxon(),
                ("embedding", Arc::new(Float32Array::from(vec![1.0, 2.0]))),
            ],
            &["\"embedding\" is Float32, not FixedSizeList"],
        ),
        (
            vec![
                accession(),
                sequence(),
                taxon(),
                (
                    "embedding",
                    embedding(Arc::new(Float64Array::from(vec![1.0; 4]))),
                ),
            ],
            &["\"embedding\" holds Float64"],
        ),
        (
            vec![
                accession(),
                sequence(),
                taxon(),
                (
                    "embedding",
                    embedding(Arc::new(Float32Array::from(vec![Some(1.0), None]))),
                ),
            ],
            &["\"embedding\" has nulls"],
        ),
        (
            vec![accession(), sequence(), taxon(), floats([1.0; 4])],
            &["counts 5 proteins"],
        ),
        (
            vec![
                accession(),
                sequence(),
                taxon(),
                ("note", Arc::new(Int64Array::from(vec![1, 2]))),
            ],
            &["\"note\" is Int64, which is not supported"],
        ),
    ];
    for (columns, words) in cases {
        substitute(&directory, "proteins.arrow", &table(columns));
        expect_error(&directory, &[&["proteins.arrow"], words].concat());
    }
}

#[test]
fn non_finite_embeddings_of_other_programs_are_found() {
    let inputs = Inputs::new();
    let directory = inputs.freeze().directory;
    let bytes = table(vec![
        ("accession", texts(&[Some("A"), Some("B")])),
        ("sequence", texts(&[None, None])),
        ("taxon", Arc::new(Int32Array::from(vec![None::<i32>, None]))),
        (
            "embedding",
            embedding(Arc::new(Float32Array::from(vec![
                1.0,
                2.0,
                f32::INFINITY,
                f32::NAN,
            ]))),
        ),
    ]);
    substitute(&directory, "proteins.arrow", &bytes);
    edit_manifest(&directory, |m| {
        m["counts"]["proteins"] = json!(2);
        m["embedding"]["width"] = json!(2);
    });
    let dataset = FrozenDataset::open(&directory).unwrap();
    let text = dataset.check_finite().unwrap_err().to_string();
    assert!(
        text.contains("embedding of B (row 1) is inf in column 0"),
        "{text}"
    );
}

#[test]
fn annotations_with_unknown_proteins_are_errors() {
    let inputs = Inputs::new();
    let directory = inputs.freeze().directory;
    let of_term = |accession, term, aspect| {
        let text = |value| texts(&[value]);
        table(vec![
            ("accession", text(Some(accession))),
            ("term", text(Some(term))),
            ("aspect", text(aspect)),
            ("evidence", text(None)),
        ])
    };
    let one = |accession, aspect| of_term(accession, "GO:1", aspect);
    substitute(&directory, "annotations.arrow", &one("Z1", None));
    expect_error(
        &directory,
        &[
            "annotations.arrow",
            "\"Z1\"",
            "not a protein of the dataset",
        ],
    );
    substitute(&directory, "annotations.arrow", &one("P00001", Some("XYZ")));
    expect_error(&directory, &["annotations.arrow", "\"aspect\" has \"XYZ\""]);
    substitute(
        &directory,
        "annotations.arrow",
        &of_term("P00001", "GO:1\n", None),
    );
    expect_error(
        &directory,
        &["annotations.arrow", "\"term\" has \"GO:1\\n\"", "blank"],
    );
    substitute(&directory, "annotations.arrow", &one("P00001", None));
    expect_error(
        &directory,
        &["has 1 annotations, but the manifest counts 4"],
    );
}

/// Enough cases to trigger the panics of arrow-data for misaligned and odd-sized buffers, which
/// this test found. `PROPTEST_CASES` sets a higher number.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(1500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// A damaged table can still be readable, but must not panic. Most bytes that control the
    /// decoder are at the start and the end.
    #[test]
    fn damaged_tables_never_panic(
        annotations: bool,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let (whole, name) = if annotations { (&SAMPLE.1, "annotations.arrow") } else { (&SAMPLE.0, "proteins.arrow") };
        let mut bytes = whole.clone();
        for (place, byte, part) in places {
            let area = bytes.len() / 3;
            let start = usize::from(part) * area;
            bytes[start + place.index(area)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(whole.len()));
        }
        substitute(&SAMPLE.2.path("out"), name, &bytes);
        let _ = read_all(&SAMPLE.2.path("out"));
        substitute(&SAMPLE.2.path("out"), name, whole);
    }
}

proptest! {
    /// The manifest controls which files are opened and what is expected in them.
    #[test]
    fn damaged_manifests_never_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let inputs = tempfile::tempdir().unwrap();
        let path = inputs.path().join("dataset.json");
        let mut bytes = MANIFEST.clone();
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).unwrap();
        // There are no other files, so every manifest must be rejected.
        let text = with_causes(&FrozenDataset::open(inputs.path()).unwrap_err());
        prop_assert!(text.contains(inputs.path().to_str().unwrap()), "{text}");
    }
}

static MANIFEST: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    let inputs = Inputs::new();
    fs::read(inputs.freeze().directory.join("dataset.json")).unwrap()
});

static SAMPLE: std::sync::LazyLock<(Vec<u8>, Vec<u8>, Inputs)> = std::sync::LazyLock::new(|| {
    let inputs = Inputs::new();
    let directory = inputs.freeze().directory;
    read_all(&directory).unwrap();
    (
        fs::read(directory.join("proteins.arrow")).unwrap(),
        fs::read(directory.join("annotations.arrow")).unwrap(),
        inputs,
    )
});
