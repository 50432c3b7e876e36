//! The server, with a cache of ids.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::json;

use super::{BACKEND, address::Address, answer::Failure, client::Client, unavailable, unusable};
use crate::{RunId, TrackerError};

/// The server, with a cache of the ids of experiments and runs, which is valid for the life of the
/// process.
pub(super) struct Server {
    pub(super) client: Client,
    address: Address,
    /// Ids of experiments by name.
    pub(super) experiments: Mutex<HashMap<String, String>>,
    /// MLflow's ids of runs by our ids.
    pub(super) runs: Mutex<HashMap<RunId, String>>,
    /// Held while a run is searched for and created, so that two threads do not create it twice.
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

    /// Checks that the server can be reached, is MLflow and accepts our credentials.
    pub(super) fn check(&self) -> Result<(), TrackerError> {
        let address = self.address.as_str();
        let not_mlflow = |reason: &str| {
            unusable(
                &format!("the server at {address} is not an MLflow server ({reason})"),
                "set MLFLOW_TRACKING_URI to the address of an MLflow server",
            )
        };
        match self
            .client
            .post_interactive("experiments/search", &json!({ "max_results": 1 }))
        {
            Ok(found) => {
                // The answer of a server without any experiment is empty.
                let known = found.get("experiments").is_some();
                let empty = found.as_object().is_some_and(serde_json::Map::is_empty);
                if known || empty {
                    Ok(())
                } else {
                    Err(not_mlflow("its answer has no experiments"))
                }
            }
            Err(Failure::NoServer(reason)) => Err(TrackerError::NoServer {
                backend: BACKEND.to_owned(),
                address: address.to_owned(),
                reason,
                remedy: "start one with `mlflow server --host 127.0.0.1 --port 5000`".to_owned(),
            }),
            Err(Failure::NoAnswer(reason)) => Err(unavailable(reason)),
            Err(Failure::Tls(reason)) => Err(unusable(
                &format!("the certificate of {address} cannot be trusted ({reason})"),
                "set MLFLOW_TRACKING_SERVER_CERT_PATH to a file with the certificate of its \
                 authority",
            )),
            Err(Failure::NotMlflow(reason)) => Err(not_mlflow(&reason)),
            Err(failure) if failure.is_no_such_endpoint() => {
                Err(not_mlflow("it cannot list experiments"))
            }
            Err(failure) => Err(failure.into_error("the list of experiments")),
        }
    }

    /// The address of a run's page.
    pub(super) fn url(&self, experiment_id: &str, run_id: &str) -> String {
        let address = self.address.as_str();
        format!("{address}/#/experiments/{experiment_id}/runs/{run_id}")
    }
}

/// Ignores that a thread panicked while it held the lock: a map is never left half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
