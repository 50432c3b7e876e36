//! A model rejects data that does not fit its schema, and files that were changed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use protea_cafa::{
    assessment::open_dataset,
    dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched},
};
use protea_contracts::{
    Emitter, FileDigest, Level, ReferenceModel, RunnerError,
    emit::{Event, EventSink},
    prelude::{
        json,
        serde_json::{self, Value},
    },
};

use super::calls::{evaluate, example, fit, lightgbm, quick};
use crate::{
    features::{FEATURES, Needs, Schema, SchemaError},
    model::Model,
};

const OBO: &str = "[Term]\nid: GO:0003674\nname: root\nnamespace: molecular_function\n";

/// One protein with embeddings of this width, or with k-mer vectors; no taxa.
fn frozen(place: &Path, name: &str, width: Option<usize>) -> PathBuf {
    frozen_from(place, name, width, None)
}

/// [`frozen`], with a source of the embeddings.
fn frozen_from(place: &Path, name: &str, width: Option<usize>, source: Option<&str>) -> PathBuf {
    let file = |ending: &str, content: &[u8]| {
        let path = place.join(format!("{name}.{ending}"));
        fs::write(&path, content).unwrap();
        path
    };
    let mut request = FreezeRequest::new(
        place.join(name),
        name,
        file("obo", OBO.as_bytes()),
        file("fasta", b">P1\nMKTAYIAKQRQISFVK\n"),
        file("tsv", b"P1\tGO:0003674\tF\n"),
    );
    request.embeddings = match width {
        None => EmbeddingSource::Kmer,
        Some(width) => {
            let header =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {width}), }}");
            let padded = format!("{header:<117}\n");
            let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            npy.extend(padded.bytes());
            npy.extend((0..width).flat_map(|at| (at as f32).to_le_bytes()));
            EmbeddingSource::Matrix {
                matrix: file("npy", &npy),
                ids: file("ids", b"P1\n"),
                source: source.map(str::to_owned),
            }
        }
    };
    freeze(&request, &mut unwatched).unwrap().directory
}

#[test]
fn data_of_another_schema_is_rejected() {
    let place = tempfile::tempdir().unwrap();
    let data = open_dataset(&example("train")).unwrap();
    let schema = Schema::from_dataset(&data, 4, true);
    assert_eq!(schema.embedding_width, 1024);
    assert!(schema.sequences && !schema.taxa);
    assert_eq!(schema.components(), 4);
    assert_eq!(schema.check_data(&data), Ok(()));
    let narrow = open_dataset(&frozen(place.path(), "narrow", Some(8))).unwrap();
    let error = schema.check_data(&narrow).unwrap_err();
    assert!(matches!(error, SchemaError::Data { .. }));
    let text = error.to_string();
    assert!(
        text.contains("embeddings of 8 numbers") && text.contains("1024 numbers"),
        "{text}"
    );
    assert!(text.contains(&schema.sha256().to_string()), "{text}");

    let with_taxa = Schema {
        taxa: true,
        ..schema.clone()
    };
    let kmer = open_dataset(&frozen(place.path(), "kmer", None)).unwrap();
    assert_eq!(schema.check_data(&kmer), Ok(()));
    let text = with_taxa.check_data(&kmer).unwrap_err().to_string();
    assert!(
        text.contains("no taxa") && text.contains("--taxonomy"),
        "{text}"
    );
}

#[test]
fn a_changed_or_foreign_schema_is_rejected() {
    let data = open_dataset(&example("train")).unwrap();
    let schema = Schema::from_dataset(&data, 2, true);
    let sha256 = schema.sha256();
    assert_eq!(schema.check(sha256), Ok(()));
    let expected: Vec<&str> = FEATURES
        .iter()
        .filter(|feature| feature.needs != Needs::Taxa)
        .map(|feature| feature.name)
        .chain(["component_1", "component_2"])
        .collect();
    assert_eq!(schema.features, expected);

    let mut swapped = schema.clone();
    swapped.features.swap(0, 1);
    assert!(matches!(
        swapped.check(sha256),
        Err(SchemaError::Changed { .. })
    ));
    let stated = swapped.sha256();
    assert!(matches!(
        swapped.check(stated),
        Err(SchemaError::Other { .. })
    ));
    let other = Schema {
        version: 99,
        ..schema
    };
    assert!(matches!(
        other.check(other.sha256()),
        Err(SchemaError::Other { version: 99, .. })
    ));
}

