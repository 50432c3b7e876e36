//! `protea explain`: explanations of the scores that a run wrote.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

#[cfg(unix)]
use protea_e2e::compile_c;
use protea_e2e::{Place, Ran, copy_of, library, test, train};
use serde_json::Value;

/// The object of a run of a runner on the example data.
fn run(place: &Place, runner: &str, more: &[&str]) -> Value {
    let arguments = ["run", runner, "--json"];
    place.protea(arguments.iter().chain(more)).json()
}

fn id(run: &Value) -> &str {
    run["run_id"].as_str().unwrap()
}

/// The predictions that a run wrote, by protein.
fn written(run: &Value) -> BTreeMap<String, BTreeMap<String, f64>> {
    let directory = Path::new(run["artifacts"]["predictions"].as_str().unwrap());
    let text = fs::read_to_string(directory.join("predictions.tsv")).unwrap();
    let mut written: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let terms = written.entry(columns[0].to_owned()).or_default();
        terms.insert(columns[1].to_owned(), columns[2].parse().unwrap());
    }
    written
}

fn explain(place: &Place, run: &str, protein: &str, more: &[&str]) -> Ran {
    let arguments = ["explain", run, protein];
    place.protea(arguments.iter().chain(more))
}

fn explained(place: &Place, run: &str, protein: &str, more: &[&str]) -> Value {
    let more: Vec<&str> = ["--json"].iter().chain(more).copied().collect();
    explain(place, run, protein, &more).json()
}

fn numbers(term: &Value, field: &str) -> Vec<f64> {
    let parts = term["contributions"].as_array().unwrap();
    parts
        .iter()
        .map(|part| part[field].as_f64().unwrap())
        .collect()
}

/// Compares an explanation of all terms with what was written for the protein.
fn agrees(case: &str, explained: &Value, written: &BTreeMap<String, f64>) {
    let terms = explained["terms"].as_array().unwrap();
    let decimals = explained["decimals"].as_i64();
    let rounding = 1e-9 + decimals.map_or(0.0, |decimals| 0.5 * 0.1_f64.powi(decimals as i32));
    assert_eq!(terms.len(), written.len(), "{case}");
    assert_eq!(explained["predicted"], written.len(), "{case}");
    for term in terms {
        let (name, score) = (
            term["term"].as_str().unwrap(),
            term["score"].as_f64().unwrap(),
        );
        let case = format!("{case}: {name}");
        // Six decimals, as they are written.
        let rounded = (score * 1e6).round() / 1e6;
        assert_eq!(written.get(name), Some(&rounded), "{case}");
        let amounts = numbers(term, "amount");
        let made_up = match term["combination"].as_str().unwrap() {
            "sum" => amounts.iter().sum(),
            "max" => amounts.iter().copied().fold(0.0, f64::max),
            other => panic!("{case} is a {other}"),
        };
        assert!(
            (made_up - score).abs() < rounding,
            "{case}: {made_up} {score}"
        );
        assert!(amounts.is_sorted_by(|a, b| a >= b), "{case}: {amounts:?}");
    }
}

#[test]
fn neighbour_votes_reproduce_the_written_scores() {
    let place = Place::new();
    let cases: [&[&str]; 9] = [
        &[],
        &["--set", "vote=fraction"],
        &["--set", "vote=gopredsim", "--set", "metric=l2"],
        &["--set", "vote=max"],
        &["--set", "vote=max", "--set", "metric=l2"],
        &["--set", "per_aspect=false", "--set", "k=10"],
        &["--set", "preset=gopredsim", "--set", "k=3"],
        &["--set", "preset=fantasia"],
        &[
            "--set",
            "distance_threshold=0.55",
            "--set",
            "minimum_score=0.3",
        ],
    ];
    for settings in cases {
        let run = run(&place, "knn", settings);
        let written = written(&run);
        // First, last, and one from the middle.
        let proteins: Vec<&String> = written.keys().collect();
        for at in [0, proteins.len() / 2, proteins.len() - 1] {
            let protein = proteins[at];
            let explained = explained(&place, id(&run), protein, &["--limit", "0"]);
            agrees(
                &format!("{settings:?} {protein}"),
                &explained,
                &written[protein],
            );
        }
    }
}

