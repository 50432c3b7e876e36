//! Tests opening and verifying datasets.

use std::fs;

use protea_contracts::error::with_causes;
use protea_dataset::{DatasetError, FreezeReport, FrozenDataset};

use crate::small::{Inputs, WIDTH, flip, replace, value};

fn open(report: &FreezeReport) -> FrozenDataset {
    FrozenDataset::open(&report.directory).unwrap()
}

#[test]
fn verify_names_the_file_that_changed() {
    for name in [
        "ontology.obo",
        "proteins.arrow",
        "annotations.arrow",
        "ia.tsv",
    ] {
        let inputs = Inputs::new();
        let report = inputs.freeze();
        let path = report.directory.join(name);
        flip(&path, fs::metadata(&path).unwrap().len() as usize / 2);
        let result = FrozenDataset::open(&report.directory).and_then(|dataset| dataset.verify());
        let text = with_causes(&result.unwrap_err());
        assert!(text.contains(name), "{text:?} lacks {name}");
    }
}

#[test]
fn verify_finds_a_changed_embedding() {
    let inputs = Inputs::new();
    let report = inputs.freeze();
    let path = report.directory.join("proteins.arrow");
    let bytes = fs::read(&path).unwrap();
    let row: Vec<u8> = (0..WIDTH)
        .flat_map(|column| value(2, column).to_le_bytes())
        .collect();
    flip(
        &path,
        bytes
            .windows(row.len())
            .position(|window| window == row)
            .unwrap(),
    );
    let text = with_causes(&open(&report).verify().unwrap_err());
    assert!(
        text.contains("proteins.arrow") && text.contains("SHA-256"),
        "{text}"
    );
}

#[test]
fn open_rejects_missing_and_resized_files() {
    let inputs = Inputs::new();
    let error = FrozenDataset::open(inputs.dir.path()).unwrap_err();
    assert!(matches!(error, DatasetError::NotADataset(_)));
    assert!(
        error.to_string().contains("it has no dataset.json"),
        "{error}"
    );
    assert!(matches!(
        FrozenDataset::open(&inputs.path("go.obo")).unwrap_err(),
        DatasetError::NotADataset(_)
    ));
    assert!(matches!(
        FrozenDataset::open(&inputs.path("absent")).unwrap_err(),
        DatasetError::Missing(_)
    ));

    let report = inputs.freeze();
    let path = report.directory.join("annotations.arrow");
    let whole = fs::read(&path).unwrap();
    replace(&path, &whole[..whole.len() - 1]);
    let text = with_causes(&FrozenDataset::open(&report.directory).unwrap_err());
    assert!(
        text.contains("annotations.arrow") && text.contains("bytes"),
        "{text}"
    );
    fs::remove_file(&path).unwrap();
    let text = with_causes(&FrozenDataset::open(&report.directory).unwrap_err());
    assert!(text.contains("annotations.arrow"), "{text}");
}
