//! Searches: the same trials with any number of jobs, each once, all recorded.

mod interrupted;
pub mod parabola;

use std::fs;

use protea_core::{
    Dataset, Experiment, ExperimentError, Workspace, dataset,
    experiment::{
        Fold, Origin, Reuse, RunLayout, Search, SearchError, SearchResult, Setting, Strategy,
    },
    workspace::{RunManifest, Status},
};
use protea_e2e::{Place, test, train};
use serde_json::{Value, json};

use parabola::{Parabola, events, manifests};

pub fn datasets() -> (Dataset, Dataset) {
    let staged = |path: std::path::PathBuf| dataset::stage(path.to_str().unwrap()).unwrap();
    (staged(train()), staged(test()))
}

/// What must be the same in every search: everything but ids, times and paths.
fn essence(result: &SearchResult) -> Vec<Value> {
    let trial = |trial: &protea_core::experiment::Trial| {
        json!([
            trial.number,
            trial.params,
            trial.score,
            trial.status.name(),
            trial.error
        ])
    };
    result.trials.iter().map(trial).collect()
}

fn space(strategy: Strategy) -> Search {
    Search::new(strategy)
        .with_setting(Setting::real("x", 0.0..=1.0))
        .with_setting(Setting::whole("/n", 1..=100).on_log_scale())
        .with_metric("score")
}

#[test]
fn the_seed_decides_the_table_whatever_goes_on_at_once() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    for strategy in [Strategy::Random { trials: 20 }, Strategy::tpe(30)] {
        let search = space(strategy);
        let found = |name: &str, seed: u64, jobs: usize| {
            let workspace = Workspace::open(parabola.place.join(name)).unwrap();
            let experiment = Experiment::new(&parabola.runner, &workspace)
                .with_seed(seed)
                .with_jobs(jobs);
            let found = experiment.search("s", &search, &train, &eval).unwrap();
            let trials = found.value.trials.iter();
            let own = trials.filter(|trial| trial.origin == Origin::Computed);
            assert_eq!(found.children.len(), own.count());
            found.value
        };
        let name = strategy.name();
        let (one, three) = (
            found(&format!("{name}-1"), 7, 1),
            found(&format!("{name}-3"), 7, 3),
        );
        assert_eq!(essence(&one), essence(&three));
        assert_eq!(one.best.number, three.best.number);
        let other = found(&format!("{name}-other"), 8, 3);
        assert_ne!(essence(&one), essence(&other));
        // Trials fail for x above 0.9, which a search over the whole range reaches.
        assert!(one.failed > 0 && one.failed < one.trials.len());
        assert!(one.best.score.unwrap() > 0.9, "{:?}", one.best);
    }
}

#[test]
fn a_grid_finds_what_separate_runs_find_and_takes_them_over() {
    let place = Place::new();
    let separate: Vec<Value> = [1, 5]
        .into_iter()
        .map(|k| {
            let set = format!("k={k}");
            place.protea(["run", "knn", "--json", "--set", &set]).json()
        })
        .collect();
    let searched = |more: &[&str]| {
        let grid = [
            "search", "knn", "--grid", "k=1,5,9", "--metric", "MFO.fmax", "--json",
        ];
        place.protea(grid.iter().chain(more)).json()
    };
    let alone = searched(&["--workspace", "another", "--jobs", "2"]);
    assert_eq!(alone["taken_over"], 0);
    let beside = searched(&[]);
    assert_eq!(beside["taken_over"], 2);
    for found in [&alone, &beside] {
        for (place, run) in separate.iter().enumerate() {
            let trial = &found["trials"][place];
            assert_eq!(trial["metrics"], run["metrics"]);
            assert_eq!(trial["spec"], run["spec"]);
            assert_eq!(trial["score"], run["metrics"]["MFO"]["fmax"]);
        }
        let scores = found["trials"].as_array().unwrap().iter();
        let best = scores
            .map(|t| t["score"].as_f64().unwrap())
            .fold(0.0, f64::max);
        assert_eq!(found["best"]["score"], best);
        assert_eq!(found["direction"], "higher_is_better");
    }
    for (place, run) in separate.iter().enumerate() {
        let trial = &beside["trials"][place];
        assert_eq!(trial["run_id"], run["run_id"]);
        assert_eq!(trial["origin"], "taken_over");
    }
    assert_eq!(searched(&["--recompute"])["taken_over"], 0);
    assert_eq!(searched(&["--seed", "1"])["taken_over"], 0);
    assert_eq!(searched(&[])["taken_over"], 3);
}

