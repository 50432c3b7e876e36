//! `protea predict`: terms for proteins without annotations.

mod calibration;
mod evidence;
mod formats;
#[cfg(unix)]
mod interruption;
mod models;
mod outputs;
mod queries;
mod refusals;
mod taxa;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    process::Stdio,
};

use protea_cafa::{dataset::FrozenDataset, ontology::Ontology};
use protea_e2e::{Place, Ran, built, in_repository, test, train};
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::aligners::installed;
#[cfg(unix)]
use crate::reranker::lightgbm;

/// The object of a run on the example data.
fn run(place: &Place, runner: &str, settings: &[&str]) -> Value {
    let arguments = ["run", runner, "--json"];
    place.protea(arguments.iter().chain(settings)).json()
}

fn id(run: &Value) -> &str {
    run["run_id"].as_str().unwrap()
}

/// What the run's `evaluate` wrote.
fn evaluated(run: &Value) -> String {
    let directory = Path::new(run["artifacts"]["predictions"].as_str().unwrap());
    fs::read_to_string(directory.join("predictions.tsv")).unwrap()
}

/// The first proteins of the example data as a FASTA file, and their accessions.
fn fasta(place: &Place, number: usize) -> (String, Vec<String>) {
    let dataset = FrozenDataset::open(&test()).unwrap();
    let mut text = String::new();
    for protein in 0..number {
        let sequence = dataset.sequence(protein).unwrap();
        text += &format!(">{}\n{sequence}\n", dataset.accession(protein));
    }
    let file = place.write("new.fasta", text);
    let accessions = (0..number).map(|protein| dataset.accession(protein).to_owned());
    (file.to_str().unwrap().to_owned(), accessions.collect())
}

fn predicted(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.protea(["predict"].iter().chain(arguments));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran
}

/// Columns of tab-separated lines.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split('\t').collect())
        .collect()
}

#[test]
fn predictions_are_those_of_evaluate_byte_for_byte() {
    let mut cases: Vec<(&str, Vec<String>)> = vec![
        ("knn", vec![]),
        (
            "knn",
            vec!["per_aspect=false".into(), "k=3".into(), "metric=l2".into()],
        ),
        ("baseline", vec![]),
    ];
    #[cfg(target_os = "linux")]
    cases.extend(installed().map(|method| ("baseline", vec![format!("method={method}")])));
    #[cfg(unix)]
    if lightgbm().is_some() {
        let quick = [
            "trees=20",
            "maximum_rows=20000",
            "aligned=5",
            "rerank=always",
        ];
        cases.push(("lightgbm", quick.map(str::to_owned).to_vec()));
    }
    cases.push(("baseline", vec!["calibrate=true".into()]));
    for (runner, settings) in cases {
        let place = Place::new();
        let set: Vec<&str> = settings
            .iter()
            .flat_map(|setting| ["--set", setting.as_str()])
            .collect();
        let run = run(&place, runner, &set);
        let test = test();
        let (dataset, out) = (test.to_str().unwrap(), "predicted.tsv");
        let arguments = [
            id(&run),
            "--dataset",
            dataset,
            "--format",
            "tsv",
            "-o",
            out,
            "--json",
        ];
        let summary: Value = serde_json::from_str(&predicted(&place, &arguments).stdout).unwrap();
        let written = fs::read_to_string(place.join(out)).unwrap();
        assert!(written == evaluated(&run), "{runner} {settings:?}");
        let lines = written.lines().count();
        assert_eq!(
            summary["counts"]["predictions"], lines,
            "{runner} {settings:?}"
        );
        assert_eq!(
            summary["written"]["predictions"], lines,
            "{runner} {settings:?}"
        );
    }
}

#[test]
fn new_proteins_get_named_terms_with_the_scores_of_evaluate() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, accessions) = fasta(&place, 12);
    let ran = predicted(&place, &[id(&run), "--fasta", &fasta]);
    let rows = rows(&ran.stdout);
    assert_eq!(rows[0], ["accession", "term", "name", "aspect", "score"]);
    let ontology = Ontology::read(FrozenDataset::open(&test()).unwrap().ontology_path()).unwrap();
    let mut expected: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in evaluated(&run).lines() {
        let mut columns = row.split('\t').map(str::to_owned);
        let (protein, term) = (columns.next().unwrap(), columns.next().unwrap());
        let is_root = ontology.is_root(ontology.primary(&term).unwrap());
        if accessions.contains(&protein) && !is_root {
            expected.insert((protein, term), columns.next().unwrap());
        }
    }
    let mut seen = BTreeMap::new();
    for row in &rows[1..] {
        let term = ontology.primary(row[1]).unwrap();
        assert_eq!(row[2], ontology.name(term));
        assert_eq!(row[3], ontology.aspect(term).unwrap().name());
        seen.insert((row[0].to_owned(), row[1].to_owned()), row[4].to_owned());
    }
    assert_eq!(seen, expected);
    assert!(ran.stderr.contains("computing k-mer vectors"), "{ran:#?}");
    assert!(ran.stderr.contains("36 root terms"), "{ran:#?}");

    // The newest run, by the word for it.
    let latest = predicted(&place, &["latest", "--fasta", &fasta]);
    assert_eq!(latest.stdout, ran.stdout);
}

