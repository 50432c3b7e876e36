//! What `protea predict` refuses: each a clear error, and nothing is written.

use std::fs;

use protea_cafa::ontology::Ontology;
use protea_e2e::{Place, Ran, train};

use super::{fasta, id, run};

/// Runs `predict`, which must leave the directory as it is.
pub(super) fn refused(place: &Place, arguments: &[&str]) -> Ran {
    let names = || {
        let mut names: Vec<_> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = names();
    let ran = place.protea(["predict"].iter().chain(arguments));
    assert_eq!(names(), before, "{ran:#?}");
    assert_eq!(ran.stdout, "", "{ran:#?}");
    ran
}

/// The bytes of a `.npy` file: rows of numbers, `first` and those that follow it.
pub(super) fn npy(rows: usize, width: usize, first: f32) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let header = format!("{header:<117}\n");
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    npy.extend(header.as_bytes());
    let mut number = first;
    for _ in 0..rows * width {
        npy.extend(number.to_le_bytes());
        number += 1.0;
    }
    npy
}

#[test]
fn models_that_are_none() {
    let place = Place::new();
    let (fasta, _) = fasta(&place, 2);
    let proteins = ["--fasta", fasta.as_str()];
    let predict = |given: &[&str]| refused(&place, &[given, &proteins].concat());
    predict(&["knn"]).fails_with(2, &["knn is a runner", "--train"]);
    predict(&["nothing"]).fails_with(3, &["there is no workspace"]);
    predict(&["new.fasta"]).fails_with(3, &["neither a run nor an exported model"]);
    predict(&["nothing", "--set", "k=3"]).fails_with(2, &["fitted with", "--train"]);
    fs::create_dir(place.join("broken")).unwrap();
    place.write("broken/run.json", "{}");
    predict(&["broken"]).fails_with(3, &["broken is not an exported model", "run.json"]);
    let train = train();
    predict(&["toy", "--train", train.to_str().unwrap()]).fails_with(
        4,
        &["toy", "does not predict for proteins without annotations"],
    );
}

#[test]
fn proteins_without_the_vectors_of_the_model() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 2);
    let ontology = train().join("ontology.obo");
    let freeze = [
        "dataset",
        "freeze",
        "bare",
        "--name",
        "bare",
        "--fasta",
        &fasta,
        "--ontology",
        ontology.to_str().unwrap(),
    ];
    assert_eq!(place.protea(freeze).code, Some(0));
    let ran = refused(&place, &[id(&run), "--dataset", "bare", "-o", "out.tsv"]);
    ran.fails_with(
        3,
        &[
            "knn needs embeddings, and the proteins of bare have none",
            "has vectors of 1024 numbers (k-mer spectrum",
            "--features kmer",
        ],
    );

    place.write("narrow.npy", npy(2, 2, 1.0));
    let text = fs::read_to_string(&fasta).unwrap();
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('>'))
        .collect();
    place.write("ids.txt", ids.join("\n"));
    let narrow = ["--embeddings", "narrow.npy", "--ids", "ids.txt"];
    let given = [&[id(&run), "--fasta", fasta.as_str()][..], &narrow].concat();
    refused(&place, &given).fails_with(3, &["has k-mer vectors", "leave out --embeddings"]);
    let manifest = fs::read_to_string(train().join("dataset.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let source = manifest["embedding"]["source"].as_str().unwrap();
    let given = [&given[..], &["--source", source]].concat();
    refused(&place, &given).fails_with(
        3,
        &["the vectors of the proteins have 2 numbers", "have 1024"],
    );
    refused(&place, &[id(&run), "--dataset", &fasta]).fails_with(
        3,
        &["is a FASTA file, not a frozen dataset; give it with --fasta"],
    );
    refused(&place, &[id(&run), "--fasta", "bare"])
        .fails_with(3, &["bare is a frozen dataset", "give it with --dataset"]);
}

#[test]
fn outputs_that_exist() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    place.write("out.tsv", "mine\n");
    let given = [id(&run), "--fasta", fasta.as_str(), "-o", "out.tsv"];
    refused(&place, &given).fails_with(5, &["out.tsv exists", "--force"]);
    assert_eq!(fs::read_to_string(place.join("out.tsv")).unwrap(), "mine\n");
    let forced = place.protea(["predict"].iter().chain(&given).chain(&["--force"]));
    assert_eq!(forced.code, Some(0), "{forced:#?}");
    assert!(
        fs::read_to_string(place.join("out.tsv"))
            .unwrap()
            .starts_with("accession\t")
    );
    // Predictions and a summary do not both fit on standard output.
    let both = place.protea(["predict", id(&run), "--fasta", &fasta, "--json"]);
    both.fails_with(2, &["--json", "--output"]);
}

