//! Runs that group others, through the library.

use std::{panic, sync::Arc, time::Duration};

use protea_core::{
    Catalog, Dataset, Experiment, ExperimentError, Isolation, Runner, SearchPath, Tracking,
    Workspace,
    backends::Backend,
    contracts::error::with_causes,
    dataset,
    experiment::{RunContext, RunLayout, RunOptions},
    tracking::{EventKind, Memory, MemoryRecord, RunEvent, RunStart},
    workspace::{RunManifest, Status},
};
use protea_e2e::{Place, built, test, train};
use serde_json::{Value, json};

struct Setting {
    place: Place,
    runner: Runner,
    memory: Memory,
    tracking: Tracking,
}

impl Setting {
    fn new() -> Self {
        let catalog = Catalog::scan(&SearchPath::default().with(built()));
        let memory = Memory::default();
        Self {
            place: Place::new(),
            runner: Runner::load(&catalog.find("toy").unwrap(), &Isolation::InProcess).unwrap(),
            tracking: Tracking::default()
                .with_project("cafa")
                .with_group("H1/E1/full")
                .with_tag("dataset", "example")
                .with_tag("stage", "draft")
                .with_backend(Backend::shared(Arc::new(memory.clone()))),
            memory,
        }
    }

    fn workspace(&self) -> Workspace {
        Workspace::open(self.place.join("workspace")).unwrap()
    }

    fn experiment(&self, workspace: &Workspace) -> Experiment {
        Experiment::new(&self.runner, workspace).with_tracking(self.tracking.clone())
    }

    /// The runs that arrived at the backend, in the order of their start.
    fn arrived(&self) -> Vec<MemoryRecord> {
        assert_eq!(self.tracking.wait(Duration::from_secs(300)), []);
        let mut runs = self.memory.runs();
        runs.sort_by_key(|run| run.start.started);
        runs
    }
}

fn datasets() -> (Dataset, Dataset) {
    let stage = |path: std::path::PathBuf| dataset::stage(path.to_str().unwrap()).unwrap();
    (stage(train()), stage(test()))
}

fn fit_and_evaluate(run: &mut RunContext<'_>) -> Result<Value, ExperimentError> {
    let (train, test) = datasets();
    let fitted = run.fit(&json!({}), &train)?;
    let scored = run.evaluate(&fitted.model_uri()?, &test)?;
    Ok(scored.manifest.metrics["MFO"]["fmax"].clone())
}

fn end(run: &MemoryRecord) -> (Status, Option<String>) {
    match run.events.last() {
        Some(RunEvent {
            kind: EventKind::Finish { status, error },
            ..
        }) => (*status, error.clone()),
        other => panic!("the run has no end: {other:?}"),
    }
}

#[test]
fn operations_become_children_of_the_run() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let options = RunOptions::new("first")
        .with_tag("stage", "final")
        .with_notes("why not");
    let grouped = setting
        .experiment(&workspace)
        .run(options, |run| {
            run.log_params(json!({ "question": "k" }).as_object().unwrap().clone())?;
            let fmax = fit_and_evaluate(run)?;
            run.log_metrics(3, &[("answer", 42.0)])?;
            Ok(fmax)
        })
        .unwrap();

    assert_eq!(grouped.value, json!(1.0));
    let names: Vec<&str> = grouped.children.iter().map(|child| &*child.name).collect();
    assert_eq!(names, ["first/fit", "first/evaluate"]);
    assert!(
        grouped
            .children
            .iter()
            .all(|child| child.status == Status::Finished)
    );
    assert_eq!(grouped.children[1].metrics["MFO"]["fmax"], json!(1.0));
    assert_eq!(grouped.manifest.metrics["answer"], json!(42.0));
    assert_eq!(grouped.manifest.spec["question"], "k");

    let runs = setting.arrived();
    let [parent, fit, evaluate] = &runs[..] else {
        panic!("{} runs", runs.len());
    };
    assert_eq!(parent.start.name, "first");
    assert_eq!(parent.start.parent, None);
    assert_eq!(parent.start.notes.as_deref(), Some("why not"));
    assert_eq!(fit.start.name, "first/fit");
    let own = |start: &RunStart| {
        assert_eq!(start.project.as_deref(), Some("cafa"));
        assert_eq!(start.group.as_deref(), Some("H1/E1/full"));
        start.tags.clone()
    };
    assert_eq!(
        own(&parent.start)["stage"],
        "final",
        "the run's tag goes over the experiment's"
    );
    assert_eq!(own(&parent.start)["dataset"], "example");
    for child in [fit, evaluate] {
        assert_eq!(child.start.parent, Some(parent.start.run_id.clone()));
        assert_eq!(own(&child.start)["stage"], "draft");
    }
    let metric = |run: &MemoryRecord, name: &str| {
        run.events.iter().find_map(|event| match &event.kind {
            EventKind::Log { step, metrics } => {
                let metric = metrics.iter().find(|metric| metric.name == name)?;
                Some((*step, metric.value))
            }
            _ => None,
        })
    };
    assert_eq!(metric(parent, "answer"), Some((3, 42.0)));
    assert_eq!(metric(evaluate, "MFO.fmax"), Some((0, 1.0)));
    for run in &runs {
        assert_eq!(end(run), (Status::Finished, None), "{}", run.start.name);
    }
}

