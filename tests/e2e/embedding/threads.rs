//! What an application keeps can be moved to a thread, and used by several at once.

use std::{sync::Arc, thread};

use protea_core::{
    Catalog, CatalogError, Dataset, DispatchError, Experiment, ExperimentError, FinishedRun,
    Isolation, LoadError, ResolvedSpec, RunManifest, Runner, SearchPath, StageDatasetError, Store,
    Tracking, Workspace, WorkspaceError,
    backends::Backend,
    catalog::{Entry, Lock},
    experiment::{
        Benchmark, BenchmarkResult, CancelToken, Contender, CrossValidation, Entrant, EventSource,
        ExperimentEvent, FinishedBenchmark, Fold, GroupedRun, RunOptions, Search, SearchResult,
        Setting, Strategy,
    },
    workspace::{FindRunError, Job, RecordedRun, RunList, RunSelection},
};
use serde_json::json;

use crate::search::{datasets, parabola::Parabola};

fn is_shared<T: Send + Sync + 'static>() {}

/// Fails to compile, not to run.
#[test]
fn everything_an_application_keeps_can_be_moved_to_a_thread() {
    is_shared::<(Catalog, Entry, Lock, SearchPath, Runner, Isolation)>();
    is_shared::<(Workspace, Job, RunList, RunSelection, RecordedRun)>();
    is_shared::<(Dataset, Store, Tracking, Backend, ResolvedSpec)>();
    is_shared::<(
        Experiment,
        RunOptions,
        CancelToken,
        Search,
        Setting,
        Strategy,
        Fold,
    )>();
    is_shared::<(Benchmark, Entrant, Contender, FinishedBenchmark)>();
    is_shared::<(FinishedRun, RunManifest, GroupedRun<SearchResult>)>();
    is_shared::<(CrossValidation, BenchmarkResult)>();
    is_shared::<(EventSource, ExperimentEvent)>();
    is_shared::<(ExperimentError, DispatchError, LoadError, CatalogError)>();
    is_shared::<(StageDatasetError, WorkspaceError, FindRunError)>();
}

#[test]
fn one_experiment_runs_on_several_threads_at_once() {
    let parabola = Parabola::new();
    let (train, test) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let experiment = Arc::new(Experiment::new(&parabola.runner, &workspace));
    let running: Vec<_> = [0.1, 0.3]
        .into_iter()
        .map(|x| {
            let (experiment, train, test) = (Arc::clone(&experiment), train.clone(), test.clone());
            thread::spawn(move || {
                // A run that groups others is open on both threads.
                experiment.run(format!("x is {x}"), |run| {
                    let fitted = run.fit(&json!({ "x": x }), &train)?;
                    run.evaluate(&fitted.model_uri()?, &test)
                })
            })
        })
        .collect();
    for running in running {
        let grouped = running.join().unwrap().unwrap();
        assert_eq!(grouped.children.len(), 2);
        assert!(grouped.value.succeeded());
    }
    let fitted = thread::spawn(move || experiment.fit(&json!({}), &train));
    assert!(fitted.join().unwrap().unwrap().succeeded());
}
