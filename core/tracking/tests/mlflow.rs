//! MLflow, held against a real server that the tests start, and against servers that misbehave.

#![cfg(feature = "mlflow")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "mlflow/environment.rs"]
mod environment;
#[path = "mlflow/files.rs"]
mod files;
#[path = "mlflow/lists.rs"]
mod lists;
#[path = "mlflow/outage.rs"]
mod outage;
#[path = "mlflow/reach.rs"]
mod reach;
#[path = "mlflow/refusals.rs"]
mod refusals;
#[path = "mlflow/runs.rs"]
mod runs;
#[path = "mlflow/server.rs"]
mod server;
#[path = "mlflow/stub.rs"]
mod stub;

use std::borrow::Cow;

use protea_tracking::{
    Event, EventKind, Metric, Mlflow, RunReference, RunSink, RunStart, RunStatus, Tracker,
};

fn tracker(server: &server::Server) -> Mlflow {
    Mlflow::new(&server.uri).unwrap().connect().unwrap()
}

/// Events from their kinds, as a log would hold them; a second lies between two.
fn events(
    start: &RunStart,
    kinds: impl IntoIterator<Item = EventKind<'static>>,
) -> Vec<Event<'static>> {
    let first = EventKind::InitRun(Box::new(start.clone()));
    std::iter::once(first)
        .chain(kinds)
        .zip(0_u32..)
        .map(|(kind, seq)| Event {
            seq: u64::from(seq),
            time: start.started + std::time::Duration::from_secs(u64::from(seq)),
            kind,
        })
        .collect()
}

fn log(step: u64, name: impl Into<Cow<'static, str>>, value: f64) -> EventKind<'static> {
    let metrics = vec![Metric {
        name: name.into(),
        value,
    }];
    EventKind::Log { step, metrics }
}

fn finish() -> EventKind<'static> {
    EventKind::Finish {
        status: RunStatus::Finished,
        error: None,
    }
}

/// Sends events through a sink of their own.
fn send(tracker: &Mlflow, start: &RunStart, events: &[Event<'_>]) -> RunReference {
    let mut sink: Box<dyn RunSink> = tracker.open_run(start).unwrap();
    sink.apply(events).unwrap();
    sink.reference()
}
