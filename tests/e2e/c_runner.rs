//! Runners in C: the example does the main job, and the host survives one that crashes or sends invalid
//! UTF-8.

use std::{fs, path::Path};

use protea_e2e::{Place, Ran, compile_c, copy_of, test, train};
use serde_json::Value;

const EXAMPLE: &str = "examples/c-runner/mean_ia.c";
const ANIMAL: &str = "tests/e2e/c/animal.c";

fn with(source: &str, name: &str) -> (Place, String) {
    let place = Place::new();
    let directory = place.runner_directory("runners", &[]);
    compile_c(source, name, &directory, &[]);
    let directory = directory.to_str().unwrap().to_owned();
    (place, directory)
}

/// What the example should learn from the same file.
fn information(dataset: &Path) -> Vec<f64> {
    let table = fs::read_to_string(dataset.join("ia.tsv")).unwrap();
    let bits = |line: &str| line.split('\t').nth(1).unwrap().parse().unwrap();
    let mut information: Vec<f64> = table.lines().map(bits).collect();
    information.sort_by(f64::total_cmp);
    information
}

fn mean_absolute_error(information: &[f64], predicted: f64) -> f64 {
    let sum: f64 = information
        .iter()
        .map(|bits| (bits - predicted).abs())
        .sum();
    sum / information.len() as f64
}

#[test]
fn the_example_in_c_fits_evaluates_and_exports_as_any_other() {
    let (place, runners) = with(EXAMPLE, "mean_ia");
    let (learnt, scored) = (information(&train()), information(&test()));
    let mean = learnt.iter().sum::<f64>() / learnt.len() as f64;
    let median = (learnt[(learnt.len() - 1) / 2] + learnt[learnt.len() / 2]) / 2.0;
    for (statistic, value) in [("mean", mean), ("median", median)] {
        let run = |isolation: &str| {
            let set = format!("statistic={statistic}");
            let arguments = ["run", "mean-ia", "--json", "--set", &set];
            let place_of_it = ["--runner-dir", &runners, "--isolation", isolation];
            place
                .protea(arguments.into_iter().chain(place_of_it))
                .json()
        };
        let runs = [run("worker"), run("in-process")];
        assert_eq!(runs[0]["metrics"], runs[1]["metrics"]);
        let found = runs[0]["metrics"]["mean_absolute_error"].as_f64().unwrap();
        let expected = mean_absolute_error(&scored, value);
        assert!(
            (found - expected).abs() < 1e-9,
            "{statistic}: {found} {expected}"
        );

        let exported = |run: &Value| {
            let directory = run["artifacts"]["directory"].as_str().unwrap();
            Path::new(directory).join("export")
        };
        let again = place
            .protea([
                "evaluate".as_ref(),
                "mean-ia".as_ref(),
                "--json".as_ref(),
                "--runner-dir".as_ref(),
                runners.as_ref(),
                "--model".as_ref(),
                exported(&runs[0]).as_os_str(),
                "--eval".as_ref(),
                test().as_os_str(),
            ])
            .json();
        assert_eq!(again["metrics"], runs[0]["metrics"]);
        for file in ["model.json", "spec.yaml"] {
            let [one, other] = runs
                .each_ref()
                .map(|run| fs::read(exported(run).join(file)).unwrap());
            assert_eq!(one, other, "{file}");
        }
    }
}

#[test]
fn the_c_example_is_listed_and_validated_without_its_code() {
    let (place, runners) = with(EXAMPLE, "mean_ia");
    let list = place
        .protea(["runners", "list", "--json", "--runner-dir", &runners])
        .json();
    let listed = list["runners"].as_array().unwrap();
    let entry = listed
        .iter()
        .find(|entry| entry["name"] == "mean-ia")
        .unwrap();
    assert_eq!(entry["version"], "0.1.0");
    place
        .protea([
            "run",
            "mean-ia",
            "--runner-dir",
            &runners,
            "--set",
            "statistic=mode",
        ])
        .fails_with(3, &["the setting statistic is invalid", "mode"]);
}