#[test]
fn neighbours_have_ranks_distances_and_their_terms() {
    let place = Place::new();
    let run = run(&place, "knn", &["--set", "k=3"]);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let explained = explained(&place, id(&run), protein, &["--term", "GO:0003674"]);
    assert_eq!(explained["contributors"], "neighbour");
    assert_eq!(explained["predicted"], written[protein].len());
    let terms = explained["terms"].as_array().unwrap();
    assert_eq!(terms.len(), 1);
    let root = &terms[0];
    assert_eq!(root["name"], "molecular_function");
    assert_eq!(root["aspect"], "MFO");
    // Whoever is annotated in an aspect has its root, so all neighbours of that aspect are here.
    assert_eq!(root["score"], 1.0);
    assert_eq!(numbers(root, "rank"), [1.0, 2.0, 3.0]);
    let distances = numbers(root, "distance");
    assert!(distances.is_sorted(), "{distances:?}");
    let (weights, amounts) = (numbers(root, "weight"), numbers(root, "amount"));
    let whole: f64 = weights.iter().sum();
    for ((weight, amount), distance) in weights.iter().zip(&amounts).zip(&distances) {
        assert!((weight - (1.0 - distance)).abs() < 1e-9);
        assert!((amount - weight / whole).abs() < 1e-9);
    }
    for part in root["contributions"].as_array().unwrap() {
        assert_ne!(part["source"].as_str().unwrap(), protein.as_str());
        let through = part["through"].as_array().unwrap();
        assert!(!through.is_empty(), "{part:#}");
        assert!(!through.contains(&Value::from("GO:0003674")), "{part:#}");
    }
}

#[test]
fn a_term_that_is_not_predicted_is_explained_as_well() {
    let place = Place::new();
    let all = run(&place, "knn", &[]);
    let high = run(&place, "knn", &["--set", "minimum_score=0.9"]);
    let all = written(&all);
    let (protein, terms) = all.iter().next().unwrap();
    let (term, score) = terms.iter().find(|(_, score)| **score < 0.9).unwrap();
    let asked = explained(&place, id(&high), protein, &["--term", term]);
    let found = &asked["terms"][0];
    assert_eq!(found["predicted"], false);
    assert!((found["score"].as_f64().unwrap() - score).abs() < 1e-6);
    assert!(!found["contributions"].as_array().unwrap().is_empty());
    assert_eq!(asked["predicted"], written(&high)[protein].len());

    let text = explain(&place, id(&high), protein, &["--term", term]);
    assert!(text.stdout.contains(", not predicted"), "{text:#?}");
}

#[test]
fn the_answer_is_the_same_wherever_the_runner_is_asked() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let ask = |how: &[&str]| explained(&place, id(&run), protein, how);
    let answer = ask(&[]);
    assert_eq!(answer["terms"].as_array().unwrap().len(), 10);
    assert_eq!(ask(&["--isolation", "in-process"]), answer);
    assert_eq!(ask(&["--threads", "1", "--time-limit", "1m"]), answer);
    assert_eq!(ask(&["--sandbox"]), answer);
    // By the end of the id, and by the directory.
    let end = &id(&run)[id(&run).len() - 6..];
    assert_eq!(explained(&place, end, protein, &[]), answer);
    let directory = run["artifacts"]["directory"].as_str().unwrap();
    assert_eq!(explained(&place, directory, protein, &[]), answer);
}

#[test]
fn the_baseline_explains_frequencies_and_the_toy_does_not() {
    let place = Place::new();
    let baseline = run(&place, "baseline", &[]);
    let written = written(&baseline);
    let protein = written.keys().next().unwrap();
    let explained = explained(&place, id(&baseline), protein, &["--limit", "0"]);
    agrees("baseline", &explained, &written[protein]);

    let toy = run(&place, "toy", &[]);
    explain(&place, id(&toy), protein, &[])
        .fails_with(1, &["explain is not supported", "protea runners info"]);
    for (runner, explains) in [("knn", true), ("baseline", true), ("toy", false)] {
        let info = place.protea(["runners", "info", runner, "--json"]).json();
        assert_eq!(info["explains"], explains, "{runner}");
    }
}

