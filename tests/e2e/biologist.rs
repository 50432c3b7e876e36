//! The first hour of a biologist, in the order of the README: from files of proteins to scores,
//! settings, a comparison, predictions for new proteins and figures, with the mistakes that people make
//! on the way. Each output is compared.

use protea_e2e::{Place, Ran};

use crate::{documented::inputs, walk::Walk};

fn has(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(
            ran.stdout.contains(part) || ran.stderr.contains(part),
            "{part:?} is not in {ran:#?}"
        );
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn the_biologist_s_hour() {
    let place = Place::new();
    inputs::write(&place);
    let mut walk = Walk::new(&place);
    freeze(&mut walk);
    scores(&mut walk);
    settings(&mut walk);
    runs(&mut walk);
    new_proteins(&mut walk);
    walk.print();
}

/// Own files become datasets. A file in place of a dataset is recognised.
fn freeze(walk: &mut Walk<'_>) {
    walk.protea_fails(
        3,
        &words("run knn --train train.fasta --eval test.fasta"),
        &[
            "is a file, not a frozen dataset",
            "sequences in FASTA",
            "protea dataset freeze train",
        ],
    );
    walk.protea_fails(2, &words("freeze data/train"), &["'protea dataset freeze'"]);
    for (part, proteins) in [("train", "12"), ("test", "6")] {
        let line = format!(
            "dataset freeze data/{part} --name mine-{part} --ontology go-basic.obo --ia IA.tsv \
             --source T5 --fasta {part}.fasta --annotations {part}_terms.tsv --embeddings \
             {part}.npy --ids {part}_ids.txt"
        );
        let frozen = walk.protea(&words(&line));
        has(
            &frozen,
            &[&format!("data/{part}"), &format!("mine-{part}"), proteins],
        );
        assert!(!frozen.stderr.contains("warning"), "{frozen:#?}");
    }
}

const DATA: &str = "--train data/train --eval data/test";

fn scores(walk: &mut Walk<'_>) {
    walk.protea_fails(
        3,
        &words(&format!("run knn {DATA} --set metric=euclid")),
        &["\"euclid\" is not one of \"cosine\", \"l2\""],
    );
    walk.protea_fails(2, &words("run knn --k 10"), &["write '--set k=10'"]);
    walk.protea_fails(
        4,
        &words(&format!("run naive {DATA}")),
        &["--set method=naive"],
    );
    let ran = walk.protea(&words(&format!("run knn {DATA} --set k=3")));
    let first = ran.stdout.lines().next().unwrap();
    assert!(first.starts_with("knn 1."), "{first}");
    assert!(
        first.ends_with(" · trained on mine-train · scored on mine-test"),
        "{first}"
    );
    // The sentence about few proteins, the columns, and the place of everything.
    has(
        &ran,
        &[
            "proteins",
            "fmax",
            "tau",
            "MFO",
            "BPO",
            "CCO",
            "lower is better for smin",
        ],
    );
    has(&ran, &["directory", "predictions", "run_manifest.json"]);
}

fn settings(walk: &mut Walk<'_>) {
    let info = walk.protea(&words("runners info knn"));
    has(&info, &["metric", "cosine"]);
    let found = walk.protea(&words(&format!(
        "search knn --grid k=1,3,5 --metric MFO.fmax {DATA}"
    )));
    has(
        &found,
        &[
            "3 trials (grid) by MFO.fmax",
            "best",
            "reused from earlier runs",
            "mine-test",
        ],
    );
    let line = "predict latest --fasta test.fasta --embeddings test.npy --ids test_ids.txt --top 2";
    let predicted = walk.protea(&words(line));
    has(
        &predicted,
        &[
            "the best trial of the search",
            "accession\tterm\tname\taspect\tscore",
        ],
    );
    has(&predicted, &["P00050\tGO:0005524\tATP binding"]);

    walk.protea_fails(2, &words("cv knn --train data/train"), &["'--data'"]);
    let validated = walk.protea(&words("cv knn --data data/train --folds 3"));
    has(
        &validated,
        &["3 folds of mine-train", "mean", "std", "MFO.fmax"],
    );
    let compared = walk.protea(&words(&format!(
        "benchmark --runners naive,knn {DATA} --bootstrap 100"
    )));
    has(&compared, &["naive", "knn", "mine-test"]);
    walk.protea_fails(
        3,
        &words(line),
        &["compares several runners", "(naive)", "(knn)"],
    );
}

fn runs(walk: &mut Walk<'_>) {
    let listed = walk.protea(&words("runs list"));
    has(
        &listed,
        &["scored on", "mine-test", "MFO.fmax", "search", "benchmark"],
    );
    let shown = walk.protea(&words("runs show latest"));
    has(&shown, &["status", "finished", "child run", "naive"]);
    let run = walk.protea(&words(&format!("run knn {DATA} --set k=1 --no-export")));
    has(&run, &["fmax"]);
    let log = walk.protea(&words("runs log latest"));
    has(&log, &["Output: role=predictions"]);
    let terms = walk.protea(&words("predictions show latest --protein P00050 --top 1"));
    has(
        &terms,
        &["P00050\t", "accession\tterm\tname\taspect\tscore"],
    );
    let explained = walk.protea(&words("explain latest P00050"));
    has(&explained, &["P00050", "mine-test", "P0001"]);
    let drawn = walk.protea(&words("plot pr latest -o curves.svg"));
    has(&drawn, &["figure  curves.svg", "data    curves.tsv"]);
    let report = walk.protea(&words("report latest -o report.html"));
    has(&report, &["report  report.html"]);
    let sync = walk.protea(&words("sync"));
    assert_eq!(sync.stdout, "all backends are up to date\n");
}

/// Proteins without annotations and without vectors.
fn new_proteins(walk: &mut Walk<'_>) {
    walk.protea_fails(
        3,
        &words("predict latest --fasta new.fasta"),
        &["--embeddings"],
    );
    for part in ["train", "test"] {
        walk.protea(&words(&format!(
            "dataset freeze kmer/{part} --name kmer-{part} --ontology go-basic.obo --fasta \
             {part}.fasta --annotations {part}_terms.tsv --features kmer"
        )));
    }
    walk.protea(&words(
        "run knn --train kmer/train --eval kmer/test --no-export",
    ));
    let predicted = walk.protea(&words("predict latest --fasta new.fasta -o new.tsv"));
    has(&predicted, &["new.tsv"]);
    let checked = walk.protea(&words("predictions stats new.tsv"));
    has(&checked, &["protein"]);
}