#[test]
fn formats_and_options_that_do_not_fit() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    let proteins = [id(&run), "--fasta", fasta.as_str(), "-o", "out.tsv"];
    let predict = |more: &[&str]| refused(&place, &[&proteins, more].concat());
    predict(&["--format", "xml"]).fails_with(2, &["invalid value 'xml'", "table"]);
    for format in ["tsv", "gaf", "topgo"] {
        predict(&["--format", format, "--evidence"])
            .fails_with(2, &["cannot hold evidence", "--format json"]);
    }
    predict(&["--calibrate"]).fails_with(2, &["fitted with", "--train"]);
    predict(&["--features", "kmer", "--embeddings", "new.npy"]).fails_with(
        2,
        &["'--features <KIND>' cannot be used with '--embeddings <FILE>'"],
    );
}

#[test]
fn a_model_without_its_references() {
    let place = Place::new();
    let copy = protea_e2e::copy_of(&train(), &place.join("train"));
    let fit = ["fit", "knn", "--train", copy.to_str().unwrap(), "--json"];
    let fitted = place.protea(fit).json();
    let (fasta, _) = fasta(&place, 2);
    fs::rename(&copy, place.join("away")).unwrap();
    let run = id(&fitted);
    refused(&place, &[run, "--fasta", &fasta, "-o", "out.tsv"]).fails_with(
        2,
        &[
            "training set of this model",
            "/train",
            "missing",
            "--ontology",
        ],
    );
    let ontology = place.join("away/ontology.obo");
    let ontology = ontology.to_str().unwrap();
    let given = [
        run,
        "--fasta",
        &fasta,
        "--ontology",
        ontology,
        "-o",
        "out.tsv",
    ];
    refused(&place, &given).fails_with(3, &["references", "/train"]);
}

#[test]
fn sequences_without_the_vectors_of_another_model() {
    let place = Place::new();
    let (fasta, accessions) = fasta(&place, 6);
    place.write("vectors.npy", npy(6, 2, 1.0));
    place.write("ids.txt", accessions.join("\n"));
    let annotations: Vec<String> = accessions
        .iter()
        .map(|accession| format!("{accession}\tGO:0003824"))
        .collect();
    place.write("annotations.tsv", annotations.join("\n"));
    let ontology = train().join("ontology.obo");
    let freeze = [
        "dataset",
        "freeze",
        "train",
        "--name",
        "small",
        "--fasta",
        &fasta,
        "--annotations",
        "annotations.tsv",
        "--ontology",
        ontology.to_str().unwrap(),
        "--embeddings",
        "vectors.npy",
        "--ids",
        "ids.txt",
        "--source",
        "ProtT5",
    ];
    let frozen = place.protea(freeze);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    let fitted = place
        .protea(["fit", "knn", "--train", "train", "--json"])
        .json();
    refused(&place, &[id(&fitted), "--fasta", &fasta, "-o", "out.tsv"]).fails_with(
        3,
        &[
            "knn needs embeddings, and the proteins have none",
            "small has vectors of 2 numbers (ProtT5)",
            "--embeddings",
        ],
    );
    place.write("others.txt", "A\nB\nC\nD\nE\nF\n");
    let others = ["--embeddings", "vectors.npy", "--ids", "others.txt"];
    let ran = refused(
        &place,
        &[&[id(&fitted), "--fasta", &fasta][..], &others].concat(),
    );
    ran.fails_with(
        3,
        &["have no embedding", "protea dataset inspect others.txt"],
    );
    assert!(!ran.stderr.contains("kmer"), "{ran:#?}");
}

#[test]
fn a_newer_ontology_is_a_warning_with_counts() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 3);
    let same = place.protea(["predict", id(&run), "--fasta", &fasta]);
    assert!(!same.stderr.contains("trained with"), "{same:#?}");
    let text = fs::read_to_string(train().join("ontology.obo")).unwrap();
    let version = text.lines().find(|line| line.starts_with("data-version:"));
    let newer = "data-version: releases/2099-01-01";
    let mut text = text.replace(version.unwrap(), newer);
    let ontology = Ontology::read(train().join("ontology.obo")).unwrap();
    let leaf = ontology
        .terms()
        .find(|&term| ontology.children(term).is_empty());
    let leaf = ontology.id(leaf.unwrap());
    let stanza = format!("id: {leaf}\n");
    text = text.replacen(&stanza, &format!("{stanza}is_obsolete: true\n"), 1);
    text +=
        "\n[Term]\nid: GO:9999999\nname: new\nnamespace: molecular_function\nis_a: GO:0003674\n";
    place.write("newer.obo", text);
    let ran = place.protea([
        "predict",
        id(&run),
        "--fasta",
        &fasta,
        "--ontology",
        "newer.obo",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for part in [
        "trained with the ontology",
        "releases/2099-01-01",
        &format!("missing there: 1 ({leaf})"),
        "cannot be predicted: 1",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
    }
}