#[test]
fn the_example_in_c_says_whose_fault_it_was() {
    let (place, runners) = with(EXAMPLE, "mean_ia");
    let run = place
        .protea(["run", "mean-ia", "--json", "--runner-dir", &runners])
        .json();
    let directory = run["artifacts"]["directory"].as_str().unwrap();
    let model = Path::new(directory).join("export").join("model.json");
    fs::write(
        &model,
        "{\"kind\":\"mean-ia\",\"statistic\":\"mean\",\"information\":true}",
    )
    .unwrap();
    let evaluate = |dataset: &Path| {
        place.protea([
            "evaluate".as_ref(),
            "mean-ia".as_ref(),
            "--runner-dir".as_ref(),
            runners.as_ref(),
            "--model".as_ref(),
            model.as_os_str(),
            "--eval".as_ref(),
            dataset.as_os_str(),
        ])
    };
    let ran = evaluate(&test());
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("the model cannot be used"), "{ran:#?}");

    let harmed = copy_of(&test(), &place.join("harmed"));
    let table = harmed.join("ia.tsv");
    fs::remove_file(&table).unwrap();
    fs::write(&table, "GO:0000001\tmany\n").unwrap();
    let ran = evaluate(&harmed);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("ia.tsv"), "{ran:#?}");
}

fn sin(sin: &str) -> (Place, Ran) {
    let (place, runners) = with(ANIMAL, "animal");
    let set = format!("sin={sin}");
    let ran = place.protea(["run", "animal", "--runner-dir", &runners, "--set", &set]);
    (place, ran)
}

/// The text of every file with this name in the workspace.
fn written(place: &Place, name: &str) -> String {
    fn walk(directory: &Path, name: &str, text: &mut String) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, name, text);
            } else if path.ends_with(name) {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    walk(&place.join("protea-workspace"), name, &mut text);
    text
}

#[test]
fn a_crash_in_c_is_contained_by_the_worker_and_the_run_closed() {
    let (place, ran) = sin("crash");
    assert!(ran.code.is_some_and(|code| code > 0), "{ran:#?}");
    assert!(ran.stderr.contains("SIGSEGV"), "{ran:#?}");
    let manifest: Value = serde_json::from_str(&written(&place, "run_manifest.json")).unwrap();
    assert_eq!(manifest["status"], "failed");
    assert!(
        manifest["error"].to_string().contains("SIGSEGV"),
        "{manifest:#}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn out_of_memory_is_told_from_other_crashes() {
    for (kind, said) in [
        ("starve_and_abort", "ran out of memory"),
        ("starve_and_crash", "ran out of memory"),
        ("hoard_in_a_file_of_memory", "ran out of memory"),
        // Mapped files do not count as memory, so the call ends with a model that does not exist.
        ("map_a_large_file", "/nowhere"),
        ("abort", "SIGABRT"),
        ("crash", "SIGSEGV"),
        // An allocation failed, but the crash has another cause.
        ("starve_recover_and_assert", "SIGABRT"),
        ("starve_recover_and_crash", "SIGSEGV"),
    ] {
        let (place, runners) = with(ANIMAL, "animal");
        let set = format!("sin={kind}");
        let arguments = ["run", "animal", "--runner-dir", &runners, "--set", &set];
        let ran = place.protea([&arguments[..], &["--memory-limit", "256MiB"]].concat());
        assert_eq!(ran.code, Some(1), "{kind}: {ran:#?}");
        assert!(ran.stderr.contains(said), "{kind}: {ran:#?}");
        let manifest: Value = serde_json::from_str(&written(&place, "run_manifest.json")).unwrap();
        let error = manifest["error"].to_string();
        assert!(error.contains(said), "{kind}: {manifest:#}");
        let out_of_memory = said == "ran out of memory";
        assert_eq!(
            error.contains("its limit is"),
            out_of_memory,
            "{kind}: {manifest:#}"
        );
        assert_eq!(
            ran.stderr.contains("--memory-limit"),
            out_of_memory,
            "{kind}: {ran:#?}"
        );
    }
}

#[test]
fn what_is_not_utf_8_is_survived_and_named() {
    for (kind, said) in [
        ("not_utf8", "its answer is not UTF-8 from byte 14 on"),
        ("not_utf8_error", "its answer is not UTF-8 from byte 28 on"),
    ] {
        let (place, ran) = sin(kind);
        assert!(ran.code.is_some_and(|code| code > 0), "{ran:#?}");
        assert!(
            ran.stderr.contains("the runner broke the contract"),
            "{ran:#?}"
        );
        assert!(ran.stderr.contains(said), "{ran:#?}");
        let manifest: Value = serde_json::from_str(&written(&place, "run_manifest.json")).unwrap();
        assert_eq!(manifest["status"], "failed");
    }
    // `evaluate` is unsupported, so the run fails after `fit`, whose event arrived.
    let (place, ran) = sin("event_not_utf8");
    assert!(ran.stderr.contains("fit"), "{ran:#?}");
    assert!(
        written(&place, "run.log").contains("name\u{fffd}"),
        "{ran:#?}"
    );
}
