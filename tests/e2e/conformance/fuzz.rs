//! `protea runners fuzz`: a seed repeats the same cases with the same verdicts, and a budget ends it.

use protea_e2e::{Place, Ran, built, library};
use serde_json::Value;

fn fuzz(place: &Place, file: &str, arguments: &[&str]) -> Ran {
    place.protea([&["runners", "fuzz", file, "--json"], arguments].concat())
}

fn toy() -> String {
    let file = built().join(library("protea_toy"));
    file.into_os_string().into_string().unwrap()
}

#[test]
fn a_shipped_runner_answers_every_case_and_time_ends_it() {
    let place = Place::new();
    let report = fuzz(&place, &toy(), &["--seed", "11", "--for", "2s"]).json();
    assert_eq!(report["seed"], 11, "{report}");
    assert!(report["cases"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["findings"], Value::Array(Vec::new()));

    let report = fuzz(&place, &toy(), &["--cases", "3"]).json();
    assert_eq!(report["cases"], 3, "{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_finding_is_made_again_by_its_seed() {
    use protea_e2e::zoo;

    let place = Place::new();
    let animal = zoo::directory().join(library("brittle"));
    let animal = animal.to_str().unwrap();
    let findings = |arguments: &[&str]| -> Vec<Value> {
        let ran = fuzz(&place, animal, arguments);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        report["fuzz"]["findings"].as_array().unwrap().clone()
    };
    let all = findings(&["--seed", "1", "--cases", "40"]);
    assert_eq!(all, findings(&["--seed", "1", "--cases", "40"]));
    let first = &all[0];
    assert_eq!(first["verdict"]["status"], "failed", "{first}");
    assert!(
        first["verdict"]["seen"]
            .as_str()
            .unwrap()
            .contains("panicked"),
        "{first}"
    );
    // As the report says: this seed, one case.
    let seed = first["seed"].to_string();
    assert_eq!(
        findings(&["--seed", &seed, "--cases", "1"]),
        std::slice::from_ref(first)
    );
}

#[test]
fn what_cannot_be_fuzzed_is_said_with_where_to_look() {
    let place = Place::new();
    let notes = place.write("notes.so", "not a library");
    place
        .protea(["runners", "fuzz", notes.to_str().unwrap(), "--cases", "1"])
        .fails_with(1, &["notes.so", "runners check"]);
}