#[test]
fn a_flat_run_has_steps_instead_of_children() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let experiment = setting.experiment(&workspace).with_layout(RunLayout::Flat);
    let grouped = experiment.run("flat", fit_and_evaluate).unwrap();
    assert!(grouped.children.is_empty());
    let steps: Vec<&str> = grouped
        .manifest
        .steps
        .iter()
        .map(|step| &*step.name)
        .collect();
    assert_eq!(steps, ["fit", "evaluate"]);
    assert!(grouped.directory.join("model").is_dir());
    assert!(grouped.directory.join("predictions").is_dir());
    assert_eq!(setting.arrived().len(), 1);
}

#[test]
fn a_run_inside_a_run_is_an_error() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let experiment = setting.experiment(&workspace);
    let error = experiment
        .run("outer", |_| experiment.run("inner", |_| Ok(())).map(drop))
        .unwrap_err();
    assert!(
        matches!(&error, ExperimentError::RunInsideRun { outer, inner } if outer == "outer" && inner == "inner"),
        "{error}"
    );
    let runs = setting.arrived();
    assert_eq!(runs.len(), 1, "the inner run was not begun");
    assert_eq!(end(&runs[0]).0, Status::Failed);
    experiment.run("later", |_| Ok(())).unwrap();
}

#[test]
fn the_parent_closes_when_a_child_fails() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let (_, test) = datasets();
    let missing = url::Url::from_file_path(setting.place.join("no model")).unwrap();
    let experiment = setting.experiment(&workspace);
    let error = experiment
        .run("fails", |run| {
            run.evaluate(&missing, &test)?;
            Ok(())
        })
        .unwrap_err();
    assert!(matches!(error, ExperimentError::Step { .. }), "{error}");
    let runs = setting.arrived();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        let (status, reason) = end(run);
        assert_eq!(status, Status::Failed, "{}", run.start.name);
        assert_eq!(reason, Some(with_causes(&error)));
    }

    // A body may ignore an error of the child; the child is in the summary.
    let grouped = experiment
        .run("goes on", |run| Ok(run.evaluate(&missing, &test).is_err()))
        .unwrap();
    assert!(grouped.value);
    assert_eq!(grouped.children[0].status, Status::Failed);
    assert_eq!(grouped.manifest.status, Status::Finished);
}

#[test]
fn a_panic_closes_the_run() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let experiment = setting.experiment(&workspace);
    let panicked = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        experiment.run::<()>("panics", |_| {
            panic::resume_unwind(Box::new("as the test wants"))
        })
    }));
    assert!(panicked.is_err());
    let runs = setting.arrived();
    let (status, reason) = end(&runs[0]);
    assert_eq!(status, Status::Failed);
    assert!(reason.unwrap().contains("panicked"));

    let pattern = setting.place.join("workspace/workspace");
    let job = std::fs::read_dir(pattern)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let directory = job.join("artifacts/group").join(&runs[0].start.run_id);
    let manifest = RunManifest::read(&directory).unwrap();
    assert_eq!(manifest.status, Status::Failed);
    assert!(manifest.error.unwrap().contains("panicked"));
    experiment.run("later", |_| Ok(())).unwrap();
}

#[test]
fn an_error_of_the_bodys_own_is_the_runs() {
    let setting = Setting::new();
    let workspace = setting.workspace();
    let error = setting
        .experiment(&workspace)
        .run::<()>("own", |_| {
            Err(ExperimentError::other("the moon is not full"))
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "the moon is not full");
    assert_eq!(
        end(&setting.arrived()[0]).1.as_deref(),
        Some("the moon is not full")
    );
}
