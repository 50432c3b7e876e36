//! Tests freezing.

use std::fs;

use protea_contracts::error::with_causes;
use protea_dataset::{
    DatasetError, EmbeddingSource, EmbeddingType, FreezeReport, FreezeRequest, FrozenDataset,
    freeze, unwatched,
};
use protea_formats::FormatError;
use protea_ontology::Aspect;

use crate::small::{ACCESSIONS, Inputs, WIDTH, npy};

fn error(inputs: &Inputs, request: &FreezeRequest, words: &[&str]) -> DatasetError {
    let error = freeze(request, &mut unwatched).unwrap_err();
    let text = with_causes(&error);
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
    assert_eq!(inputs.left_behind(), Vec::<String>::new(), "after {text}");
    error
}

fn open(report: &FreezeReport) -> FrozenDataset {
    FrozenDataset::open(&report.directory).unwrap()
}

#[test]
fn a_frozen_dataset_has_all_inputs() {
    let inputs = Inputs::new();
    let report = inputs.freeze();
    let dataset = open(&report);
    dataset.verify().unwrap();
    dataset.check_finite().unwrap();

    assert_eq!(dataset.sha256(), report.sha256);
    assert_eq!(dataset.manifest(), &report.manifest);
    let counts = dataset.manifest().counts;
    assert_eq!(
        (
            counts.proteins,
            counts.annotated_proteins,
            counts.annotations,
            counts.terms,
            counts.taxa
        ),
        (5, 3, 4, 4, 3)
    );
    assert_eq!(report.annotation_rows, 6);
    assert_eq!(
        (
            report.without_sequence.count,
            report.without_sequence.examples.as_slice()
        ),
        (1, &["X99999".to_owned()][..])
    );
    assert_eq!(report.repeated, 1);
    assert_eq!(
        (
            report.without_annotation.count,
            report.without_annotation.examples.as_slice()
        ),
        (2, &["Q00004".to_owned(), "A0A024RBG1".to_owned()][..])
    );

    assert_eq!(dataset.len(), 5);
    for (row, accession) in ACCESSIONS.into_iter().enumerate() {
        assert_eq!(dataset.accession(row), accession);
        assert_eq!(dataset.index_of(accession), Some(row));
    }
    assert_eq!(dataset.index_of("X99999"), None);
    assert_eq!(dataset.sequence(1), Some("MSEQWENCE"));
    let taxa: Vec<_> = (0..5).map(|row| dataset.taxon(row)).collect();
    assert_eq!(
        taxa,
        [Some(9606), Some(83333), Some(3702), Some(9606), None]
    );

    let annotations: Vec<_> = dataset
        .annotations()
        .unwrap()
        .map(|a| (a.protein, a.term, a.aspect.map(|a| a.name()), a.evidence))
        .collect();
    assert_eq!(
        annotations,
        [
            (0, "GO:0005488", Some("MFO"), None),
            (0, "GO:0008150", Some("BPO"), None),
            (1, "GO:0003674", Some("MFO"), None),
            (2, "GO:0005575", Some("CCO"), None),
        ]
    );
    assert_eq!(
        fs::read(dataset.ontology_path()).unwrap(),
        fs::read(inputs.path("go.obo")).unwrap()
    );
    assert_eq!(
        fs::read(dataset.ia_path().unwrap()).unwrap(),
        fs::read(inputs.path("ia.tsv")).unwrap()
    );
}

#[test]
fn compression_and_order_of_inputs_do_not_matter() {
    let inputs = Inputs::new();
    let plain = inputs.freeze();
    let mut request = inputs.request();
    for input in [
        &mut request.ontology,
        &mut request.fasta,
        request.annotations.as_mut().unwrap(),
    ] {
        *input = inputs.gzip(input.file_name().unwrap().to_str().unwrap());
    }
    request.out = inputs.path("second");
    request.ia = Some(inputs.gzip("ia.tsv"));
    let compressed = freeze(&request, &mut unwatched).unwrap();
    assert_eq!(compressed.manifest.files, plain.manifest.files);

    let terms = fs::read_to_string(inputs.path("terms.tsv")).unwrap();
    request.annotations = Some(
        inputs.write(
            "reversed.tsv",
            terms
                .lines()
                .skip(1)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
                .join("\n"),
        ),
    );
    request.out = inputs.path("third");
    assert_eq!(
        freeze(&request, &mut unwatched).unwrap().manifest.files,
        plain.manifest.files
    );
}

