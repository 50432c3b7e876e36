//! Tests what is said of a file.

use protea_formats::{Reading, inspect};

use crate::{
    input_files::{FASTA, Inputs, npy},
    tensor_files::{Dtype, esm, torch_dict},
};

#[test]
fn each_kind_of_file_is_named_with_its_reader() {
    let inputs = Inputs::new();
    let dir = inputs.dir.path();
    let residues = |rows: usize| vec![vec![1.0f32, 2.0]; rows];
    std::fs::create_dir(inputs.path("esm")).unwrap();
    inputs.write(
        "esm/P1.pt",
        esm("P1", &[(33, vec![1.0, 2.0])], &residues(3)),
    );
    std::fs::create_dir(inputs.path("predictions")).unwrap();
    inputs.write("predictions/a.tsv", "P1\tGO:0008150\t0.5\n");
    let vectors = [("P1", vec![1.0, 2.0]), ("P2", vec![3.0, 4.0])];
    for (name, content, kind, reading, rows) in [
        ("e.pt", torch_dict(Dtype::Float, &vectors), "PyTorch", Some(Reading::Embeddings), Some(2)),
        ("m.npy", npy("<f4", 4, 2, |_, _| vec![0; 4]), ".npy", Some(Reading::EmbeddingsWithIds), Some(4)),
        ("e.csv", b"id,a0,a1\nP1,1,2\nP2,3,4\n".to_vec(), "table of text", Some(Reading::Embeddings), Some(2)),
        ("p.fasta", FASTA.into(), "FASTA", Some(Reading::Fasta), Some(5)),
        ("a.tsv", b"P1\tGO:0008150\tP\n".to_vec(), "annotations", Some(Reading::Annotations), Some(1)),
        ("s.tsv", b"P1\tGO:0008150\t0.5\n".to_vec(), "predictions", Some(Reading::Predictions), Some(1)),
        ("ids.txt", b"P1\nP2\n".to_vec(), "accessions", Some(Reading::Ids), Some(2)),
        ("c.tsv", b"P1\tc1\nP2\tc1\n".to_vec(), "two columns", Some(Reading::Clusters), None),
        ("go.obo", b"format-version: 1.2\n\n[Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n".to_vec(), "OBO", Some(Reading::Ontology), Some(1)),
        ("x.html", b"<html><head></head></html>".to_vec(), "web page", None, None),
        ("x.pkl", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00].".to_vec(), "pickle", None, None),
    ] {
        let path = inputs.write(name, content);
        let found = inspect(&path, dir).unwrap();
        assert!(found.kind.contains(kind), "{name}: {found:?}");
        assert_eq!(found.reading, reading, "{name}: {found:?}");
        if rows.is_some() {
            assert_eq!(found.rows, rows, "{name}: {found:?}");
        }
        assert_eq!(found.problem.is_some(), reading.is_none(), "{name}: {found:?}");
    }
    let esm = inspect(&inputs.path("esm"), dir).unwrap();
    assert_eq!(esm.reading, Some(Reading::Embeddings), "{esm:?}");
    let predictions = inspect(&inputs.path("predictions"), dir).unwrap();
    assert_eq!(
        predictions.reading,
        Some(Reading::Predictions),
        "{predictions:?}"
    );
    assert!(inspect(&inputs.path("missing"), dir).is_err());
}

#[test]
fn rows_that_would_be_refused_are_counted() {
    let inputs = Inputs::new();
    let path = inputs.write(
        "e.tsv",
        "P1\t1\t2\nP2\tnan\t2\nP3\t0\t0\nP4\t1\t2\nP5\tinf\t1\nP6\tnan\t1\n",
    );
    let found = inspect(&path, inputs.dir.path()).unwrap();
    let mut dropped: Vec<(&str, u64, String)> = found
        .dropped
        .iter()
        .map(|d| {
            (
                d.reason.split(',').next().unwrap(),
                d.count,
                d.examples.join(" "),
            )
        })
        .collect();
    dropped.sort_unstable();
    assert_eq!(
        dropped,
        [
            ("rows of zeros", 1, "P3".to_owned()),
            ("rows with NaN", 2, "P2 P6".to_owned()),
            ("rows with infinite numbers", 1, "P5".to_owned()),
            (
                "rows with the same numbers as another",
                1,
                "P4 = P1".to_owned()
            ),
        ]
    );
    assert_eq!((found.rows, found.width), (Some(6), Some(2)));
}

#[test]
#[cfg(unix)]
fn a_pipe_is_refused() {
    let inputs = Inputs::new();
    let path = inputs.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let error = inspect(&path, inputs.dir.path()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("a pipe or a device"), "{source}");
}
