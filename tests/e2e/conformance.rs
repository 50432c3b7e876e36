//! `protea runners check`: the shipped runners keep the contract, and animals of the zoo are named for what
//! they do wrong.

use protea_e2e::{Place, built, library, zoo};

#[test]
fn the_shipped_runners_keep_the_contract() {
    let place = Place::new();
    let files = ["protea_toy", "protea_baseline", "protea_knn"].map(|name| {
        let file = built().join(library(name));
        file.to_str().unwrap().to_owned()
    });
    let mut arguments = vec!["runners", "check", "--only-failed"];
    arguments.extend(files.iter().map(String::as_str));
    let ran = place.protea(arguments);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("3 files"));
}

#[test]
fn animals_are_named_for_what_they_do_wrong() {
    let table = [
        ("abort_at_load", "crashed", "load/opens"),
        ("crash_in_drop", "crashed", "lifecycle/fit"),
        ("abort_in_emit", "crashed", "lifecycle/fit"),
        ("panic_in_fit", "failed", "lifecycle/fit"),
        ("nan_metric", "failed", "results/metrics"),
        ("changed_dataset", "failed", "dataset/untouched"),
        ("child_in_its_own_session", "failed", "isolation/children"),
        ("events_after_return", "failed", "emit/after-return"),
        ("lying_descriptor", "failed", "descriptor/agrees"),
        ("wrong_major", "failed", "descriptor/readable"),
    ];
    let place = Place::new();
    for (animal, status, test) in table {
        let file = zoo::directory().join(library(animal));
        let ran = place.protea([
            "runners".as_ref(),
            "check".as_ref(),
            "--only-failed".as_ref(),
            file.as_os_str(),
        ]);
        assert_eq!(ran.code, Some(1), "{animal}: {ran:#?}");
        let named =
            ran.stdout.lines().chain(ran.stderr.lines()).any(|line| {
                line.trim_start().starts_with(status) && line.trim_end().ends_with(test)
            });
        assert!(named, "{animal} is not {status} in {test}: {ran:#?}");
    }
}

#[test]
fn misuse_is_told_from_a_broken_contract() {
    let place = Place::new();
    let toy = built().join(library("protea_toy"));
    place
        .protea([
            "runners".as_ref(),
            "check".as_ref(),
            toy.as_os_str(),
            "--filter".as_ref(),
            "no-such-test".as_ref(),
        ])
        .fails_with(2, &["no-such-test"]);
}