#[test]
fn a_trial_that_fails_is_on_record_and_the_search_goes_on() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace);
    let grid = |values: &[f64]| {
        Search::new(Strategy::Grid).with_setting(Setting::list("x", values.iter().copied()))
    };
    let found = experiment
        .search("s", &grid(&[0.1, 0.95, 0.4]), &train, &eval)
        .unwrap();
    let result = &found.value;
    assert_eq!((result.failed, result.best.number), (1, 2));
    let failed = &result.trials[1];
    assert_eq!((failed.score, failed.status), (None, Status::Failed));
    assert_eq!(
        failed.error.as_deref(),
        Some("evaluate failed: x is too large")
    );
    let manifest = RunManifest::read(failed.directory.as_ref().unwrap()).unwrap();
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!(manifest.parent.as_deref(), Some(&*found.manifest.run_id));
    let children: Vec<(&str, Status)> = found
        .children
        .iter()
        .map(|child| (&*child.name, child.status))
        .collect();
    let (good, bad) = (Status::Finished, Status::Failed);
    let expected = [
        ("s/trial-000", good),
        ("s/trial-001", bad),
        ("s/trial-002", good),
    ];
    assert_eq!(children, expected);

    // A failed trial is repeated, a finished one is reused.
    let again = experiment
        .search("s", &grid(&[0.1, 0.95, 0.4]), &train, &eval)
        .unwrap();
    assert_eq!((again.value.failed, again.value.taken_over), (1, 2));
    assert_ne!(again.value.trials[1].run_id, failed.run_id);

    let none = experiment
        .search("s", &grid(&[0.95, 1.0]), &train, &eval)
        .unwrap_err();
    let ExperimentError::Search(SearchError::AllFailed { trials, table, .. }) = &none else {
        panic!("{none}");
    };
    assert_eq!(*trials, 2);
    assert!(
        fs::read_to_string(table)
            .unwrap()
            .contains("x is too large")
    );
    assert!(
        none.to_string().contains("evaluate failed: x is too large"),
        "{none}"
    );
}

#[test]
fn lower_may_be_better_and_equal_settings_are_tried_once() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace).with_jobs(2);
    let random = Search::new(Strategy::Random { trials: 12 })
        .with_setting(Setting::list("n", [3, 7, 50]))
        .with_metric("cost");
    let result = experiment
        .search("s", &random, &train, &eval)
        .unwrap()
        .value;
    assert_eq!(result.best.params["n"], 7);
    assert_eq!(result.trials.len(), 12);
    let count = |origin| result.trials.iter().filter(|t| t.origin == origin).count();
    assert_eq!((count(Origin::Computed), count(Origin::Repeated)), (3, 9));
    for trial in &result.trials {
        let alike = |other: &&protea_core::experiment::Trial| other.params == trial.params;
        let first = result.trials.iter().find(alike).unwrap();
        assert_eq!((&first.run_id, first.score), (&trial.run_id, trial.score));
    }
    assert_eq!(manifests(&workspace, "trial").len(), 3);
}

#[test]
fn an_invalid_search_is_rejected_before_writing() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace);
    let grid = || Search::new(Strategy::Grid);
    let cases = [
        (grid(), "no setting to search over"),
        (
            grid().with_setting(Setting::list("xx", [1])),
            "the setting xx",
        ),
        (
            grid().with_setting(Setting::list("n", [5, 101])),
            "the setting n: 101 is more than the maximum 100",
        ),
        (
            grid().with_setting(Setting::list("n", ["a"])),
            "the setting n",
        ),
        (
            grid().with_setting(Setting::whole("n", 1..=9)),
            "a grid needs a list of values",
        ),
        (space(Strategy::tpe(0)), "at least one trial"),
        (
            space(Strategy::tpe(3)).with_setting(Setting::real("x", 0.1..=0.2)),
            "the setting x: it is given twice",
        ),
        (
            Search::new(Strategy::tpe(3)).with_setting(Setting::real("n", 1.0..=9.0)),
            "the setting n",
        ),
        (
            Search::new(Strategy::tpe(3)).with_setting(Setting::real("x", 0.5..=1.5)),
            "the setting x: 1.5 is more than the maximum",
        ),
        (
            grid()
                .with_setting(Setting::list("n", [1]))
                .with_metric("scor"),
            "no metric \"scor\"; its metrics are score, cost, rare; did you mean \"score\"?",
        ),
    ];
    for (search, part) in cases {
        let error = experiment.search("s", &search, &train, &eval).unwrap_err();
        assert!(matches!(error, ExperimentError::Search(_)), "{error:?}");
        assert!(
            error.to_string().contains(part),
            "{part:?} is not in: {error}"
        );
    }
    assert_eq!(workspace.job_directories().unwrap().len(), 0);
    // An optional metric that no trial returned.
    let rare = grid()
        .with_setting(Setting::list("n", [1]))
        .with_metric("rare");
    let error = experiment.search("s", &rare, &train, &eval).unwrap_err();
    assert!(
        error.to_string().contains("it did not return rare"),
        "{error}"
    );
}

