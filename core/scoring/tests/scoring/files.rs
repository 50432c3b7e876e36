//! Prediction files and files of information accretion.

use std::fs;

use protea_scoring::{
    GroundTruth, InformationAccretion, PredictionFile, PredictionWriter, ScoringError,
    prediction_files,
};

use crate::{TRUTH, ontology};

#[test]
fn the_writer_leaves_nothing_behind_when_it_fails() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.tsv");
    for (accession, term, score) in [
        ("P1", "GO:1", f64::NAN),
        ("P1", "GO:1", 1.5),
        ("P1", "GO:1", -0.1),
        ("P 1", "GO:1", 0.5),
        ("P1", "", 0.5),
    ] {
        let mut writer = PredictionWriter::create(&path).unwrap();
        writer.write("P0", &mut [("GO:1", 1.0)]).unwrap();
        assert!(matches!(
            writer.write(accession, &mut [(term, score)]),
            Err(ScoringError::Unwritable { .. })
        ));
        drop(writer);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
    assert!(matches!(
        PredictionWriter::create("no/such/directory/p.tsv"),
        Err(ScoringError::Write { .. })
    ));
    let mut writer = PredictionWriter::create(&path).unwrap();
    writer
        .write(
            "P1",
            &mut [
                ("GO:2", 0.5),
                ("GO:3", 1.0),
                ("GO:1", 0.500_000_1),
                ("GO:4", 4e-7),
                ("GO:5", 0.000_001),
            ],
        )
        .unwrap();
    assert_eq!(writer.finish().unwrap(), 4);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "P1\tGO:3\t1\nP1\tGO:1\t0.5\nP1\tGO:2\t0.5\nP1\tGO:5\t0.000001\n"
    );
}

#[test]
fn files_in_a_directory_are_found_and_sorted() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("b/c")).unwrap();
    for name in ["b/c/x.tsv", "z.tsv.gz", "a.tsv"] {
        fs::write(directory.path().join(name), "").unwrap();
    }
    let names: Vec<String> = prediction_files(directory.path())
        .unwrap()
        .into_iter()
        .map(|f| f.name)
        .collect();
    assert_eq!(names, ["a.tsv", "b_c_x.tsv", "z.tsv"]);
    let one = prediction_files(directory.path().join("z.tsv.gz")).unwrap();
    assert_eq!(
        one,
        [PredictionFile {
            path: directory.path().join("z.tsv.gz"),
            name: "z.tsv".to_owned()
        }]
    );
}

#[test]
fn information_accretion_survives_a_round_trip() {
    let ontology = ontology();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ia.tsv");
    let truth = GroundTruth::from_annotations(&ontology, "truth", TRUTH).unwrap();
    let accretion = InformationAccretion::from_annotations(&truth);
    accretion.write(&path).unwrap();
    let read = InformationAccretion::read(&path, &ontology).unwrap();
    assert!(
        ontology
            .terms()
            .all(|t| read.value(t) == accretion.value(t))
    );
    // Both proteins of MFO have the root, and one of them has its child GO:0005488: -log2((1 + 1) /
    // (2 + 1)).
    assert_eq!(
        read.value(ontology.primary("GO:0005488").unwrap()),
        -(2.0f64 / 3.0).log2()
    );
    assert_eq!(read.value(ontology.primary("GO:0003674").unwrap()), 0.0);
}
