//! What is wrong with the proteins is said before a runner is fitted, and for which there is no vector.

use std::fs;

use protea_e2e::{Place, train};
use serde_json::Value;

use super::{
    fasta, id, predicted,
    refusals::{npy, refused},
    run,
};

/// A dataset without vectors of these sequences.
fn bare(place: &Place, fasta: &str) {
    let ontology = train().join("ontology.obo");
    let freeze = [
        "dataset",
        "freeze",
        "bare",
        "--name",
        "bare",
        "--fasta",
        fasta,
        "--ontology",
    ];
    let frozen = place.protea(freeze.iter().chain(&[ontology.to_str().unwrap()]));
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
}

/// A dataset with vectors of these proteins, which are those of protea's own width.
fn with_vectors(place: &Place, fasta: &str, accessions: &[String], source: &[&str]) {
    place.write("vectors.npy", npy(accessions.len(), 1024, 1.0));
    place.write("ids.txt", accessions.join("\n"));
    let annotations: Vec<String> = accessions
        .iter()
        .map(|accession| format!("{accession}\tGO:0003824"))
        .collect();
    place.write("annotations.tsv", annotations.join("\n"));
    let ontology = train().join("ontology.obo");
    let mut freeze = vec![
        "dataset", "freeze", "other", "--name", "other", "--fasta", fasta,
    ];
    freeze.extend([
        "--annotations",
        "annotations.tsv",
        "--embeddings",
        "vectors.npy",
    ]);
    freeze.extend(["--ids", "ids.txt", "--ontology", ontology.to_str().unwrap()]);
    freeze.extend(source);
    let frozen = place.protea(freeze);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
}

#[test]
fn nothing_is_fitted_for_queries_that_cannot_be_predicted() {
    let place = Place::new();
    let (fasta, accessions) = fasta(&place, 3);
    bare(&place, &fasta);
    place.write("broken.fasta", "no header\n");
    place.write("narrow.npy", npy(3, 2, 1.0));
    place.write("ids.txt", accessions.join("\n"));
    let train = train();
    let given = ["knn", "--train", train.to_str().unwrap()];
    for (queries, message) in [
        (&["--fasta", "nothere.fa"][..], "nothere.fa"),
        (&["--fasta", "broken.fasta"], "broken.fasta"),
        (&["--dataset", "nothere"], "nothere"),
        (&["--dataset", "bare"], "knn needs embeddings"),
        (
            &[
                "--fasta",
                &fasta,
                "--embeddings",
                "narrow.npy",
                "--ids",
                "ids.txt",
            ],
            "k-mer vectors",
        ),
        (
            &["--fasta", &fasta, "--ontology", "nothere.obo"],
            "nothere.obo",
        ),
    ] {
        refused(&place, &[&given, queries].concat()).fails_with(3, &[message]);
    }
    // No workspace was made, so no run is on record.
    let listed = place.protea(["runs", "list", "--json"]);
    assert!(!listed.stdout.contains("run_id"), "{listed:#?}");
}

#[test]
fn vectors_of_another_kind_than_k_mers_are_refused() {
    let place = Place::new();
    let (fasta, accessions) = fasta(&place, 6);
    let kmers = run(&place, "knn", &[]);
    with_vectors(&place, &fasta, &accessions, &[]);
    // Of the width of k-mer vectors, and of ProtT5's.
    let vectors = [
        "--fasta",
        &fasta,
        "--embeddings",
        "vectors.npy",
        "--ids",
        "ids.txt",
    ];
    let words = ["has k-mer vectors", "of another kind", "--embeddings"];
    refused(&place, &[&[id(&kmers)], &vectors[..]].concat()).fails_with(3, &words);
    refused(&place, &[id(&kmers), "--dataset", "other"]).fails_with(3, &words);
    let sourced = [&[id(&kmers)], &vectors[..], &["--source", "ProtT5"]].concat();
    refused(&place, &sourced).fails_with(3, &["their source is ProtT5"]);

    let fit = ["fit", "knn", "--train", "other", "--json"];
    let fitted = place.protea(fit).json();
    refused(
        &place,
        &[id(&fitted), "--fasta", &fasta, "--features", "kmer"],
    )
    .fails_with(3, &["not k-mer vectors", "--embeddings"]);
    predicted(&place, &[&[id(&fitted)], &vectors[..]].concat());
    // A method without vectors does not compare them.
    let naive = run(&place, "baseline", &[]);
    predicted(&place, &[id(&naive), "--dataset", "other"]);
}

#[test]
fn the_source_of_vectors_is_compared() {
    let place = Place::new();
    let (fasta, accessions) = fasta(&place, 6);
    with_vectors(&place, &fasta, &accessions, &["--source", "ProtT5"]);
    let fitted = place
        .protea(["fit", "knn", "--train", "other", "--json"])
        .json();
    let vectors = [
        "--fasta",
        &fasta,
        "--embeddings",
        "vectors.npy",
        "--ids",
        "ids.txt",
    ];
    let given = [&[id(&fitted)], &vectors[..]].concat();
    let unstated = predicted(&place, &given);
    assert!(
        unstated
            .stderr
            .contains("is not stated and was not compared"),
        "{unstated:#?}"
    );
    let other = predicted(&place, &[&given[..], &["--source", "ESM-2"]].concat());
    assert!(other.stderr.contains("different sources"), "{other:#?}");
    let same = predicted(&place, &[&given[..], &["--source", "ProtT5"]].concat());
    assert!(!same.stderr.contains("source"), "{same:#?}");
}

