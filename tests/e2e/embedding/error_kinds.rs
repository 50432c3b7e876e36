//! An application matches on the kind of an error; its text names no option of the command.

use std::time::Duration;

use protea_core::{
    Catalog, DispatchError, ErrorKind, Experiment, ExperimentError, Isolation, Runner, SearchPath,
    Workspace, dataset,
    store::locate,
    worker::{WorkerCommand, WorkerError, WorkerLimits, WorkerOptions},
};
use protea_e2e::{Place, built, train, zoo};
use serde_json::{Value, json};

use crate::search::datasets;

const AMPLE: Duration = Duration::from_secs(120);

fn worker(time: Duration) -> Isolation {
    let this = WorkerOptions::this_program().unwrap();
    let command = WorkerCommand::new(built().join("protea"), this.command.arguments);
    let limits = WorkerLimits::default()
        .with_time(time)
        .with_memory(1 << 30)
        .with_output(64 << 20);
    Isolation::worker(WorkerOptions::new(command).with_limits(limits))
}

/// Fits and evaluates an animal of the zoo with these settings: the kind of the error, and its text.
fn failed(place: &Place, animal: &str, time: Duration, spec: &Value) -> (ErrorKind, String) {
    let catalog = Catalog::scan(&SearchPath::empty().with(zoo::directory()));
    let runner = match Runner::load(&catalog.find(animal).unwrap(), &worker(time)) {
        Ok(runner) => runner,
        Err(error) => return (error.kind(), error.to_string()),
    };
    let workspace = Workspace::open(place.join("w")).unwrap();
    let (train, test) = datasets();
    let experiment = Experiment::new(&runner, &workspace);
    let error = experiment.fit_evaluate(spec, &train, &test).unwrap_err();
    (error.kind(), error.with_causes())
}

#[cfg(target_os = "linux")]
#[test]
fn each_way_to_fail_has_a_kind() {
    let place = Place::new();
    let cases = [
        ("hang-in-fit", ErrorKind::TimeLimit),
        ("memory-hoard", ErrorKind::MemoryLimit),
        ("crash-in-fit", ErrorKind::Crashed),
        ("exit-in-fit", ErrorKind::Exited),
        ("panic-in-fit", ErrorKind::Panicked),
        ("nan-metric", ErrorKind::BrokenContract),
        ("crash-at-load", ErrorKind::Crashed),
    ];
    for (animal, kind) in cases {
        let time = if kind == ErrorKind::TimeLimit {
            Duration::from_secs(2)
        } else {
            AMPLE
        };
        let (found, text) = failed(&place, animal, time, &json!({}));
        assert_eq!(found, kind, "{animal}: {text}");
        assert!(!text.contains("--"), "{text}");
        if kind == ErrorKind::MemoryLimit {
            assert!(text.contains("its limit is 1 GiB"), "{text}");
        }
    }
    let (found, text) = failed(&place, "brittle", AMPLE, &json!({ "nope": 1 }));
    assert_eq!(found, ErrorKind::InvalidSpec, "{text}");
    let (found, text) = failed(&place, "brittle", AMPLE, &json!({ "note": "é" }));
    assert_eq!(found, ErrorKind::Panicked, "{text}");
}

/// The variant has the details of its kind.
#[cfg(target_os = "linux")]
#[test]
fn a_variant_names_the_signal() {
    let place = Place::new();
    let catalog = Catalog::scan(&SearchPath::empty().with(zoo::directory()));
    let runner = Runner::load(&catalog.find("crash-in-fit").unwrap(), &worker(AMPLE)).unwrap();
    let workspace = Workspace::open(place.join("w")).unwrap();
    let (train, _) = datasets();
    let error = Experiment::new(&runner, &workspace)
        .fit(&json!({}), &train)
        .unwrap_err();
    let ExperimentError::Step {
        directory, source, ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(directory.is_dir());
    let DispatchError::Worker(WorkerError::Crashed { signal, .. }) = *source else {
        panic!("{source}");
    };
    assert_eq!(signal, 11);
}

#[test]
fn missing_things_have_kinds() {
    let place = Place::new();
    let catalog = Catalog::scan(&SearchPath::empty().with(built()));
    assert_eq!(
        catalog.find("kn").unwrap_err().kind(),
        ErrorKind::UnknownRunner
    );
    let zoo = Catalog::scan(&SearchPath::empty().with(zoo::directory()));
    assert_eq!(
        zoo.find("wrong-major").unwrap_err().kind(),
        ErrorKind::UnusableRunner
    );
    let stage = |place: std::path::PathBuf| dataset::stage(place.to_str().unwrap());
    let nowhere = stage(place.join("nowhere")).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::NoSuchDataset);
    let file = stage(train().join("dataset.json")).unwrap_err();
    assert_eq!(file.kind(), ErrorKind::InvalidDataset);

    let workspace = Workspace::open(place.join("w")).unwrap();
    let none = workspace.find_run("20260101").unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
    assert_eq!(
        workspace.find_job("abc").unwrap_err().kind(),
        ErrorKind::NotFound
    );

    let toy = Runner::load(&catalog.find("toy").unwrap(), &Isolation::InProcess).unwrap();
    let experiment = Experiment::new(&toy, &workspace);
    let (train, _) = datasets();
    let model = experiment.fit(&json!({}), &train).unwrap();
    let model = model.model_uri().unwrap();
    let taken = locate(place.path().to_str().unwrap()).unwrap();
    let error = experiment.export(&model, Some(&taken)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    let folds = experiment
        .cross_validate("cv", &json!({}), &[])
        .unwrap_err();
    assert_eq!(folds.kind(), ErrorKind::InvalidInput);
    let own = ExperimentError::other("mine");
    assert_eq!(own.kind(), ErrorKind::Other);
}
