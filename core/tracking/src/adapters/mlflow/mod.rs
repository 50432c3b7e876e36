//! Carries runs to an MLflow server, over its REST interface.
//!
//! | room | for |
//! |---|---|
//! | `environment`, `address`, `auth`, `client`, `answer` | reaching the server |
//! | `server` | what is asked of it, and remembered: experiments, and which run is which |
//! | `experiment`, `run`, `tags` | finding or making them |
//! | `sink`, `params`, `batch` | events on their way |
//! | `artifacts`, `models` | files |
//! | `list` | finding runs again |
//! | `naming`, `limits` | what the server takes |

mod address;
mod answer;
mod artifacts;
mod auth;
mod batch;
mod client;
mod environment;
mod experiment;
mod limits;
mod list;
mod models;
mod naming;
mod params;
mod run;
mod server;
mod sink;
mod tags;

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Value, json};

use self::{
    address::Address,
    auth::Credentials,
    client::{Client, Settings},
    server::Server,
};
use crate::{RunPage, RunQuery, RunSink, RunStart, Tracker, TrackerError};

/// An MLflow server as a tracker.
///
/// A project is an experiment there (`Default` for a run without one), a nested run has the tag
/// `mlflow.parentRunId`, settings are params, and every run carries its id in the tag
/// `protea.run_id`, by which it is found again.
///
/// **What can be sent twice.** Points, params, tags and files that were sent are there once,
/// however often they are sent. A run is searched for before it is made; so one process at a time
/// makes one run, also when it was killed half-way. Two processes that open a run which neither
/// has seen could make two: feeding from the log holds a lock against that.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use protea_tracking::{Feeder, Jsonl, LogFirst, Mlflow, RunStart, RunStatus, Tracker};
///
/// let mlflow = Mlflow::new("http://127.0.0.1:5000")?.connect()?;
/// let tracker = LogFirst::new(Jsonl::new("runs")?).feeding(Arc::new(mlflow), &Feeder::new());
/// let run = tracker.start_run(RunStart::new("knn on A").project("cafa").config("k", 5))?;
/// run.log_metrics(0, [("MFO/fmax", 0.544)])?;
/// run.finish(RunStatus::Finished)?;
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Clone)]
pub struct Mlflow {
    address: Address,
    credentials: Option<Credentials>,
    settings: Settings,
    server: Arc<Server>,
}

const BACKEND: &str = "mlflow";
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Mlflow {
    /// The server at this address, such as `http://127.0.0.1:5000`. Touches nothing, and reads
    /// nothing from the environment. A user's name and password in the address are used.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] for what is no address of a server, such as a file's or a
    /// database's.
    pub fn new(uri: &str) -> Result<Self, TrackerError> {
        let (address, credentials) = Address::parse(uri)?;
        let settings = Settings {
            timeout: TIMEOUT,
            insecure_tls: false,
            authorities: None,
        };
        Ok(Self::made(address, credentials, settings))
    }

    /// The server that the environment names, by the variables that MLflow's own client reads:
    /// `MLFLOW_TRACKING_URI`; `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or
    /// `MLFLOW_TRACKING_TOKEN`; `MLFLOW_TRACKING_INSECURE_TLS` and
    /// `MLFLOW_TRACKING_SERVER_CERT_PATH`. Touches nothing.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`], with the variable to set.
    pub fn from_environment() -> Result<Self, TrackerError> {
        environment::server(&environment::variable)
    }

    /// The server that a run was to go to, as [`Tracker::target`] has it.
    ///
    /// What the environment holds to sign in with goes to the server of `MLFLOW_TRACKING_URI`
    /// only: a target stands in a file, which may be another's.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`].
    pub fn for_target(target: &Value) -> Result<Self, TrackerError> {
        environment::server_for(target, &environment::variable)
    }

    /// Signs in with a name and a password.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] for what no header can carry.
    pub fn basic(self, user: &str, password: &str) -> Result<Self, TrackerError> {
        let credentials = Credentials::basic(user, password)?;
        Ok(Self::made(self.address, Some(credentials), self.settings))
    }

    /// Signs in with a token.
    ///
    /// # Errors
    ///
    /// As [`basic`](Self::basic).
    pub fn bearer(self, token: &str) -> Result<Self, TrackerError> {
        let credentials = Credentials::bearer(token)?;
        Ok(Self::made(self.address, Some(credentials), self.settings))
    }

    /// Waits so long for an answer, 30 seconds where nothing else is said. Files may take longer.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let settings = Settings {
            timeout,
            ..self.settings
        };
        Self::made(self.address, self.credentials, settings)
    }

    /// The address, without credentials.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.address.as_str()
    }

    /// Asks the server whether it is there and lets us in.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] with what to do, where it is not; [`TrackerError::Unavailable`]
    /// where it is there but does not answer now.
    pub fn check(&self) -> Result<(), TrackerError> {
        self.server.check()
    }

    /// The same, once the server was asked. One that is only slow or busy is taken: what is fed
    /// in the background can wait for it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`], as [`check`](Self::check).
    pub fn connect(self) -> Result<Self, TrackerError> {
        match self.check() {
            Err(error) if !error.is_temporary() => Err(error),
            _ => Ok(self),
        }
    }

    fn made(address: Address, credentials: Option<Credentials>, settings: Settings) -> Self {
        let authorization = credentials.as_ref().map(Credentials::header);
        let client = Client::new(address.as_str(), authorization, &settings);
        let server = Arc::new(Server::new(address.clone(), client));
        Self {
            address,
            credentials,
            settings,
            server,
        }
    }
}

impl Tracker for Mlflow {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn target(&self) -> Value {
        json!({ "uri": self.uri() })
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        start.check()?;
        let run = self.server.open(start)?;
        let server = Arc::clone(&self.server);
        Ok(Box::new(sink::MlflowRun::new(server, run)))
    }

    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        self.server.list(query)
    }
}

impl fmt::Debug for Mlflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mlflow")
            .field("uri", &self.uri())
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

fn unusable(reason: &str, remedy: &str) -> TrackerError {
    TrackerError::TrackerInit {
        backend: BACKEND.to_owned(),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn unavailable(reason: String) -> TrackerError {
    TrackerError::Unavailable {
        backend: BACKEND.to_owned(),
        reason,
    }
}

fn refused(what: &str, reason: String) -> TrackerError {
    TrackerError::Refused {
        backend: BACKEND.to_owned(),
        what: what.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mlflow = Mlflow::new("http://me:s3cret@host:1").unwrap();
        let mlflow = mlflow.timeout(Duration::from_secs(1));
        assert!(mlflow.credentials.is_some());
        assert_eq!(mlflow.target(), json!({ "uri": "http://host:1" }));
        let shown = format!("{mlflow:?}");
        assert!(
            !shown.contains("s3cret") && shown.contains("Basic"),
            "{shown}"
        );
    }
}
