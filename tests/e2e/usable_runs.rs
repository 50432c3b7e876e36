//! Commands that use the model or the predictions of a run, where the run that is named has none
//! itself.

use std::{fs, path::Path};

use protea_e2e::{Place, built, test, train};
use serde_json::Value;

/// The accession of a protein that the newest run has predictions for.
fn accession(place: &Place) -> String {
    let shown = place.protea(["predictions", "show", "latest", "--top", "1"]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    let row = shown.stdout.lines().nth(1).unwrap();
    row.split('\t').next().unwrap().to_owned()
}

fn run_id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_search_stands_for_its_best_trial() {
    let place = Place::new();
    place.write("new.fasta", ">new1\nMKVLAAGIVGWTFPQRKLLSTNPKPQRKTKRN\n");
    let search = "search knn --grid k=1,3 --metric MFO.fmax --json";
    let found = place.protea(search.split(' ')).json();
    let best = run_id(&found["best"]["run_id"]);
    let note = format!("using the run {best}, the best trial of the search ");
    for arguments in [
        "predict latest --fasta new.fasta -o terms.tsv",
        "plot pr latest -o curves.svg",
        "predictions stats latest",
        "predictions show latest --top 1",
        "export knn --model latest -o exported",
    ] {
        let ran = place.protea(arguments.split(' '));
        assert_eq!(ran.code, Some(0), "{arguments}: {ran:#?}");
        assert!(ran.stderr.contains(&note), "{arguments}: {ran:#?}");
    }
    // The export is the newest run. It has a model, but was not scored.
    let explained = place.protea(["explain", "latest", &accession(&place)]);
    assert_eq!(explained.code, Some(0), "{explained:#?}");
    assert!(explained.stdout.contains(&best), "{explained:#?}");
    let test = test();
    let evaluated = place.protea([
        "evaluate".as_ref(),
        "knn".as_ref(),
        "--model".as_ref(),
        best.as_ref(),
        "--eval".as_ref(),
        test.as_os_str(),
    ]);
    assert_eq!(evaluated.code, Some(0), "{evaluated:#?}");
    // That run has the model that it evaluated.
    let ran = place.protea(["predict", "latest", "--fasta", "new.fasta"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn latest_is_the_newest_run_with_a_model() {
    let place = Place::new();
    place.write("new.fasta", ">new1\nMKVLAAGIVGWTFPQRKLLSTNPKPQRKTKRN\n");
    let run = place.protea(["run", "knn", "--no-export", "--json"]).json();
    let folds = place.protea(["cv", "baseline", "--folds", "2"]);
    assert_eq!(folds.code, Some(0), "{folds:#?}");
    let note = format!(
        "using the run {}, the newest with a model",
        run_id(&run["run_id"])
    );
    let ran = place.protea(["predict", "latest", "--fasta", "new.fasta"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains(&note), "{ran:#?}");
    let ran = place.protea(["export", "knn", "--model", "nothing-like-it"]);
    ran.fails_with(
        3,
        &["there is no model at ", "and no run \"nothing-like-it\""],
    );
}

/// Gives a finished run the status of one that failed.
fn fail(run: &Value) {
    let directory = run["artifacts"]["directory"].as_str().unwrap();
    let path = Path::new(directory).join("run_manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["status"] = "failed".into();
    fs::remove_file(&path).unwrap();
    fs::write(&path, manifest.to_string()).unwrap();
}

#[test]
fn latest_skips_runs_that_failed() {
    let place = Place::new();
    place.write("new.fasta", ">new1\nMKVLAAGIVGWTFPQRKLLSTNPKPQRKTKRN\n");
    let run = || place.protea(["run", "knn", "--no-export", "--json"]).json();
    let (older, newer) = (run(), run());
    let (older_id, newer_id) = (run_id(&older["run_id"]), run_id(&newer["run_id"]));
    let predict = |run: &str| place.protea(["predict", run, "--fasta", "new.fasta"]);
    fail(&newer);
    let note = format!("using the run {older_id}, the newest with a model that is finished");
    let ran = predict("latest");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains(&note), "{ran:#?}");
    assert!(
        ran.stderr.contains(&format!("{newer_id} is failed")),
        "{ran:#?}"
    );
    fail(&older);
    predict("latest").fails_with(3, &["no run with a model is finished", &newer_id]);
    let test = test();
    let data = test.to_str().unwrap();
    place
        .protea(["evaluate", "knn", "--model", "latest", "--eval", data])
        .fails_with(3, &["no run with a model is finished", &newer_id]);
    assert_eq!(predict(&newer_id).code, Some(0));
    place
        .protea([
            "evaluate",
            "knn",
            "--model",
            "latest",
            "--eval",
            data,
            "--workspace",
            "nowhere",
        ])
        .fails_with(3, &["there is no workspace at ", "`protea run`"]);
    assert!(!place.join("nowhere").exists());
}

#[test]
fn a_benchmark_names_its_child_runs() {
    let place = Place::new();
    let benchmark = "benchmark --runners naive,knn --bootstrap 0";
    let ran = place.protea(benchmark.split(' '));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for arguments in ["explain latest P12345", "predictions stats latest"] {
        let ran = place.protea(arguments.split(' '));
        ran.fails_with(
            3,
            &[
                "compares several runners",
                "-baseline-",
                "-knn-",
                "(naive)",
                "(knn)",
            ],
        );
    }
    // A figure has the curves of all of them.
    let drawn = place.protea(["plot", "pr", "latest", "-o", "curves.svg"]);
    assert_eq!(drawn.code, Some(0), "{drawn:#?}");
}

#[test]
fn predictions_are_shown_with_the_names_of_terms() {
    let place = Place::new();
    let run = place.protea(["run", "knn", "--no-export"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let protein = accession(&place);
    let shown = place.protea([
        "predictions",
        "show",
        "latest",
        "--protein",
        &protein,
        "--top",
        "5",
    ]);
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    let rows: Vec<Vec<&str>> = shown
        .stdout
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(rows[0], ["accession", "term", "name", "aspect", "score"]);
    assert!((2..=6).contains(&rows.len()), "{shown:#?}");
    for row in &rows[1..] {
        assert_eq!(row[0], protein);
        assert!(row[1].starts_with("GO:") && !row[2].is_empty(), "{row:?}");
    }
    // At least a score, and nothing for a protein that is not there.
    let high = place.protea(["predictions", "show", "latest", "--minimum-score", "0.9"]);
    let scores = high
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.rsplit('\t').next().unwrap());
    assert!(
        scores
            .map(|score| score.parse::<f64>().unwrap())
            .all(|score| score >= 0.9)
    );
    let none = place.protea(["predictions", "show", "latest", "--protein", "NOBODY"]);
    assert!(
        none.stderr.contains("has no such predictions for"),
        "{none:#?}"
    );
    place
        .protea(["predictions", "show", "nothing"])
        .fails_with(3, &["there is no file nothing, and no run of this name"]);
    let table = place.protea([
        "predictions",
        "convert",
        "latest",
        "--format",
        "table",
        "-o",
        "t.tsv",
    ]);
    assert_eq!(table.code, Some(0), "{table:#?}");
}

#[test]
fn the_report_of_latest_has_scores() {
    let place = Place::new();
    let run = place.protea(["run", "toy", "--no-export", "--json"]).json();
    let run = run_id(&run["run_id"]);
    let train = train();
    let fitted = place.protea(["fit", "toy", "--train", train.to_str().unwrap(), "--json"]);
    assert_eq!(fitted.code, Some(0), "{fitted:#?}");
    let report = |arguments: &[&str]| {
        let arguments = [&["report", "latest", "--json"], arguments].concat();
        let made = place.protea(arguments);
        assert_eq!(made.code, Some(0), "{made:#?}");
        (run_id(&made.json()["run_id"]), made.stderr)
    };
    let (of, said) = report(&["-o", "run.html", "--tables", "t"]);
    assert_eq!(of, run);
    place.write("mine.tsv", "mine");
    for arguments in [
        "report latest -o run.html",
        "report latest -o other.html --tables t",
        "plot pr latest -o mine.svg",
    ] {
        let ran = place.protea(arguments.split(' '));
        ran.fails_with(
            5,
            &["exists; give another name, or replace it with --force"],
        );
    }
    assert_eq!(fs::read_to_string(place.join("mine.tsv")).unwrap(), "mine");
    assert!(!place.join("other.html").exists());
    let note = format!("using the run {run}, the newest with scores: the run ");
    assert!(said.contains(&note), "{said}");
    // A group of runs has the scores of its child runs.
    for group in [
        "benchmark --runners naive,toy --bootstrap 0 --json",
        "cv toy --folds 2 --json",
        "search toy --random 5 --space note=a,b --json",
    ] {
        let ran = place.protea(group.split(' '));
        assert_eq!(ran.code, Some(0), "{group}: {ran:#?}");
        let (of, said) = report(&["-o", "group.html", "--force"]);
        assert_eq!(of, run_id(&ran.json()["run_id"]), "{group}");
        assert!(!said.contains("using the run"), "{group}: {said}");
        let repeats = "the values allow 2 different trials: at least 3 of the 5 repeat others";
        let is_search = group.starts_with("search");
        assert_eq!(ran.stderr.contains(repeats), is_search, "{ran:#?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_page_that_cannot_be_opened_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let ran = place.protea(["run", "toy", "--no-export"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    // As the real program ends where there is no display.
    fs::create_dir(place.join("bin")).unwrap();
    let program = place.write("bin/xdg-open", "#!/bin/sh\nexit 3\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.join("bin").display());
    let mut command = place.command(&built().join("protea"));
    command.args(["report", "latest", "--open", "-o", "run.html"]);
    let output = command.env("PATH", path).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let warning = "cannot open run.html: xdg-open: exit status: 3; open it in a browser";
    assert!(said.contains(warning), "{said}");
}
