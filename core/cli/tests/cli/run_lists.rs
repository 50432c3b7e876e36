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
    insta::assert_snapshot!(listed.stdout, @r"
    run                          status    started              time        runner     scored on         settings      MFO.fmax
    20261124T100000Z-knn-00000d  finished  2026-11-21 10:00:04  1 min 00 s  knn 1.0.0  mine-test@bbbbbb  k=5             1.000*
    20261123T100000Z-knn-00000c  finished  2026-11-21 10:00:03  1 min 00 s  knn 1.0.0  -                 k=5       0.625±0.013
    20261120T100000Z-knn-00000a  finished  2026-11-21 10:00:00  1 min 00 s  knn 1.0.0  mine-test@aaaaaa  k=5             0.500
    20261121T100000Z-knn-00000b  finished  2026-11-21 10:00:01  1 min 00 s  knn 1.0.0  mine-test@aaaaaa  k=10            0.499
    * scored on fewer than 30 proteins
    these runs were scored on 2 datasets: scores on different datasets cannot be compared; --eval NAME lists the runs of one
    ");
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
