//! MLflow, with a real server that the tests start, and with servers that misbehave.

#![cfg(feature = "mlflow")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "mlflow/concurrent.rs"]
mod concurrent;
#[path = "mlflow/connection.rs"]
mod connection;
#[path = "mlflow/environment.rs"]
mod environment;
#[path = "mlflow/files.rs"]
mod files;
#[path = "mlflow/lists.rs"]
mod lists;
#[path = "mlflow/names.rs"]
mod names;
#[path = "mlflow/outage.rs"]
mod outage;
#[path = "mlflow/refusals.rs"]
mod refusals;
#[path = "mlflow/remembered.rs"]
mod remembered;
#[path = "mlflow/requests.rs"]
mod requests;
#[path = "mlflow/runs.rs"]
mod runs;
#[path = "mlflow/server.rs"]
mod server;
#[path = "mlflow/stub.rs"]
mod stub;

use std::{borrow::Cow, time::Duration};

use protea_tracking::{
    EventKind, MetricPoint, Mlflow, RunEvent, RunReference, RunSink, RunStart, RunStatus, Tracker,
};

/// A tracker whose time limit is not reached on a busy machine.
fn tracker(server: &server::Server) -> Mlflow {
    let mlflow = Mlflow::new(&server.uri).unwrap();
    mlflow
        .with_timeout(Duration::from_secs(600))
        .connect()
        .unwrap()
}

/// The events of a run as a log has them, a second apart.
fn events(
    start: &RunStart,
    kinds: impl IntoIterator<Item = EventKind<'static>>,
) -> Vec<RunEvent<'static>> {
    let first = EventKind::InitRun(Box::new(start.clone()));
    std::iter::once(first)
        .chain(kinds)
        .zip(0_u32..)
        .map(|(kind, seq)| {
            RunEvent::new(
                u64::from(seq),
                start.started + Duration::from_secs(u64::from(seq)),
                kind,
            )
        })
        .collect()
}

fn log(step: u64, name: impl Into<Cow<'static, str>>, value: f64) -> EventKind<'static> {
    let metrics = vec![MetricPoint {
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

/// Sends events through a new sink.
fn send(tracker: &Mlflow, start: &RunStart, events: &[RunEvent<'_>]) -> RunReference {
    let mut sink: Box<dyn RunSink> = tracker.open_run(start).unwrap();
    sink.apply(events).unwrap();
    sink.reference()
}
