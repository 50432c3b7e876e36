//! Cross-validation: the folds are datasets, and each scores as a single run on it does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use protea_core::{
    Experiment, ExperimentError, Workspace, dataset,
    experiment::{Fold, Step},
    workspace::Status,
};
use protea_e2e::{Place, test, train};
use serde_json::{Value, json};

use crate::search::parabola::{Parabola, events, manifests};

fn cv(place: &Place, more: &[&str]) -> Value {
    let data = train();
    let given = ["cv", "knn", "--folds", "3", "--json", "--data"];
    let given = given.into_iter().chain([data.to_str().unwrap()]);
    place.protea(given.chain(more.iter().copied())).json()
}

/// The folds of a dataset, from their table.
fn dealt(found: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let directory = Path::new(found["datasets"].as_str().unwrap());
    let table = fs::read_to_string(directory.join("folds.tsv")).unwrap();
    let mut folds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let (accession, fold) = line.split_once('\t').unwrap();
        folds
            .entry(fold.to_owned())
            .or_default()
            .insert(accession.to_owned());
    }
    folds
}

#[test]
fn each_fold_scores_as_a_single_run_and_is_averaged() {
    let place = Place::new();
    let found = cv(&place, &["--set", "k=3", "--jobs", "2"]);
    let folds = found["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 3);
    let sizes: Vec<usize> = dealt(&found).values().map(BTreeSet::len).collect();
    assert_eq!(sizes, [274, 274, 274]);

    let directory = Path::new(found["datasets"].as_str().unwrap());
    for (number, fold) in folds.iter().enumerate() {
        let half = |half: &str| directory.join(format!("fold-{number}/{half}"));
        let run = place.protea([
            "run".as_ref(),
            "knn".as_ref(),
            "--json".as_ref(),
            "--set".as_ref(),
            "k=3".as_ref(),
            "--workspace".as_ref(),
            "another".as_ref(),
            "--train".as_ref(),
            half("train").as_os_str(),
            "--eval".as_ref(),
            half("eval").as_os_str(),
        ]);
        assert_eq!(run.json()["metrics"], fold["metrics"], "fold {number}");
    }

    let metrics = found["metrics"].as_array().unwrap();
    let names: BTreeSet<&str> = metrics
        .iter()
        .map(|m| m["name"].as_str().unwrap())
        .collect();
    assert!(names.is_superset(&BTreeSet::from(["MFO.fmax", "BPO.wfmax", "CCO.smin"])));
    for metric in metrics {
        let (group, name) = metric["name"].as_str().unwrap().split_once('.').unwrap();
        let of = |fold: &Value| fold["metrics"][group][name].as_f64().unwrap();
        let [a, b, c] = [of(&folds[0]), of(&folds[1]), of(&folds[2])];
        let mean = (a + b + c) / 3.0;
        let variance = ((a - mean).powi(2) + (b - mean).powi(2) + (c - mean).powi(2)) / 2.0;
        let close = |found: &Value, expected: f64| {
            let found = found.as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{metric}"
            );
        };
        close(&metric["mean"], mean);
        close(&metric["deviation"], variance.sqrt());
        assert_eq!(metric["folds"], 3);
    }

    let workspace = Workspace::open(place.join("protea-workspace")).unwrap();
    let parent = &manifests(&workspace, "cross_validation")[0];
    let mean = &metrics.iter().find(|m| m["name"] == "MFO.fmax").unwrap()["mean"];
    assert_eq!(&parent.metrics["MFO.fmax.mean"], mean);
    for (number, fold) in folds.iter().enumerate() {
        let log = events(&workspace, fold["run_id"].as_str().unwrap());
        assert_eq!(log[0]["name"], format!("knn/cv/fold-{number}"));
        assert_eq!(log[0]["parent"], parent.run_id.as_str());
        assert_eq!(log.last().unwrap()["status"], "finished");
    }
    let table = fs::read_to_string(found["table"].as_str().unwrap()).unwrap();
    let first: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(first, ["fold", "0", "1", "2", "mean", "std"]);

    // With the same settings everything is reused, with others nothing is.
    let again = cv(&place, &["--set", "k=3"]);
    assert_eq!(again["taken_over"], 3);
    assert_eq!(again["metrics"], found["metrics"]);
    assert_eq!(again["datasets"], found["datasets"]);
    let other = cv(&place, &["--set", "k=4"]);
    assert_eq!(other["taken_over"], 0);
    assert_eq!(other["datasets"], found["datasets"]);
    assert_ne!(other["metrics"], found["metrics"]);
}

