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
fn predictions_of_each_tool_are_called_predictions() {
    let inputs = Inputs::new();
    let pannzer = "qpid\tontology\tgoid\tdesc\tARGOT_score\tARGOT_PPV\tARGOT_rank\n\
        P1\tMF\t0005488\tbinding, of any kind\t9.5\t0.5\t1\nP2\tMF\t5488\tbinding\t9\t0.25\t1\n";
    let by_r = "\"EntryID\"\t\"term\"\t\"score\"\n\"1\"\t\"P1\"\t\"GO:0005488\"\t0.5\n\
        \"2\"\t\"P2\"\t\"GO:0005488\"\t0.25\n";
    let with_blanks = "\"EntryID\" \"term\" \"score\"\n\"1\" \"P1\" \"GO:0005488\" 0.5\n\
        \"2\" \"P2\" \"GO:0005488\" 0.25\n";
    let numbered = "protein\tterm\tscore\nP1\t0005488\t0.5\nP2\t0005488\t0.25\n";
    let reordered = "score\tGO ID\tprotein\n0.5\tGO:0005488\tP1\n0.25\tGO:0005488\tP2\n";
    let cafa = "AUTHOR X\nMODEL 1\nKEYWORDS alignment, ontology.\nP1\tGO:0005488\t0.5\n\
        P2\tGO:0005488\t0.25\nP2\tText\twords\nEND\n";
    let json = "{\"accession\": \"P1\", \"terms\": [{\"term\": \"GO:0005488\", \"score\": 0.5}]}\n\
        {\"accession\": \"P2\", \"term\": \"GO:0005488\", \"score\": 0.25}\n";
    for text in [pannzer, by_r, with_blanks, numbered, reordered, cafa, json] {
        let path = inputs.write("scores", text);
        let found = inspect(&path, inputs.dir.path()).unwrap();
        assert_eq!(found.reading, Some(Reading::Predictions), "{text}{found:?}");
        assert_eq!(found.rows, Some(2), "{text}{found:?}");
        assert_eq!(found.ids, ["P1", "P2"], "{text}{found:?}");
        let scores = found
            .notes
            .iter()
            .any(|note| note == "scores from 0.25 to 0.5");
        assert!(scores, "{text}{found:?}");
        assert!(found.dropped.is_empty(), "{text}{found:?}");
        assert_eq!(found.problem, None, "{text}{found:?}");
    }
    let path = inputs.write("scores", "EntryID,term,score\nP1,GO:0005488,0.5\n");
    let found = inspect(&path, inputs.dir.path()).unwrap();
    assert!(found.problem.unwrap().contains("separated by commas"));
}

#[test]
fn a_table_of_numbers_with_a_score_is_not_predictions() {
    let inputs = Inputs::new();
    for text in [
        "protein\tterm\tscore\nP1\t0.5\t0.25\nP2\t1.5\t0.5\n",
        "id,go,score\nP1,0.5,0.25\nP2,1.5,0.5\n",
    ] {
        let path = inputs.write("numbers", text);
        let found = inspect(&path, inputs.dir.path()).unwrap();
        assert_ne!(found.reading, Some(Reading::Predictions), "{text}{found:?}");
    }
}

#[test]
fn what_no_option_reads_is_named() {
    let inputs = Inputs::new();
    for (text, kind) in [
        ("@read1\nACGT\n+\nIIII\n", "FASTQ"),
        (
            "LOCUS       NP_1 100 aa\nDEFINITION  x y z\nORIGIN\n",
            "GenBank",
        ),
        (
            "Prefix(:=<http://purl.obolibrary.org/obo/go.owl#>)\nOntology(<x>\n)\n",
            "OWL",
        ),
        (
            "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n<x> a owl:Ontology .\n",
            "Turtle",
        ),
        (
            "@relation x\n@attribute id string\n@data\nP1,0.5,1,2\n",
            "ARFF",
        ),
        (
            "EntryID\tGO:0000001\tGO:0000002\nP1\t0.5\t0.25\n",
            "a column for each term",
        ),
    ] {
        let found = inspect(&inputs.write("x", text), inputs.dir.path()).unwrap();
        assert!(found.kind.contains(kind), "{text}{found:?}");
        assert!(found.problem.is_some(), "{text}{found:?}");
        assert_eq!(found.reading, None, "{text}{found:?}");
    }
    for text in [
        "GO:0000001\tP1\nGO:0000002\tP1\n",
        "P1\tGO:0000001:0.5;GO:0000002:0.2\n",
        "P1\tGO:0000001 x\t0.5\nP2\tGO:0000001 x\t0.25\n",
        "GO:0000001\t0.5\tname\nGO:0000002\t1.5\tother\n",
        "1 1:0.5 2:0.25\n1 1:0.75 2:1.5\n",
    ] {
        let found = inspect(&inputs.write("x", text), inputs.dir.path()).unwrap();
        assert_eq!(found.reading, None, "{text}{found:?}");
    }
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
