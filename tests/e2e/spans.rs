//! The `tracing` spans and events of a run, as an embedding program receives them.

use std::{
    env,
    fmt::{Debug, Write},
    process::Command,
    sync::{Arc, Mutex},
};

use protea_core::{Catalog, Experiment, Isolation, Runner, SearchPath, Workspace, dataset};
use protea_e2e::{Place, built, test, train};
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

/// Collects spans and events of the host as text, in the order in which they occur.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<String>>>,
    entered: Arc<Mutex<Vec<u64>>>,
    events: Arc<Mutex<Vec<String>>>,
}

/// The fields of a span or an event as `name=value`, each after a blank.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("protea_core")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut spans = self.spans.lock().unwrap();
        spans.push(format!("{}{}", attributes.metadata().name(), fields.0));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = match self.entered.lock().unwrap().last() {
            Some(id) => self.spans.lock().unwrap()[*id as usize - 1].clone(),
            None => "-".to_owned(),
        };
        let level = event.metadata().level();
        let event = format!("{level} [{span}]{}", fields.0);
        self.events.lock().unwrap().push(event);
    }

    fn enter(&self, span: &Id) {
        self.entered.lock().unwrap().push(span.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.entered.lock().unwrap().pop();
    }
}

/// Set in the process that runs one test alone.
const ALONE: &str = "PROTEA_TEST_ALONE";

/// Runs a test of this binary in a process of its own; true in that process. `tracing` keeps for the
/// whole process whether anybody listens, so tests that run experiments at the same time disturb it.
fn is_alone(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let alone = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&alone.stdout);
    assert!(
        alone.status.success() && printed.contains("1 passed"),
        "{alone:#?}"
    );
    false
}

#[test]
fn a_run_and_its_steps_have_spans_and_events() {
    if !is_alone("spans::a_run_and_its_steps_have_spans_and_events") {
        return;
    }
    let place = Place::new();
    let catalog = Catalog::scan(&SearchPath::default().with(built()));
    let runner = Runner::load(&catalog.find("toy").unwrap(), &Isolation::InProcess).unwrap();
    let stage = |path: std::path::PathBuf| dataset::stage(path.to_str().unwrap()).unwrap();
    let (train, test) = (stage(train()), stage(test()));
    let workspace = Workspace::open(place.join("workspace")).unwrap();
    let experiment = Experiment::new(&runner, &workspace);

    let collector = Collector::default();
    let run = with_default(collector.clone(), || {
        experiment.fit_evaluate_export(&json!({}), &train, &test)
    })
    .unwrap();

    let run_id = &run.manifest.run_id;
    let spans = collector.spans.lock().unwrap().clone();
    let step =
        |operation: &str| format!("step operation=\"{operation}\" runner=\"toy\" run_id={run_id}");
    let mut expected = vec![format!(
        "run run_id={run_id} pipeline=\"experiment\" runner=\"toy\""
    )];
    expected.extend(["fit", "evaluate", "export"].map(step));
    assert_eq!(spans, expected);

    let events = collector.events.lock().unwrap().clone();
    let has = |span: &str, message: &str| {
        events
            .iter()
            .any(|event| event.starts_with(&format!("INFO [{span}]")) && event.contains(message))
    };
    assert!(has(&spans[0], "run started"), "{events:#?}");
    assert!(has(&spans[0], "run ended"), "{events:#?}");
    assert!(has(&spans[1], "runner.toy.fit_start"), "{events:#?}");
    for span in &spans[1..] {
        assert!(has(span, "step started"), "{events:#?}");
        assert!(has(span, "step ended"), "{events:#?}");
    }
}