#[test]
fn proteins_without_a_vector_are_listed_others_predicted() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 3);
    let whole = predicted(&place, &[id(&run), "--fasta", &fasta]).stdout;
    let text = fs::read_to_string(&fasta).unwrap();
    let odd = format!(">short\nM\n{text}>unknown\n{}\n", "X".repeat(500));
    place.write("odd.fasta", odd);
    let given = [
        id(&run),
        "--fasta",
        "odd.fasta",
        "-o",
        "out",
        "--unpredicted",
        "none",
        "--json",
    ];
    let summary: Value = serde_json::from_str(&predicted(&place, &given).stdout).unwrap();
    assert_eq!(fs::read_to_string(place.join("out")).unwrap(), whole);
    let list = fs::read_to_string(place.join("none")).unwrap();
    let reasons = [
        (
            "short",
            "the sequence is too short: it has fewer than 3 residues",
        ),
        (
            "unknown",
            "no vector: the sequence does not contain 3 consecutive residues of the 20 amino acids",
        ),
    ];
    let expected: Vec<String> = reasons.iter().map(|(a, r)| format!("{a}\t{r}\n")).collect();
    assert_eq!(list, expected.concat());
    assert_eq!(summary["counts"]["proteins"], 5);
    assert_eq!(summary["counts"]["predicted"], 3);
    assert_eq!(summary["counts"]["unpredicted"][reasons[0].1], 1);
    // A method that needs no vectors predicts for all.
    let naive = super::run(&place, "baseline", &[]);
    let given = [id(&naive), "--fasta", "odd.fasta", "--format", "tsv"];
    let all = predicted(&place, &given).stdout;
    assert!(
        all.contains("\nshort\t") || all.starts_with("short\t"),
        "{all}"
    );
    assert!(all.contains("\nunknown\t"));
}

#[test]
fn a_file_of_vectors_may_lack_some_proteins() {
    let place = Place::new();
    let (fasta, accessions) = fasta(&place, 6);
    with_vectors(&place, &fasta, &accessions, &[]);
    let fitted = place
        .protea(["fit", "knn", "--train", "other", "--json"])
        .json();
    place.write("few.npy", npy(4, 1024, 1.0));
    place.write("few.txt", accessions[..4].join("\n"));
    let vectors = [
        "--fasta",
        &fasta,
        "--embeddings",
        "few.npy",
        "--ids",
        "few.txt",
    ];
    let outputs = ["-o", "out", "--unpredicted", "none", "--json"];
    let given = [&[id(&fitted)], &vectors[..], &outputs].concat();
    let summary: Value = serde_json::from_str(&predicted(&place, &given).stdout).unwrap();
    let reason = "no vector in the file of embeddings";
    assert_eq!(summary["counts"]["unpredicted"][reason], 2, "{summary}");
    let list = fs::read_to_string(place.join("none")).unwrap();
    for accession in &accessions[4..] {
        assert!(list.contains(&format!("{accession}\t{reason}\n")), "{list}");
    }
    // Names that match no protein at all mean something else.
    place.write("few.txt", "a\nb\nc\nd\n");
    let given = [&[id(&fitted)], &vectors[..]].concat();
    refused(&place, &given).fails_with(3, &["6 of 6 proteins have no embedding"]);
    // The parts of a plan give the same.
    place.write("few.txt", accessions[..4].join("\n"));
    let plan = [
        "-o",
        "again",
        "--unpredicted",
        "none2",
        "--plan",
        "plan",
        "--query-shards",
        "2",
    ];
    let planned = predicted(&place, &[&[id(&fitted)], &vectors[..], &plan].concat());
    assert!(!place.join("again").exists(), "{planned:#?}");
    for index in ["0", "1"] {
        let task = place.protea(["task", "plan", "--index", index]);
        assert_eq!(task.code, Some(0), "{task:#?}");
    }
    let gathered = place.protea(["gather", "plan"]);
    assert_eq!(gathered.code, Some(0), "{gathered:#?}");
    let read = |name: &str| fs::read_to_string(place.join(name)).unwrap();
    assert_eq!(read("again"), read("out"));
    assert_eq!(read("none2"), read("none"));
}

#[test]
fn a_reference_set_without_annotations_is_refused() {
    let place = Place::new();
    let (fasta, _) = fasta(&place, 3);
    let ontology = train().join("ontology.obo");
    let freeze = [
        "dataset", "freeze", "bare", "--name", "bare", "--fasta", &fasta,
    ];
    let more = [
        "--features",
        "kmer",
        "--ontology",
        ontology.to_str().unwrap(),
    ];
    assert_eq!(place.protea(freeze.iter().chain(&more)).code, Some(0));
    let predict = [
        "predict",
        "knn",
        "--train",
        "bare",
        "--fasta",
        &fasta,
        "--calibrate",
    ];
    let needs = ["knn needs annotations, and bare", "--annotations FILE"];
    place.protea(predict).fails_with(3, &needs);
    let test = protea_e2e::test();
    place
        .protea([
            "run",
            "knn",
            "--train",
            "bare",
            "--eval",
            test.to_str().unwrap(),
        ])
        .fails_with(3, &needs);
}
