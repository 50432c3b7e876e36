//! Removing runs: what a kill in between leaves, and what signac sees.

use std::{collections::BTreeSet, env, fs, process::Command, thread, time::Duration};

use protea_e2e::{Place, built};
use serde_json::{Value, json};

fn runs(place: &Place) -> BTreeSet<String> {
    let list = place
        .protea(["runs", "list", "--json", "--limit", "0"])
        .json();
    assert_eq!(list["unreadable"], json!([]), "{list}");
    let runs = list["runs"].as_array().unwrap().iter();
    runs.map(|run| run["run_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The number of jobs that signac for Python opens.
fn jobs_of_signac(place: &Place) -> Option<u64> {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has signac ***\n");
        return None;
    };
    let script = "import signac, sys\n\
         project = signac.get_project(sys.argv[1])\n\
         print(len([job.statepoint() for job in project]))";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(place.join("protea-workspace"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .unwrap(),
    )
}

#[test]
fn a_model_that_was_evaluated_stays_until_the_evaluation_goes() {
    let place = Place::new();
    let run = place.protea(["run", "knn", "--json"]).json();
    let (id, model) = (&run["run_id"], run["model_uri"].as_str().unwrap());
    let eval = run["datasets"]["eval"]["uri"].as_str().unwrap();
    let line = [
        "evaluate", "knn", "--model", model, "--eval", eval, "--json",
    ];
    let evaluation = place.protea(line).json();
    let (id, evaluation) = (id.as_str().unwrap(), evaluation["run_id"].as_str().unwrap());
    place
        .protea(["runs", "rm", id, "--yes"])
        .fails_with(1, &[evaluation, "refers to it"]);
    place
        .protea(["runs", "rm", id, evaluation, "--yes"])
        .succeeds();
    assert_eq!(runs(&place), BTreeSet::new());
    if let Some(jobs) = jobs_of_signac(&place) {
        assert_eq!(jobs, 2);
    }
    // The job that stayed takes the next run.
    let again = place.protea(["run", "knn", "--json"]).json();
    assert_eq!(again["job_id"], run["job_id"]);
}

/// Many copies of one run, whose removal takes a while.
fn many_runs(place: &Place) -> usize {
    const COPIES: usize = 150;
    let run = place.protea(["run", "toy", "--json"]).json();
    let directory = run["directory"].as_str().map(std::path::PathBuf::from);
    let id = run["run_id"].as_str().unwrap();
    let directory = directory.unwrap_or_else(|| {
        let shown = place.protea(["runs", "show", id, "--json"]).json();
        shown["directory"].as_str().unwrap().into()
    });
    let text = fs::read_to_string(directory.join("run_manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    for number in 0..COPIES {
        let name = format!("20200101T000000Z-toy-{number:06x}");
        let copy = directory.with_file_name(&name);
        fs::create_dir(&copy).unwrap();
        let mut manifest = manifest.clone();
        manifest["run_id"] = json!(name);
        manifest["started"] = json!("2020-01-01T00:00:00Z");
        manifest["finished"] = json!("2020-01-01T00:00:01Z");
        manifest["model_uri"] = Value::Null;
        manifest["artifacts"] = json!({ "directory": copy });
        fs::write(copy.join("run_manifest.json"), manifest.to_string()).unwrap();
        for file in 0..20 {
            fs::write(copy.join(format!("data{file}")), [0; 100]).unwrap();
        }
    }
    COPIES + 1
}

#[test]
fn after_a_kill_the_workspace_is_read_and_gc_finishes() {
    let place = Place::new();
    let all = many_runs(&place);
    let jobs = jobs_of_signac(&place);
    let own = place.join("protea-workspace/.protea");
    let mut was_interrupted = false;
    // However fast the machine is, one of these kills comes in between; none has to.
    for milliseconds in [5, 10, 15, 20, 30, 40, 60] {
        let protea = built().join("protea");
        let mut command = place.command(&protea);
        let mut child = command
            .args(["runs", "gc", "--older-than", "1h", "--yes", "--quiet"])
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        was_interrupted |= own.join("removing.json").exists();
        let left = runs(&place);
        assert!((1..=all).contains(&left.len()), "{left:?}");
        place.protea(["runs", "show", "latest"]).succeeds();
        place.protea(["sync"]).succeeds();
        if was_interrupted {
            break;
        }
    }
    assert_eq!(jobs_of_signac(&place), jobs);
    place
        .protea(["runs", "gc", "--older-than", "1h", "--yes"])
        .succeeds();
    assert_eq!(runs(&place).len(), 1);
    assert!(!own.join("removing.json").exists() && !own.join("removed").exists());
    assert_eq!(jobs_of_signac(&place), jobs);
}

#[test]
fn a_run_is_repeated_and_its_results_are_compared() {
    let place = Place::new();
    let first = place
        .protea(["run", "knn", "--set", "k=3", "--seed", "7", "--json"])
        .json();
    let id = first["run_id"].as_str().unwrap();
    let again = place.protea(["run", "--from", "latest", "--json"]).json();
    assert_eq!(again["same"], true, "{again:#}");
    assert_eq!(again["differences"], json!([]));
    for field in ["spec", "seed", "job_id", "metrics"] {
        assert_eq!(again[field], first[field], "{field}");
    }
    assert!(
        again["comparison"]["predictions"]["lines"]
            .as_u64()
            .unwrap()
            > 1000
    );
    let repeated = again["run_id"].as_str().unwrap();
    let tagged = place.protea(["runs", "list", "--tag", &format!("repeats={id}"), "--json"]);
    assert_eq!(tagged.json()["runs"][0]["run_id"], repeated);

    // A result that is another one is told, and the exit code says so.
    let artifacts = first["artifacts"]["directory"].as_str().unwrap();
    let directory = std::path::Path::new(artifacts);
    let predictions = directory.join("predictions/predictions.tsv");
    let text = fs::read_to_string(&predictions).unwrap();
    fs::write(&predictions, text.replacen("0.", "1.", 1)).unwrap();
    let manifest = directory.join("run_manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["metrics"]["MFO"]["fmax"] = json!(0.25);
    changed["runner"]["sha256"] = json!("0".repeat(64));
    fs::write(&manifest, changed.to_string()).unwrap();
    let other = place.protea(["run", "--from", id]);
    assert_eq!(other.code, Some(1), "{other:#?}");
    assert!(
        other
            .stderr
            .contains("the file of the runner knn has changed"),
        "{other:#?}"
    );
    for part in ["the results differ from those of", "MFO.fmax", "1 of "] {
        assert!(other.stdout.contains(part), "{part:?} is not in {other:#?}");
    }

    // Other data under the same path are refused, unless the user names them.
    changed["datasets"]["eval"]["sha256"] = json!("1".repeat(64));
    fs::write(&manifest, changed.to_string()).unwrap();
    place
        .protea(["run", "--from", id])
        .fails_with(3, &["the eval dataset", "--eval"]);
    place
        .protea(["run", "knn", "--from", id])
        .fails_with(2, &["cannot be used with"]);
    let search = place.protea(["search", "knn", "--grid", "k=1,3", "--json"]);
    assert_eq!(search.code, Some(0), "{search:#?}");
    let again = place.protea(["run", "--from", "latest"]);
    again.succeeds();
    assert!(again.stdout.contains("scores       the same"), "{again:#?}");
}
