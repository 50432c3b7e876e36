//! A server, and what is remembered of it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::json;

use super::{address::Address, answer::Failure, client::Client, unavailable, unusable};
use crate::TrackerError;

/// A server, and what is remembered of it: names stand for the same experiment, and ids for the
/// same run, as long as the process lives.
pub(super) struct Server {
    pub(super) client: Client,
    address: Address,
    /// Experiments by name.
    pub(super) experiments: Mutex<HashMap<String, String>>,
    /// MLflow's ids of runs, by ours.
    pub(super) runs: Mutex<HashMap<String, String>>,
    /// Held while a run is searched for and made, so that threads do not make it twice.
    pub(super) opening: Mutex<()>,
}

impl Server {
    pub(super) fn new(address: Address, client: Client) -> Self {
        Self {
            client,
            address,
            experiments: Mutex::default(),
            runs: Mutex::default(),
            opening: Mutex::default(),
        }
    }

    /// Whether it is there, is MLflow, and lets us in.
    pub(super) fn check(&self) -> Result<(), TrackerError> {
        let address = self.address.as_str();
        let no_mlflow = |reason: &str| {
            unusable(
                &format!("what answers at {address} is no MLflow server ({reason})"),
                "set MLFLOW_TRACKING_URI to the address of one",
            )
        };
        match self
            .client
            .post_in_a_hurry("experiments/search", &json!({ "max_results": 1 }))
        {
            Ok(found) => {
                // Without any experiment, the answer is empty.
                let known = found.get("experiments").is_some();
                let empty = found.as_object().is_some_and(serde_json::Map::is_empty);
                if known || empty {
                    Ok(())
                } else {
                    Err(no_mlflow("its answer is of another kind"))
                }
            }
            Err(Failure::Absent(reason)) => Err(unusable(
                &format!("no server answers at {address} ({reason})"),
                "start one (`mlflow server --host 127.0.0.1 --port 5000`), or record with \
                 `--offline` and send with `protea sync` later",
            )),
            Err(Failure::NoAnswer(reason)) => Err(unavailable(reason)),
            Err(Failure::Tls(reason)) => Err(unusable(
                &format!("the server at {address} cannot be trusted ({reason})"),
                "let MLFLOW_TRACKING_SERVER_CERT_PATH name the certificates that its own goes \
                 back to",
            )),
            Err(Failure::NotMlflow(reason)) => Err(no_mlflow(&reason)),
            Err(failure) if failure.is_no_such_call() => {
                Err(no_mlflow("it has no list of experiments"))
            }
            Err(failure) => Err(failure.of("a look at the experiments")),
        }
    }

    /// Where a browser shows a run.
    pub(super) fn url(&self, experiment_id: &str, run_id: &str) -> String {
        let address = self.address.as_str();
        format!("{address}/#/experiments/{experiment_id}/runs/{run_id}")
    }
}

/// What a thread that panicked left is whole: entries are put in at once.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
