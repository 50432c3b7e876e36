//! `protea runs list` and `protea runs compare`: what can be compared and what cannot.

use serde_json::{Value, json};

use crate::runs::Workspace;

fn evaluated(name: &str, sha256: &str) -> Value {
    json!({ "eval": { "name": name, "uri": "file:///e", "sha256": sha256 } })
}

fn steps(proteins: u64) -> Value {
    let extras = json!({ "scored": { "MFO": proteins } });
    json!([{ "name": "evaluate", "status": "finished", "seconds": 1.5, "extras": extras }])
}

/// Two settings on one dataset, a cross-validation, and a run on two proteins of another dataset.
fn filled() -> Workspace {
    let workspace = Workspace::new();
    let scores = |fmax: f64| json!({ "MFO": { "fmax": fmax, "tau": 0.25 } });
    for (run, second, k, fmax) in [("knn-00000a", 0, 5, 0.5), ("knn-00000b", 1, 10, 0.499_2)] {
        let fields = json!({
            "metrics": scores(fmax), "datasets": evaluated("mine-test", "aaaaaaaa"),
            "steps": steps(200), "spec": { "k": k, "metric": "cosine" },
        });
        workspace.run(&format!("2026112{second}T100000Z-{run}"), second, fields);
    }
    let spread = json!({ "MFO": { "fmax": { "mean": 0.625, "std": 0.0125 } } });
    workspace.run(
        "20261123T100000Z-knn-00000c",
        3,
        json!({ "metrics": spread }),
    );
    let fields = json!({
        "metrics": scores(1.0), "datasets": evaluated("mine-test", "bbbbbbbb"),
        "steps": steps(2), "spec": { "k": 5, "metric": "cosine" },
    });
    workspace.run("20261124T100000Z-knn-00000d", 4, fields);
    workspace
}

#[test]
fn the_list_says_what_was_scored_and_what_cannot_be_compared() {
    let listed = filled().0.run("runs list --sort MFO.fmax").ok();
    insta::assert_snapshot!(listed.stdout, @"");
    let newest = filled().0.run("runs list").ok();
    assert!(!newest.stdout.contains("cannot be compared"), "{newest:#?}");
}

#[test]
fn runs_on_different_datasets_are_compared_with_a_warning() {
    let workspace = filled();
    let same = workspace.0.run("runs compare 00000a 00000b").ok().stdout;
    assert!(!same.contains("different datasets"), "{same}");
    assert!(same.contains("-0.001"), "{same}");
    let other = workspace.0.run("runs compare 00000a 00000d").ok().stdout;
    assert!(
        other.contains("the runs were scored on different datasets"),
        "{other}"
    );
}