#[test]
fn another_embedding_source_is_rejected() {
    let place = tempfile::tempdir().unwrap();
    let open = |name: &str, source| {
        let directory = frozen_from(place.path(), name, Some(8), source);
        open_dataset(&directory).unwrap()
    };
    let esm = open("esm", Some("ESM-2 650M, mean"));
    let ankh = open("ankh", Some("Ankh 3, mean"));
    let silent = open("silent", None);
    let file = open("file", Some("test.npy"));
    let schema = Schema::from_dataset(&esm, 0, false);
    assert_eq!(schema.embedding_source.as_deref(), Some("ESM-2 650M, mean"));
    // The hash covers the source.
    assert_ne!(
        schema.sha256(),
        Schema::from_dataset(&ankh, 0, false).sha256()
    );
    assert_eq!(schema.check(schema.sha256()), Ok(()));

    let model = |schema: &Schema| Model {
        reference: ReferenceModel {
            kind: Default::default(),
            spec: quick(),
            dataset_uri: String::new(),
            dataset_sha256: String::new(),
        },
        schema: schema.clone(),
        schema_sha256: schema.sha256(),
        components: FileDigest::of(place.path(), "esm.npy").unwrap(),
        aspects: Vec::new(),
        calibration: None,
    };
    let check = |schema: &Schema, dataset| {
        let recorded = Arc::new(Warnings::default());
        let checked = model(schema).check(dataset, &Emitter::new(recorded.clone()));
        let warnings = recorded.0.lock().unwrap().join("\n");
        (checked, warnings)
    };
    let (rejected, _) = check(&schema, &ankh);
    let Err(RunnerError::Dataset { message }) = rejected else {
        panic!("{rejected:?}")
    };
    for part in [
        "Ankh 3",
        "ESM-2 650M",
        "--source",
        &schema.sha256().to_string(),
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(check(&schema, &esm), (Ok(()), String::new()));
    for unknown in [&silent, &file] {
        let (checked, warnings) = check(&schema, unknown);
        assert_eq!(checked, Ok(()));
        assert!(warnings.contains("ESM-2 650M"), "{warnings}");
    }
    let unstated = Schema::from_dataset(&silent, 0, false);
    let (checked, warnings) = check(&unstated, &ankh);
    assert_eq!(checked, Ok(()));
    assert!(warnings.contains("Ankh 3"), "{warnings}");
    assert_eq!(check(&unstated, &silent), (Ok(()), String::new()));
}

/// Records warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl EventSink for Warnings {
    fn level(&self) -> Level {
        Level::Warning
    }

    fn receive(&self, event: &Event<'_>) {
        let message = event.message.unwrap_or_default().to_owned();
        self.0.lock().unwrap().push(message);
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[test]
fn a_model_rejects_other_data_and_changed_files() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let (model, output) = (place.path().join("model"), place.path().join("out"));
    let test = example("test");
    fit(&quick(), &example("train"), &model).unwrap();

    let narrow = frozen(place.path(), "narrow", Some(8));
    let error = evaluate(&model, &narrow, &output, 1).unwrap_err();
    assert!(matches!(&error, RunnerError::Dataset { .. }), "{error}");
    assert!(
        error.to_string().contains("embeddings of 8 numbers"),
        "{error}"
    );

    let document = model.join("model.json");
    let good = fs::read(&document).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut changed: Value = serde_json::from_slice(&good).unwrap();
        *changed.pointer_mut(pointer).unwrap() = value;
        fs::write(&document, changed.to_string()).unwrap();
        let error = evaluate(&model, &test, &output, 1).unwrap_err();
        assert!(
            matches!(&error, RunnerError::Model { .. }),
            "{pointer}: {error}"
        );
        error.to_string()
    };
    let message = change("/schema/features/0", json!("votes"));
    assert!(message.contains("was changed"), "{message}");
    let message = change("/schema_sha256", json!("0".repeat(64)));
    assert!(message.contains("was changed"), "{message}");
    let message = change("/schema_sha256", json!("0"));
    assert!(
        message.contains("at schema_sha256: \"0\" is not a SHA-256"),
        "{message}"
    );
    let message = change("/dataset_sha256", json!("0"));
    assert!(
        message.contains("have changed since the model was fitted"),
        "{message}"
    );
    let message = change("/aspects", json!([]));
    assert!(message.contains("ontology"), "{message}");
    let message = change("/components/path", json!("../model/components.json"));
    assert!(message.contains("components.json"), "{message}");
    change("/schema/embedding_width", json!("wide"));
    fs::write(&document, &good).unwrap();

    let trees = model.join("MFO/model.txt");
    let mut bytes = fs::read(&trees).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    fs::write(&trees, bytes).unwrap();
    let error = evaluate(&model, &test, &output, 1).unwrap_err();
    assert!(matches!(&error, RunnerError::Model { .. }), "{error}");
    assert!(error.to_string().contains("MFO/model.txt"), "{error}");
}
