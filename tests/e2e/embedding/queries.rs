//! Runs by their scores, from the library and from the command.

use protea_core::{
    Experiment, Workspace,
    workspace::{RunOrder, RunSelection, RunSelectionError, Status},
};
use serde_json::json;

use crate::search::{datasets, parabola::Parabola};

#[test]
fn runs_are_selected_and_sorted_as_the_command_does() {
    let parabola = Parabola::new();
    let (train, test) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace);
    for x in [0.1, 0.3, 0.6] {
        let run = experiment.fit_evaluate(&json!({ "x": x }), &train, &test);
        let run = run.unwrap();
        assert_eq!(run.metric("MFO", "fmax"), None);
        assert!(run.manifest.metric_by_name("score").is_some());
    }
    let fitted = experiment.fit(&json!({ "x": 0.9 }), &train).unwrap();
    assert_eq!(fitted.manifest.metric_by_name("score"), None);

    let runs = workspace.runs();
    let best = RunSelection::new()
        .with_runner("parabola")
        .with_eval(&test.name)
        .with_status(Status::Finished)
        .with_order(RunOrder::descending("score"))
        .with_limit(2);
    let selected = runs.select(&best).unwrap();
    assert_eq!(selected.total, 3);
    let settings: Vec<_> = selected
        .rows
        .iter()
        .map(|row| &row.run.head.spec["x"])
        .collect();
    assert_eq!(settings, [&json!(0.3), &json!(0.1)]);

    let w = parabola.place.join("w");
    let listed = parabola.place.protea([
        "runs",
        "list",
        "--workspace",
        w.to_str().unwrap(),
        "--sort",
        "score",
        "--limit",
        "2",
        "--json",
    ]);
    let listed = listed.json();
    let ids: Vec<_> = selected
        .rows
        .iter()
        .map(|row| &*row.run.head.run_id)
        .collect();
    assert_eq!(listed["runs"][0]["run_id"], ids[0]);
    assert_eq!(listed["runs"][1]["run_id"], ids[1]);

    let unknown = RunSelection::new().with_order(RunOrder::descending("MFO.fmax"));
    let RunSelectionError::NoSuchMetric { metric, known } = runs.select(&unknown).unwrap_err()
    else {
        panic!("another error");
    };
    assert_eq!(metric, "MFO.fmax");
    assert!(known.contains(&"score".to_owned()), "{known:?}");
    let none = RunSelection::new()
        .with_runner("knn")
        .with_order(RunOrder::ascending("cost"));
    assert!(runs.select(&none).unwrap().rows.is_empty());
}
