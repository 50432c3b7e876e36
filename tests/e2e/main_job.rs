//! The main job: fit, evaluate and export on the dataset in the repository.

use std::{fs, path::Path};

use protea_contracts::content::digest_file;
use protea_e2e::{Place, test, train};
use serde_json::Value;

const ASPECTS: [&str; 3] = ["MFO", "BPO", "CCO"];

fn run(place: &Place, runner: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["run", runner, "--json"];
    arguments.extend(more);
    place.protea(arguments).json()
}

fn metric(run: &Value, aspect: &str, name: &str) -> f64 {
    run["metrics"][aspect][name]
        .as_f64()
        .unwrap_or_else(|| panic!("no {aspect}.{name} in {run:#}"))
}

fn path_of(uri: &Value) -> String {
    uri.as_str()
        .and_then(|uri| uri.strip_prefix("file://"))
        .unwrap_or_else(|| panic!("{uri} is no file:// URI"))
        .to_owned()
}

#[test]
fn knn_beats_term_frequency_in_every_aspect() {
    let place = Place::new();
    let knn = run(&place, "knn", &[]);
    let baseline = run(&place, "baseline", &[]);
    assert_eq!(knn["status"], "finished");
    for aspect in ASPECTS {
        let (nearest, naive) = (
            metric(&knn, aspect, "fmax"),
            metric(&baseline, aspect, "fmax"),
        );
        assert!(
            nearest > naive + 0.05,
            "{aspect}: knn {nearest}, baseline {naive}"
        );
        assert_eq!(metric(&knn, aspect, "coverage"), 1.0);
        assert!(metric(&knn, aspect, "smin") < metric(&baseline, aspect, "smin"));
    }
}

#[test]
fn the_toy_knows_the_truth_so_that_a_sound_pipeline_scores_one() {
    let toy = run(&Place::new(), "toy", &[]);
    for aspect in ASPECTS {
        assert_eq!(metric(&toy, aspect, "fmax"), 1.0);
        assert_eq!(metric(&toy, aspect, "auc_pr"), 1.0);
        assert_eq!(metric(&toy, aspect, "smin"), 0.0);
    }
}

#[test]
fn the_same_run_twice_and_on_other_threads_gives_the_same_bytes() {
    let place = Place::new();
    let runs = [
        run(&place, "knn", &["--threads", "1"]),
        run(&place, "knn", &["--threads", "3"]),
    ];
    assert_eq!(runs[0]["metrics"], runs[1]["metrics"]);
    let bytes = |run: &Value, file: &str| {
        let predictions = run["artifacts"]["predictions"].as_str().unwrap();
        fs::read(Path::new(predictions).join(file)).unwrap()
    };
    for file in ["predictions.tsv", "evaluation_all.tsv"] {
        assert!(bytes(&runs[0], file) == bytes(&runs[1], file), "{file}");
    }
}

#[test]
fn an_export_has_three_hashed_files_and_the_same_scores() {
    let place = Place::new();
    for runner in ["knn", "baseline", "toy"] {
        let first = run(&place, runner, &[]);
        let files = first["artifacts"]["export"].as_array().unwrap();
        for role in ["model", "spec", "run"] {
            assert!(
                files.iter().any(|file| file["role"] == role),
                "{runner} {role}"
            );
        }
        for file in files {
            let (sha256, bytes) = digest_file(Path::new(&path_of(&file["uri"]))).unwrap();
            assert_eq!(file["sha256"], sha256.to_string());
            assert_eq!(file["bytes"], bytes);
        }

        let exported = Path::new(first["artifacts"]["directory"].as_str().unwrap()).join("export");
        let elsewhere = place.join(format!("{runner}-elsewhere"));
        fs::rename(exported, &elsewhere).unwrap();
        let evaluated = place
            .protea([
                "evaluate".as_ref(),
                runner.as_ref(),
                "--model".as_ref(),
                elsewhere.as_os_str(),
                "--eval".as_ref(),
                test().as_os_str(),
                "--json".as_ref(),
            ])
            .json();
        assert_eq!(evaluated["metrics"], first["metrics"], "{runner}");
    }
}

#[test]
fn the_manifest_says_all_that_is_needed_to_do_the_run_again() {
    let place = Place::new();
    let run = run(&place, "knn", &["--set", "k=3", "--seed", "11"]);
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let text = fs::read_to_string(directory.join("run_manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["status"], "finished");
    assert_eq!(manifest["run_id"], run["run_id"]);
    assert_eq!(manifest["spec"]["k"], 3);
    assert_eq!(manifest["spec"]["metric"], "cosine");
    assert_eq!(manifest["seed"], 11);
    assert_eq!(manifest["runner"]["sha256"].as_str().unwrap().len(), 64);
    for (role, dataset) in [("train", train()), ("eval", test())] {
        let (sha256, _) = digest_file(&dataset.join("dataset.json")).unwrap();
        assert_eq!(manifest["datasets"][role]["sha256"], sha256.to_string());
    }
    let steps: Vec<&str> = manifest["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["fit", "evaluate", "export"]);
}

#[test]
fn a_preset_fills_in_settings_and_the_manifest_has_all() {
    let place = Place::new();
    let run = run(
        &place,
        "knn",
        &["--set", "preset=gopredsim", "--set", "k=3"],
    );
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let text = fs::read_to_string(directory.join("run_manifest.json")).unwrap();
    let spec = &serde_json::from_str::<Value>(&text).unwrap()["spec"];
    assert_eq!(
        (&spec["preset"], &spec["k"]),
        (&"gopredsim".into(), &3.into())
    );
    assert_eq!(
        (&spec["metric"], &spec["decimals"]),
        (&"l2".into(), &2.into())
    );
    assert_eq!(
        (&spec["exclude_self"], &spec["float16"]),
        (&true.into(), &false.into())
    );
    let predictions = Path::new(run["artifacts"]["predictions"].as_str().unwrap());
    let predictions = fs::read_to_string(predictions.join("predictions.tsv")).unwrap();
    let digits = |score: &str| score.split('.').nth(1).map_or(0, str::len);
    assert!(
        predictions
            .lines()
            .all(|line| digits(line.rsplit('\t').next().unwrap()) <= 2)
    );
}

#[test]
fn the_cafa_command_scores_the_written_predictions_the_same() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let predictions = place.join("predictions");
    fs::create_dir(&predictions).unwrap();
    let written = Path::new(run["artifacts"]["predictions"].as_str().unwrap());
    fs::copy(
        written.join("predictions.tsv"),
        predictions.join("predictions.tsv"),
    )
    .unwrap();

    let truth = place.write("truth.tsv", truth_table(&place));
    let dataset = test();
    let scored = place.protea([
        "cafa".as_ref(),
        dataset.join("ontology.obo").as_os_str(),
        predictions.as_os_str(),
        truth.as_os_str(),
        "-ia".as_ref(),
        dataset.join("ia.tsv").as_os_str(),
        "-out_dir".as_ref(),
        place.join("scores").as_os_str(),
    ]);
    assert_eq!(scored.code, Some(0), "{scored:#?}");
    let table =
        |directory: &Path| fs::read_to_string(directory.join("evaluation_all.tsv")).unwrap();
    assert_eq!(table(&place.join("scores")), table(written));
}

/// The test annotations as CAFA TSV: what the toy predicts with a score of 1.
fn truth_table(place: &Place) -> String {
    let toy = run(place, "toy", &[]);
    let predictions = Path::new(toy["artifacts"]["predictions"].as_str().unwrap());
    fs::read_to_string(predictions.join("predictions.tsv")).unwrap()
}