#[test]
fn clusters_are_not_split_over_folds() {
    let place = Place::new();
    let together = cv(&place, &[]);
    // Sixty clusters of the proteins in their order, as MMseqs2 writes them.
    let accessions: Vec<String> = dealt(&together).into_values().flatten().collect();
    let mut text = String::new();
    for (number, accession) in accessions.iter().enumerate() {
        text.push_str(&format!("{}\t{accession}\n", accessions[number % 60]));
    }
    place.write("clusters.tsv", text);
    let grouped = cv(&place, &["--group-by", "clusters.tsv"]);
    assert_eq!(grouped["groups"], 60);
    assert_ne!(grouped["datasets"], together["datasets"]);
    let folds = dealt(&grouped);
    let all: BTreeSet<String> = folds.values().flatten().cloned().collect();
    assert_eq!(all.len(), accessions.len());
    assert_eq!(folds.values().map(BTreeSet::len).sum::<usize>(), all.len());
    for (number, accession) in accessions.iter().enumerate() {
        let fold = |accession: &String| folds.values().position(|fold| fold.contains(accession));
        assert_eq!(fold(accession), fold(&accessions[number % 60]));
    }
}

#[test]
fn folds_that_cannot_be_made_are_refused_with_the_remedy() {
    let place = Place::new();
    let refused = |more: &[&str]| {
        let data = train();
        let given = ["cv", "knn", "--data", data.to_str().unwrap()];
        place.protea(given.iter().chain(more))
    };
    refused(&["--group-by", "taxon"]).fails_with(3, &["have no taxon", "--taxonomy"]);
    refused(&["--group-by", "none.tsv"]).fails_with(3, &["none.tsv", "check that the path"]);
    refused(&["--folds", "1"]).fails_with(3, &["give 2 or more"]);
    refused(&["--folds", "9999"]).fails_with(3, &["822 groups"]);
    refused(&["--set", "kk=1"]).fails_with(3, &["did you mean \"k\"?"]);
}

#[test]
fn a_fold_that_fails_is_named_and_the_others_are_kept() {
    let parabola = Parabola::new();
    let staged = |path: std::path::PathBuf| dataset::stage(path.to_str().unwrap()).unwrap();
    let (one, other) = (staged(train()), staged(test()));
    let fold = |train: &dataset::Dataset, eval: &dataset::Dataset| Fold {
        train: train.clone(),
        eval: eval.clone(),
    };
    let folds = [fold(&one, &other), fold(&other, &one)];
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace);
    let found = experiment
        .cross_validate("cv", &json!({ "x": 0.3 }), &folds)
        .unwrap();
    let score = &found.value.metrics[0];
    assert_eq!((&*score.name, score.deviation), ("score", Some(0.0)));
    let names: Vec<&str> = found.children.iter().map(|child| &*child.name).collect();
    assert_eq!(names, ["cv/fold-0", "cv/fold-1"]);

    let failed = experiment
        .cross_validate("cv", &json!({ "x": 1 }), &folds)
        .unwrap_err();
    let ExperimentError::Fold {
        fold,
        step,
        directory,
        ..
    } = &failed
    else {
        panic!("{failed}");
    };
    assert_eq!((*fold, *step), (0, Step::Evaluate));
    assert!(directory.is_dir());
    assert_eq!(
        failed.with_causes(),
        "evaluate failed in fold 0: x is too large"
    );
    let parents = manifests(&workspace, "cross_validation");
    assert!(parents.iter().any(|parent| parent.status == Status::Failed));
    let none = experiment
        .cross_validate("cv", &json!({}), &[])
        .unwrap_err();
    assert!(matches!(none, ExperimentError::NoFold));
}
