//! `protea benchmark`: the scores of several runners side by side, with confidence intervals.

mod failures;

use std::{collections::BTreeMap, fs};

use protea_core::{Workspace, workspace::Status};
use protea_e2e::{Place, test, train};
use serde_json::{Value, json};

use crate::{
    aligners::installed,
    reranker::lightgbm,
    search::parabola::{events, manifests},
};

const KEYS: [&str; 10] = [
    "runner",
    "aspect",
    "fmax",
    "fmax_ci",
    "auc_pr",
    "coverage",
    "wfmax",
    "smin",
    "f_micro_w",
    "seconds",
];
const RUNNERS: &str = "naive,knn,knn@k1";

fn compared(place: &Place, more: &[&str]) -> Value {
    resampled(place, "200", more)
}

fn resampled(place: &Place, bootstrap: &str, more: &[&str]) -> Value {
    let (train, test) = (train(), test());
    let given = [
        "benchmark",
        "--json",
        "--runners",
        RUNNERS,
        "--set",
        "knn@k1.k=1",
        "--seed",
        "5",
    ];
    let data = [
        "--train",
        train.to_str().unwrap(),
        "--eval",
        test.to_str().unwrap(),
    ];
    let all = [&given[..], &data, &["--bootstrap", bootstrap], more].concat();
    place.protea(all).json()
}

fn rows(found: &Value) -> &Vec<Value> {
    found["rows"].as_array().unwrap()
}

#[test]
fn rows_have_the_scores_of_single_runs_and_an_interval() {
    let place = Place::new();
    let found = compared(&place, &[]);
    assert_eq!(rows(&found).len(), 9);
    assert_eq!(found["failed"], json!([]));
    for row in rows(&found) {
        let keys: Vec<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, KEYS);
        let (fmax, ci) = (row["fmax"].as_f64().unwrap(), &row["fmax_ci"]);
        let (low, high) = (ci[0].as_f64().unwrap(), ci[1].as_f64().unwrap());
        assert!(
            0.0 < low && low < fmax && fmax < high && high < 1.0,
            "{row}"
        );
        assert!(row["seconds"].as_f64().unwrap() > 0.0);
    }
    let alone = |name: &str, set: &[&str]| {
        let (train, test) = (train(), test());
        let given = [
            "run",
            name,
            "--json",
            "--seed",
            "5",
            "--workspace",
            "alone",
            "--train",
        ];
        let given = given.into_iter().chain([train.to_str().unwrap(), "--eval"]);
        let given = given.chain([test.to_str().unwrap()]);
        place.protea(given.chain(set.iter().copied())).json()["metrics"].take()
    };
    let runs = BTreeMap::from([
        ("naive", alone("baseline", &["--set", "method=naive"])),
        ("knn", alone("knn", &[])),
        ("knn@k1", alone("knn", &["--set", "k=1"])),
    ]);
    for row in rows(&found) {
        let expected = &runs[row["runner"].as_str().unwrap()][row["aspect"].as_str().unwrap()];
        for metric in ["fmax", "auc_pr", "coverage", "wfmax", "smin", "f_micro_w"] {
            assert_eq!(row[metric], expected[metric], "{row}");
        }
    }
    // Every runner is compared with the best one, and clear differences are significant.
    let differences = found["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 6);
    let naive = differences.iter().filter(|d| d["runner"] == "naive");
    for difference in naive {
        assert!(difference["difference_ci"][1].as_f64().unwrap() < 0.0);
        assert!(
            difference["p_value"].as_f64().unwrap() < 0.05,
            "{difference}"
        );
    }
}