#[test]
fn a_frozen_dataset_is_read_only_and_never_overwritten() {
    let inputs = Inputs::new();
    let report = inputs.freeze();
    for file in fs::read_dir(&report.directory).unwrap() {
        assert!(file.unwrap().metadata().unwrap().permissions().readonly());
    }
    let before = fs::read(report.directory.join("dataset.json")).unwrap();
    assert!(matches!(
        freeze(&inputs.request(), &mut unwatched).unwrap_err(),
        DatasetError::Exists(_)
    ));
    assert_eq!(
        fs::read(report.directory.join("dataset.json")).unwrap(),
        before
    );

    let mut request = inputs.request();
    request.out = inputs.path("empty");
    fs::create_dir(&request.out).unwrap();
    assert!(matches!(
        freeze(&request, &mut unwatched).unwrap_err(),
        DatasetError::Exists(_)
    ));
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let inputs = Inputs::new();
    let mut request = inputs.request();
    for below_a_file in ["go.obo/out", "go.obo/absent/out"] {
        request.out = inputs.path(below_a_file);
        assert!(matches!(
            error(&inputs, &request, &["go.obo", "cannot be written"]),
            DatasetError::Write { .. }
        ));
    }
    request.out = "..".into();
    assert!(freeze(&request, &mut unwatched).is_err());
}

