//! `protea predict --evidence`: what each prediction rests on.

use protea_e2e::Place;
use serde_json::Value;

use super::{fasta, id, predicted, rows, run};

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Contributions reproduce the scores, and are those that `explain` gives.
fn agrees(runner: &str, settings: &[&str], explains: bool) {
    let place = Place::new();
    let run = run(&place, runner, settings);
    let (fasta, _) = fasta(&place, 15);
    let given = [
        id(&run),
        "--fasta",
        &fasta,
        "--format",
        "json",
        "--evidence=100000",
    ];
    let proteins = objects(&predicted(&place, &given).stdout);
    assert!(proteins.len() > 5);
    for protein in &proteins {
        for term in protein["terms"].as_array().unwrap() {
            let evidence = &term["evidence"];
            let amounts = evidence["contributions"].as_array().unwrap().iter();
            let amounts = amounts.map(|part| part["amount"].as_f64().unwrap());
            let sum = evidence["base"].as_f64().unwrap();
            let combined = match evidence["combination"].as_str().unwrap() {
                "sum" => amounts.fold(sum, |sum, amount| sum + amount),
                "max" => amounts.fold(sum, f64::max),
                "logistic_sum" => {
                    let odds = amounts.fold(sum, |sum, amount| sum + amount);
                    1.0 / (1.0 + (-odds).exp())
                }
                other => panic!("{other}"),
            };
            let uncalibrated = evidence["uncalibrated"].as_f64();
            let score = uncalibrated.or(term["score"].as_f64()).unwrap();
            assert!((combined - score).abs() < 2e-6, "{runner}: {term:#}");
        }
    }
    if !explains {
        return;
    }
    let first = &proteins[0];
    let accession = first["accession"].as_str().unwrap();
    let explain = ["explain", id(&run), accession, "--limit", "0", "--json"];
    let explained = place.protea(explain).json();
    for term in first["terms"].as_array().unwrap() {
        let all = explained["terms"].as_array().unwrap();
        let same = all.iter().find(|other| other["term"] == term["term"]);
        let same = &same.unwrap()["contributions"];
        assert_eq!(same, &term["evidence"]["contributions"], "{runner}");
    }
}

#[test]
fn evidence_reproduces_the_scores_as_explain_does() {
    agrees("knn", &[], true);
    let largest = ["--set", "vote=max", "--set", "metric=l2", "--calibrate"];
    agrees("knn", &largest, true);
    agrees("baseline", &["--set", "minimum_score=0.2"], true);
    #[cfg(target_os = "linux")]
    if let Some(method) = crate::aligners::installed().last() {
        let method = format!("method={method}");
        let bits = [
            "--set",
            &method,
            "--set",
            "transfer=bit_score",
            "--calibrate",
        ];
        agrees("baseline", &bits, false);
    }
    #[cfg(unix)]
    if crate::reranker::lightgbm().is_some() {
        let quick = ["--set", "trees=20", "--set", "maximum_rows=20000"];
        let more = [
            "--set",
            "aligned=5",
            "--set",
            "rerank=always",
            "--calibrate",
        ];
        agrees("lightgbm", &[quick.as_slice(), &more].concat(), true);
    }
}

#[test]
fn tables_have_a_column_of_evidence() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 4);
    let plain = predicted(&place, &[id(&run), "--fasta", &fasta]).stdout;
    let given = [id(&run), "--fasta", &fasta, "--evidence=2"];
    let with = predicted(&place, &given).stdout;
    let (plain, with) = (rows(&plain), rows(&with));
    assert_eq!(with[0][5], "evidence");
    assert_eq!(plain.len(), with.len());
    for (plain, with) in plain.iter().zip(&with).skip(1) {
        assert_eq!(plain[..], with[..5]);
        let parts: Vec<&str> = with[5].split("; ").collect();
        assert!(parts[0].contains(" (distance "), "{with:?}");
        assert!(parts.len() <= 3, "{with:?}");
        if parts.len() == 3 {
            assert!(parts[2].ends_with(" more"), "{with:?}");
        }
    }
    // As many as are asked for, with the filters of the table.
    let given = [
        id(&run),
        "--fasta",
        &fasta,
        "--evidence",
        "--top",
        "3",
        "--aspect",
        "mfo",
    ];
    let filtered = predicted(&place, &given).stdout;
    assert!(rows(&filtered)[1..].iter().all(|row| !row[5].is_empty()));
}