#[test]
fn an_export_predicts_elsewhere_and_a_runner_is_fitted_first() {
    let place = Place::new();
    let (fasta, _) = fasta(&place, 5);
    let run = run(&place, "knn", &[]);
    let from_run = predicted(&place, &[id(&run), "--fasta", &fasta]).stdout;

    let export = run["artifacts"]["export"][0]["uri"].as_str().unwrap();
    let export = Path::new(export.trim_start_matches("file://"))
        .parent()
        .unwrap();
    let elsewhere = Place::new();
    fs::rename(export, elsewhere.join("moved")).unwrap();
    let ran = predicted(&elsewhere, &["moved", "--fasta", &fasta]);
    assert_eq!(ran.stdout, from_run);
    let made: Vec<_> = fs::read_dir(elsewhere.path()).unwrap().collect();
    assert_eq!(made.len(), 1, "predicting leaves no workspace: {made:?}");

    let train = train();
    let train = train.to_str().unwrap();
    let fitted = predicted(&place, &["knn", "--train", train, "--fasta", &fasta]);
    assert_eq!(fitted.stdout, from_run);
}

#[test]
fn proteins_without_a_prediction_are_listed_with_the_reason() {
    let place = Place::new();
    let run = run(&place, "knn", &["--set", "distance_threshold=0.2"]);
    let (fasta, accessions) = fasta(&place, 40);
    let arguments = [
        id(&run),
        "--fasta",
        &fasta,
        "-o",
        "out/terms.tsv",
        "--unpredicted",
        "none.tsv",
        "--json",
    ];
    let summary: Value = serde_json::from_str(&predicted(&place, &arguments).stdout).unwrap();
    let list = fs::read_to_string(place.join("none.tsv")).unwrap();
    let reason = "no neighbour within the distance threshold and the exclusions";
    let listed: Vec<&str> = rows(&list)
        .into_iter()
        .map(|row| {
            assert_eq!(row[1], reason);
            row[0]
        })
        .collect();
    assert!(
        !listed.is_empty() && listed.len() < accessions.len(),
        "{list}"
    );
    let counts = &summary["counts"];
    assert_eq!(counts["unpredicted"][reason], listed.len());
    assert_eq!(counts["predicted"], accessions.len() - listed.len());
    let terms = fs::read_to_string(place.join("out/terms.tsv")).unwrap();
    let with: BTreeSet<&str> = rows(&terms)[1..].iter().map(|row| row[0]).collect();
    assert!(listed.iter().all(|accession| !with.contains(accession)));
    let side = fs::read_to_string(place.join("out/terms.tsv.provenance.json")).unwrap();
    let side: Value = serde_json::from_str(&side).unwrap();
    assert_eq!(side["runner"]["name"], "knn");
    assert_eq!(side["run_id"], id(&run));
    assert_eq!(side["train_dataset"]["name"], "swissprot-2014-small-train");
    let files: BTreeSet<_> = fs::read_dir(place.join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn sequences_come_through_a_pipe() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, accessions) = fasta(&place, 3);
    let piped = |text: &[u8]| {
        let mut predicting = place
            .command(&built().join("protea"))
            .args(["predict", id(&run), "--fasta", "-", "--format", "tsv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = predicting.stdin.take().unwrap();
        pipe.write_all(text).unwrap();
        drop(pipe);
        Ran::from(predicting.wait_with_output().unwrap())
    };
    let ran = piped(&fs::read(&fasta).unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let seen: BTreeSet<&str> = rows(&ran.stdout).iter().map(|row| row[0]).collect();
    assert_eq!(seen, accessions.iter().map(String::as_str).collect());
    // A message does not name the copy, which is removed.
    for (text, message) in [
        ("", "error: standard input: holds no protein"),
        (">P1\nMK\n>\nMK\n", "error: standard input:3: the header"),
    ] {
        let ran = piped(text.as_bytes());
        ran.fails_with(3, &[message]);
        assert!(!ran.stderr.contains("inspect"), "{ran:#?}");
    }
}

#[test]
fn a_dataset_without_annotations_is_predicted_not_scored() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 4);
    let ontology = in_repository("examples/data/test/ontology.obo");
    let freeze = [
        "dataset",
        "freeze",
        "queries",
        "--name",
        "queries",
        "--fasta",
        &fasta,
        "--features",
        "kmer",
        // The number type of the training set.
        "--dtype",
        "f16",
        "--ontology",
        ontology.to_str().unwrap(),
    ];
    let frozen = place.protea(freeze);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    assert!(frozen.stdout.contains("`protea predict`"), "{frozen:#?}");
    let verified = place.protea(["dataset", "verify", "queries"]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
    let from_dataset = predicted(&place, &[id(&run), "--dataset", "queries"]);
    let from_files = predicted(&place, &[id(&run), "--fasta", &fasta]);
    assert_eq!(from_dataset.stdout, from_files.stdout);

    let model = run["model_uri"].as_str().unwrap();
    let evaluate = ["evaluate", "knn", "--model", model, "--eval", "queries"];
    place.protea(evaluate).fails_with(
        3,
        &[
            "\"queries\" has no annotations",
            "predict for it instead",
            "--dataset queries`",
        ],
    );
    // Nothing is trained for scores that cannot be computed.
    let train = train();
    let train = train.to_str().unwrap();
    let command = format!("`protea predict knn --train {train} --dataset queries`");
    for arguments in ["run knn", "search knn --grid k=1,2"] {
        let data = ["--train", train, "--eval", "queries"];
        let ran = place.protea(arguments.split(' ').chain(data));
        ran.fails_with(3, &["\"queries\" has no annotations", &command]);
        assert!(!ran.stderr.contains("fit"), "{ran:#?}");
    }
    place
        .protea(["cv", "baseline", "--data", "queries"])
        .fails_with(3, &["\"queries\" has no annotations", "--annotations FILE"]);
}