#[test]
fn missing_parents_are_created_and_stay_only_with_a_dataset() {
    let inputs = Inputs::new();
    let mut request = inputs.request();
    request.out = inputs.path("absent/inner/out");
    let annotations = fs::read(inputs.path("terms.tsv")).unwrap();
    fs::write(inputs.path("terms.tsv"), "P00001\n").unwrap();
    freeze(&request, &mut unwatched).unwrap_err();
    assert!(!inputs.path("absent").exists());

    fs::write(inputs.path("terms.tsv"), annotations).unwrap();
    let report = freeze(&request, &mut unwatched).unwrap();
    assert_eq!(report.directory, request.out);
    FrozenDataset::open(&request.out).unwrap();
    let names: Vec<_> = fs::read_dir(inputs.path("absent/inner"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["out"]);
}

#[test]
fn inputs_that_do_not_match_leave_no_files() {
    let inputs = Inputs::new();
    let request = inputs.request();

    inputs.write("ids.txt", "A0A024RBG1\nQ00004\nQ00003\nP00002\n");
    assert!(matches!(
        error(&inputs, &request, &["4 accessions", "5 rows", "matrix.npy"]),
        DatasetError::Input(FormatError::RowCount { .. })
    ));
    inputs.write("ids.txt", "A0A024RBG1\nQ00004\nX1\nP00002\nP00001\n");
    assert!(matches!(
        error(
            &inputs,
            &request,
            &["1 of 5", "Q00003", "compute the missing embeddings"]
        ),
        DatasetError::MissingEmbeddings { .. }
    ));
    inputs.write(
        "ids.txt",
        "A0A024RBG1\nQ00004\nQ00003\nP00002\nP00001\nX1\nX2\n",
    );
    inputs.write(
        "matrix.npy",
        npy("<f4", 7, 2, |_, _| 1f32.to_le_bytes().to_vec()),
    );
    assert!(matches!(
        error(&inputs, &request, &["2 accessions", "X1, X2"]),
        DatasetError::MissingSequences { .. }
    ));

    let inputs = Inputs::new();
    inputs.write(
        "matrix.npy",
        npy("<f4", 5, WIDTH, |r, c| {
            if (r, c) == (3, 1) { f32::NAN } else { 1.0 }
                .to_le_bytes()
                .to_vec()
        }),
    );
    error(
        &inputs,
        &inputs.request(),
        &[
            "matrix.npy",
            "row 3",
            "P00002",
            "column 1",
            "NaN",
            "compute",
        ],
    );
    inputs.write(
        "matrix.npy",
        npy("<f4", 5, WIDTH, |_, _| 1e5f32.to_le_bytes().to_vec()),
    );
    let mut request = inputs.request();
    request.dtype = Some(EmbeddingType::F16);
    error(
        &inputs,
        &request,
        &["100000", "exceeds the range of f16", "store f32"],
    );
    inputs.write(
        "matrix.npy",
        npy("<f8", 5, WIDTH, |_, _| 1e300f64.to_le_bytes().to_vec()),
    );
    error(&inputs, &inputs.request(), &["exceeds the range of f32"]);

    let inputs = Inputs::new();
    inputs.write("proteins.fasta", ">P00001\nMK\n>Q00003\nMK\n>P00001\nMKV\n");
    error(
        &inputs,
        &inputs.request(),
        &["proteins.fasta:5:", "\"P00001\"", "line 1"],
    );

    let inputs = Inputs::new();
    inputs.write("terms.tsv", "Z1\tGO:0005488\tF\nZ2\tGO:0005488\tF\n");
    assert!(matches!(
        error(
            &inputs,
            &inputs.request(),
            &["terms.tsv", "none of its 2", "Z1, Z2"]
        ),
        DatasetError::NoAnnotations { .. }
    ));

    let inputs = Inputs::new();
    inputs.write("go.obo", "GO:0005488 binding\n");
    assert!(matches!(
        error(&inputs, &inputs.request(), &["go.obo"]),
        DatasetError::Ontology(_)
    ));

    let inputs = Inputs::new();
    inputs.write("terms.tsv", "P00001\tHP:0000001\nP00002\tHP:0000002\n");
    assert!(matches!(
        error(
            &inputs,
            &inputs.request(),
            &[
                "terms.tsv",
                "none of the 2",
                "go.obo",
                "HP:0000001, HP:0000002"
            ]
        ),
        DatasetError::NoKnownTerm { .. }
    ));

    let inputs = Inputs::new();
    let mut request = inputs.request();
    request.name = "a\nb".into();
    error(&inputs, &request, &["name"]);
    let mut request = inputs.request();
    request.embeddings = EmbeddingSource::None;
    request.dtype = Some(EmbeddingType::F16);
    error(&inputs, &request, &["k-mer features"]);
}

#[test]
fn the_ontology_decides_terms_and_aspects() {
    let inputs = Inputs::new();
    let terms = "P00001\tGO:0005488\tP\nP00001\tGO:9999999\tF\nP00002\tGO:0000002\tF\nP00002\tGO:0000099\nQ00003\tGO:0008150\nQ00003\tGO:9999999\tF\n";
    inputs.write("terms.tsv", terms);
    let obo = fs::read_to_string(inputs.path("go.obo")).unwrap();
    inputs.write("go.obo", obo.replace("name: binding\n", "name: binding\nalt_id: GO:0000099\n") + "\n[Term]\nid: GO:0000002\nname: gone\nnamespace: molecular_function\nis_obsolete: true\n");
    let report = inputs.freeze();
    assert_eq!(
        (
            report.unknown_terms.count,
            report.unknown_terms.examples.join(" ")
        ),
        (3, "GO:9999999 GO:0000002".to_owned())
    );
    assert_eq!(
        (
            report.other_aspect.count,
            report.other_aspect.examples.join(" ")
        ),
        (1, "GO:0005488".to_owned())
    );
    let dataset = open(&report);
    let kept: Vec<_> = dataset
        .annotations()
        .unwrap()
        .map(|a| (a.protein, a.term, a.aspect.map(Aspect::name)))
        .collect();
    assert_eq!(
        kept,
        [
            (0, "GO:0005488", Some("MFO")),
            (1, "GO:0000099", Some("MFO")),
            (2, "GO:0008150", Some("BPO"))
        ]
    );
}
