//! What `protea predict` refuses: each a clear error, and nothing is written.

use std::fs;

use protea_e2e::{Place, Ran, train};

use super::{fasta, id, run};

/// Runs `predict`, which must leave the directory as it is.
fn refused(place: &Place, arguments: &[&str]) -> Ran {
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

#[test]
fn models_that_are_none() {
    let place = Place::new();
    let (fasta, _) = fasta(&place, 2);
    let proteins = ["--fasta", fasta.as_str()];
    let predict = |given: &[&str]| refused(&place, &[given, &proteins].concat());
    predict(&["knn"]).fails_with(2, &["knn is a runner", "--train"]);
    predict(&["nothing"]).fails_with(3, &["there is no run \"nothing\""]);
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
            "has no embeddings",
            "has vectors of 1024 numbers",
            "--embeddings",
        ],
    );

    // A .npy of another width: magic, version 1.0, header, two rows of two numbers.
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    let header = format!("{header:<117}\n");
    npy.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend(
        [1.0_f32, 2.0, 3.0, 4.0]
            .iter()
            .flat_map(|number| number.to_le_bytes()),
    );
    place.write("narrow.npy", npy);
    let text = fs::read_to_string(&fasta).unwrap();
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('>'))
        .collect();
    place.write("ids.txt", ids.join("\n"));
    let narrow = ["--embeddings", "narrow.npy", "--ids", "ids.txt"];
    let given = [&[id(&run), "--fasta", fasta.as_str()][..], &narrow].concat();
    refused(&place, &given).fails_with(3, &["1024", "2"]);
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
