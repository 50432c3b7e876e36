//! A comparison in which a runner fails, and one that the user cancels.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use protea_core::{Workspace, workspace::Status};
use protea_e2e::{Place, Ran, compile_c};
use serde_json::{Value, json};

use super::rows;
use crate::{
    aligners::{assert_gone, endless, protea},
    search::parabola::manifests,
};

#[test]
fn one_that_fails_stops_no_other_and_says_why() {
    let place = Place::new();
    let nothing = place.join("nothing");
    fs::create_dir(&nothing).unwrap();
    let directory = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/parabola.c", "parabola", &directory, &[]);
    let arguments = [
        "benchmark",
        "--json",
        "--runner-dir",
        "runners",
        "--bootstrap",
        "50",
        "--runners",
        "diamond,parabola,naive,toy",
    ];
    let ran = Ran::from(protea(&place, &nothing, &arguments).output().unwrap());
    ran.fails_with(1, &["no scores for diamond, parabola"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["error"]["kind"], "failed");
    let runners: Vec<&Value> = rows(&found).iter().map(|row| &row["runner"]).collect();
    assert_eq!(runners, ["naive", "naive", "naive", "toy", "toy", "toy"]);
    // The toy answers with the annotations themselves, and says that this means nothing.
    assert_eq!(found["differences"], json!([]));
    let failed = found["failed"].as_array().unwrap();
    let expected = [
        ("diamond", "apt-get install diamond-aligner"),
        ("parabola", "does not return the CAFA metrics"),
    ];
    assert_eq!(failed.len(), expected.len());
    for (failed, (runner, part)) in failed.iter().zip(expected) {
        assert_eq!(failed["runner"], runner);
        assert!(
            failed["reason"].as_str().unwrap().contains(part),
            "{failed}"
        );
    }
    let directory = found["artifacts"]["directory"].as_str().unwrap();
    for name in ["benchmark.md", "benchmark.tsv", "benchmark.tex"] {
        let table = fs::read_to_string(Path::new(directory).join(name)).unwrap();
        assert!(table.contains("apt-get install diamond-aligner"), "{table}");
    }

    let alone = [
        "benchmark",
        "--runners",
        "parabola",
        "--runner-dir",
        "runners",
        "--json",
    ];
    let none = place.protea(alone);
    none.fails_with(1, &["no runner produced scores"]);
    let none: Value = serde_json::from_str(&none.stdout).unwrap();
    assert_eq!(
        (&none["rows"], &none["failed"][0]["runner"]),
        (&json!([]), &json!("parabola"))
    );
}

#[test]
fn all_names_are_checked_before_any_work() {
    let place = Place::new();
    let ran = place.protea(["benchmark", "--runners", "naive,knn,naiv"]);
    ran.fails_with(
        4,
        &[
            "there is no runner \"naiv\"",
            "naive, blast, diamond, mmseqs",
        ],
    );
    assert!(!place.join("protea-workspace").exists(), "nothing was done");

    place
        .protea(["benchmark", "--runners", "naive,knn", "--set", "knn.kk=1"])
        .fails_with(3, &["knn: ", "did you mean \"k\"?"]);
    place
        .protea(["benchmark", "--runners", "naive", "--set", "k=1"])
        .fails_with(2, &["--set knn.k=5"]);
}

#[test]
fn ctrl_c_ends_the_running_one_and_keeps_finished_ones() {
    let place = Place::new();
    let (path, begun) = endless(&place);
    let arguments = ["benchmark", "--json", "--runners", "naive,diamond,knn"];
    let running = protea(&place, &path, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while fs::read_to_string(&begun)
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        assert!(Instant::now() < deadline, "the program was never started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = running.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(interrupted.success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_gone(&begun);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["error"]["kind"], "cancelled");
    assert_eq!(rows(&found).len(), 3);

    let workspace = Workspace::open(place.join("protea-workspace")).unwrap();
    assert_eq!(manifests(&workspace, "benchmark")[0].status, Status::Killed);
    let ended: BTreeMap<String, Status> = manifests(&workspace, "contender")
        .into_iter()
        .map(|manifest| (manifest.name.unwrap(), manifest.status))
        .collect();
    let expected = [
        ("benchmark/diamond".to_owned(), Status::Killed),
        ("benchmark/naive".to_owned(), Status::Finished),
    ];
    assert_eq!(ended, BTreeMap::from(expected));
    let resumed = place.protea(["benchmark", "--json", "--runners", "naive,knn", "--resume"]);
    assert_eq!(resumed.json()["taken_over"], json!(["naive"]));
}