#[test]
fn a_benchmark_is_recorded_with_its_runs_and_three_tables() {
    let place = Place::new();
    let found = compared(&place, &["--track", "tensorboard", "--tag", "of=tests"]);
    let workspace = Workspace::open(place.join("protea-workspace")).unwrap();
    let [parent] = &manifests(&workspace, "benchmark")[..] else {
        panic!("one benchmark");
    };
    assert_eq!(found["run_id"], parent.run_id.as_str());
    assert_eq!((parent.status, &parent.runner), (Status::Finished, &None));
    assert_eq!(
        parent.spec["contenders"]["knn@k1"]["spec"],
        json!({ "k": 1 })
    );
    assert_eq!(parent.metrics["knn@k1.MFO.fmax"], rows(&found)[6]["fmax"]);
    assert_eq!(events(&workspace, &parent.run_id)[0]["tags"]["of"], "tests");
    let mut names = Vec::new();
    for child in manifests(&workspace, "contender") {
        assert_eq!(child.parent.as_ref(), Some(&parent.run_id));
        assert!(
            child
                .steps
                .iter()
                .map(|step| &*step.name)
                .eq(["fit", "evaluate"])
        );
        names.push(child.name.unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["benchmark/knn", "benchmark/knn@k1", "benchmark/naive"]
    );

    let file = |name: &str| fs::read_to_string(parent.artifacts.directory.join(name)).unwrap();
    let (tsv, markdown, latex) = (
        file("benchmark.tsv"),
        file("benchmark.md"),
        file("benchmark.tex"),
    );
    let mut lines = tsv.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let headings = lines.next().unwrap();
    let of = |cells: &[&str], name: &str| {
        let place = headings.iter().position(|heading| *heading == name);
        cells[place.unwrap()].to_owned()
    };
    let mut count = 0;
    for cells in lines {
        let row = rows(&found).iter().find(|row| {
            row["runner"] == of(&cells, "runner") && row["aspect"] == of(&cells, "aspect")
        });
        let row = row.unwrap();
        let number = |name: &str| of(&cells, name).parse::<f64>().unwrap();
        for name in ["fmax", "auc_pr", "coverage", "wfmax", "smin", "f_micro_w"] {
            assert_eq!(number(name), row[name]);
        }
        assert_eq!(
            json!([number("fmax_low"), number("fmax_high")]),
            row["fmax_ci"]
        );
        count += 1;
    }
    assert_eq!(count, 9);
    for aspect in ["MFO", "BPO", "CCO"] {
        assert!(markdown.contains(&format!("\n## {aspect}\n")), "{markdown}");
        assert!(latex.contains(&format!("\\textbf{{{aspect}}}")), "{latex}");
    }
    for row in rows(&found) {
        let shown = format!("{:.3}", row["fmax"].as_f64().unwrap());
        assert!(
            markdown.contains(&shown) && latex.contains(&shown),
            "{shown}"
        );
    }
    assert_eq!(markdown.matches("| **").count(), 3);
    let widths: Vec<usize> = latex
        .lines()
        .filter(|line| line.contains(" & "))
        .map(|line| line.matches(" & ").count())
        .collect();
    assert_eq!(widths, [11; 10], "{latex}");

    let listed = place.protea(["runs", "list", "--limit", "0"]);
    assert!(listed.stdout.contains("benchmark/knn@k1"), "{listed:#?}");
    let shown = place.protea(["runs", "show", &parent.run_id]);
    assert!(shown.stdout.contains("benchmark/naive"), "{shown:#?}");
    place
        .protea(["explain", &parent.run_id, "P12345"])
        .fails_with(3, &["compares several runners"]);
}

#[test]
fn the_seed_fixes_the_intervals_and_resume_reuses_results() {
    let place = Place::new();
    let first = compared(&place, &[]);
    assert_eq!(first["taken_over"], json!([]));
    let resumed = compared(&place, &["--resume"]);
    assert_eq!(resumed["taken_over"], json!(["naive", "knn", "knn@k1"]));
    assert_eq!(resumed["rows"], first["rows"]);
    let workspace = Workspace::open(place.join("protea-workspace")).unwrap();
    assert_eq!(manifests(&workspace, "contender").len(), 3);
    // The number of threads changes the time, so a result with another number is not reused.
    let anew = compared(&place, &["--resume", "--threads", "1"]);
    assert_eq!(anew["taken_over"], json!([]));
    let scores = |found: &Value, keys: &[&str]| -> Vec<Value> {
        let of = |row: &Value| keys.iter().map(|key| row[*key].clone()).collect();
        rows(found).iter().map(of).collect()
    };
    let without_time = &KEYS[..8];
    assert_eq!(scores(&anew, without_time), scores(&first, without_time));

    let other = resampled(&place, "199", &["--resume"]);
    assert_eq!(scores(&other, &["fmax"]), scores(&first, &["fmax"]));
    assert_ne!(scores(&other, &["fmax_ci"]), scores(&first, &["fmax_ci"]));
    let none = resampled(&place, "0", &["--resume"]);
    assert!(rows(&none).iter().all(|row| row["fmax_ci"].is_null()));
    assert_eq!(none["differences"], json!([]));
}

/// The comparison that is usual in the field: frequencies, alignments, neighbours, re-ranked neighbours.
#[test]
fn the_methods_of_the_field_are_compared() {
    let mut runners = vec!["naive", "knn"];
    runners.extend(installed());
    if lightgbm().is_some() {
        runners.push("lightgbm");
    }
    let (train, test) = (train(), test());
    let place = Place::new();
    let names = runners.join(",");
    let given = [
        "benchmark",
        "--json",
        "--bootstrap",
        "50",
        "--runners",
        &names,
    ];
    let data = [
        "--train",
        train.to_str().unwrap(),
        "--eval",
        test.to_str().unwrap(),
    ];
    // Settings for a runner that does not take part are an error.
    let quick: &[&str] = match runners.contains(&"lightgbm") {
        true => &["--set", "lightgbm.trees=20", "--set", "lightgbm.aligned=5"],
        false => &[],
    };
    let found = place.protea([&given[..], &data, quick].concat()).json();
    assert_eq!(found["failed"], json!([]));
    let mut fmax: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for row in rows(&found) {
        let name = |key: &str| row[key].as_str().unwrap();
        fmax.insert(
            (name("aspect"), name("runner")),
            row["fmax"].as_f64().unwrap(),
        );
    }
    assert_eq!(fmax.len(), 3 * runners.len());
    for aspect in ["MFO", "BPO", "CCO"] {
        let of = |runner| fmax.get(&(aspect, runner)).copied();
        // Without hits nothing is predicted, so alignment may score lower than frequencies.
        let [naive, knn] = ["naive", "knn"].map(|runner| of(runner).unwrap());
        assert!(knn > naive, "{aspect}: {knn}, {naive}");
        if let Some(lightgbm) = of("lightgbm") {
            assert!(lightgbm > naive, "{aspect}: {lightgbm}, {naive}");
        }
        let aligned: Vec<f64> = ["blast", "diamond", "mmseqs"]
            .into_iter()
            .filter_map(of)
            .collect();
        let (least, most) = (
            aligned.iter().copied().fold(1.0, f64::min),
            aligned.iter().copied().fold(0.0, f64::max),
        );
        assert!(
            most - least < 0.05,
            "{aspect}: they find the same homologues: {aligned:?}"
        );
    }
}