#[test]
fn people_get_a_table_for_each_term() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let ran = explain(&place, id(&run), protein, &["--limit", "2", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(ran.stderr, "");
    let more = written[protein].len() - 2;
    for part in [
        protein.as_str(),
        id(&run),
        "#  neighbour  distance  similarity  weight  of the score",
        &format!("and {more} more terms; --limit 0 shows all"),
    ] {
        assert!(ran.stdout.contains(part), "{part:?}: {ran:#?}");
    }
}

#[test]
fn what_is_not_there_is_named_with_what_resembles_it() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let misspelt = format!("{}0", protein.to_lowercase());
    explain(&place, id(&run), &misspelt, &[])
        .fails_with(3, &["has no protein", "did you mean", protein]);
    explain(&place, id(&run), &misspelt, &[])
        .fails_with(3, &["of another dataset give --dataset", "--evidence`"]);
    explain(&place, id(&run), protein, &["--term", "GO:99"]).fails_with(
        3,
        &["has no term \"GO:99\"", "give an id such as GO:0005524"],
    );
    explain(&place, "no-such-run", protein, &[])
        .fails_with(3, &["there is no run \"no-such-run\""]);
    place.protea(["run", "knn", "--quiet"]);
    let several = explain(&place, "20", protein, &["--json"]);
    several.fails_with(2, &["matches 2 runs", id(&run)]);
    let several: Value = serde_json::from_str(&several.stdout).unwrap();
    assert_eq!(several["runs"].as_array().unwrap().len(), 2);

    // Looking for a run makes no workspace.
    let elsewhere = ["--workspace", "elsewhere"];
    explain(&place, "x", protein, &elsewhere).fails_with(3, &["there is no workspace"]);
    assert!(!place.join("elsewhere").exists());
}

#[test]
fn a_run_that_cannot_be_asked_says_why() {
    let place = Place::new();
    let data = copy_of(&test(), &place.join("test"));
    let (train, data) = (train(), data.to_str().unwrap().to_owned());
    let train = train.to_str().unwrap();
    let fit = ["fit", "knn", "--json", "--train", train];
    let fitted = place.protea(fit).json();
    let protein = "P12345";
    explain(&place, id(&fitted), protein, &[]).fails_with(3, &["has no eval dataset", "--dataset"]);

    let run = run(&place, "knn", &["--train", train, "--eval", &data]);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let asked = explained(&place, id(&fitted), protein, &["--dataset", &data]);
    let by_run = explained(&place, id(&run), protein, &[]);
    assert_eq!(asked["terms"], by_run["terms"]);

    // Evaluated later, with the model of another run.
    let model = fitted["model_uri"].as_str().unwrap();
    let evaluate = [
        "evaluate", "knn", "--json", "--model", model, "--eval", &data,
    ];
    let evaluated = place.protea(evaluate).json();
    let asked = explained(&place, id(&evaluated), protein, &[]);
    assert_eq!(asked["terms"], by_run["terms"]);

    fs::rename(place.join("test"), place.join("moved")).unwrap();
    explain(&place, id(&run), protein, &[]).fails_with(3, &["no such directory", "--dataset"]);
    copy_of(Path::new(train), Path::new(&data));
    explain(&place, id(&run), protein, &[])
        .fails_with(3, &["has changed since the run", "--dataset"]);
}

#[cfg(unix)]
#[test]
fn a_run_without_a_model_is_no_run_to_ask() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/animal.c", "animal", &directory, &[]);
    let failed = place.protea([
        "fit",
        "animal",
        "--json",
        "--set",
        "sin=half_error",
        "--runner-dir",
        directory.to_str().unwrap(),
        "--train",
        train().to_str().unwrap(),
    ]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let failed: Value = serde_json::from_str(&failed.stdout).unwrap();
    let manifest = failed["manifest"].as_str().unwrap();
    explain(&place, manifest, "P12345", &[]).fails_with(3, &["is failed and has no model"]);
}

#[test]
fn a_changed_runner_file_is_used_only_on_request() {
    let place = Place::new();
    let directory = place.runner_directory("runners", &["protea_knn"]);
    let here = ["--runner-dir", directory.to_str().unwrap()];
    let run = run(&place, "knn", &here);
    let written = written(&run);
    let protein = written.keys().next().unwrap();
    let before = explained(&place, id(&run), protein, &here);

    let file: PathBuf = directory.join(library("protea_knn"));
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(b"later").unwrap();
    drop(file);
    let recorded = "has changed since the run";
    explain(&place, id(&run), protein, &here)
        .fails_with(4, &[recorded, "SHA-256", "--allow-other-runner"]);
    let anyway = [here.as_slice(), &["--allow-other-runner"]].concat();
    assert_eq!(explained(&place, id(&run), protein, &anyway), before);
    let ran = explain(&place, id(&run), protein, &anyway);
    assert!(ran.stderr.contains(recorded), "{ran:#?}");
}