#[test]
fn a_search_logs_parent_and_children_and_writes_a_table() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Experiment::new(&parabola.runner, &workspace).with_jobs(2);
    let search = Search::new(Strategy::Grid)
        .with_setting(Setting::list("n", [1, 7]))
        .with_setting(Setting::list("x", [0.3, 0.5]))
        .with_base(json!({ "milliseconds": 1 }));
    let found = experiment
        .search("parabola/search", &search, &train, &eval)
        .unwrap();
    assert_eq!(found.manifest.pipeline, "search");
    assert_eq!(found.manifest.metrics["best.score"], 1.0);

    let parent = events(&workspace, &found.manifest.run_id);
    let params = |key: &str| {
        let logged = parent.iter().find(|event| !event["params"][key].is_null());
        logged.unwrap()["params"][key].clone()
    };
    assert_eq!(params("best"), json!({ "n": 7, "x": 0.3 }));
    assert_eq!(
        params("search")["space"],
        json!({ "n": [1, 7], "x": [0.3, 0.5] })
    );
    assert_eq!(params("search")["metric"], "score");
    let artifact =
        |event: &&Value| event["event"] == "log_artifact" && event["name"] == "search.tsv";
    assert!(parent.iter().any(|event| artifact(&event)));
    assert_eq!(parent.last().unwrap()["status"], "finished");
    for (number, child) in found.children.iter().enumerate() {
        let events = events(&workspace, &child.run_id);
        assert_eq!(events[0]["event"], "init_run");
        assert_eq!(
            events[0]["name"],
            format!("parabola/search/trial-{number:03}")
        );
        assert_eq!(events[0]["parent"], found.manifest.run_id.as_str());
        assert_eq!(events[0]["config"]["spec"]["milliseconds"], 1);
        assert_eq!(events.last().unwrap()["status"], "finished");
    }

    assert_eq!(found.value.table, found.directory.join("search.tsv"));
    let table = fs::read_to_string(&found.value.table).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let headings = [
        "trial", "score", "n", "x", "score", "cost", "status", "origin",
    ];
    assert_eq!(rows[0][..8], headings);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3][..4], ["2", "1", "7", "0.3"]);
    for (row, child) in rows[1..].iter().zip(&found.children) {
        assert_eq!(row[9], &*child.run_id);
    }
}

#[test]
fn searches_and_folds_within_a_run_are_children_of_that_run() {
    let parabola = Parabola::new();
    let (train, eval) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    // Trials are runs of their own in both layouts.
    for layout in [RunLayout::Nested, RunLayout::Flat] {
        let experiment = Experiment::new(&parabola.runner, &workspace)
            .with_layout(layout)
            .with_reuse(Reuse::Nothing);
        let coarse = Search::new(Strategy::Grid).with_setting(Setting::list("n", [1, 7]));
        let fine = Search::new(Strategy::Grid)
            .with_setting(Setting::list("x", [0.2, 0.3]))
            .with_base(json!({ "n": 7 }));
        let folds = [Fold {
            train: eval.clone(),
            eval: train.clone(),
        }];
        let name = format!("group-{layout:?}");
        let grouped = experiment.run(&*name, |run| {
            let first = run.search(&coarse, &train, &eval)?;
            let second = run.search(&fine, &train, &eval)?;
            assert!(second.best.score > first.best.score);
            run.cross_validate(&second.best.spec, &folds)
        });
        let grouped = grouped.unwrap();
        assert_eq!(grouped.value.metrics[0].mean, 1.0);
        let names: Vec<&str> = grouped.children.iter().map(|child| &*child.name).collect();
        let expected = ["trial-000", "trial-001", "trial-000", "trial-001", "fold-0"];
        assert_eq!(names, expected.map(|child| format!("{name}/{child}")));
        for table in ["search.tsv", "search-2.tsv", "cross_validation.tsv"] {
            assert!(grouped.directory.join(table).is_file(), "{table}");
        }
        for child in &grouped.children {
            let manifest = RunManifest::read(&child.directory).unwrap();
            assert_eq!(manifest.parent.as_deref(), Some(&*grouped.manifest.run_id));
        }
    }
}
