//! Sends runs to an MLflow server with its REST API.
//!
//! | module | purpose |
//! |---|---|
//! | `environment`, `variables`, `address`, `auth`, `tls`, `client`, `answer` | connection: settings, requests, errors |
//! | `server` | the server, with a cache of the ids of experiments and runs |
//! | `experiment`, `run`, `tags` | finding and creating experiments and runs |
//! | `sink`, `params`, `batch` | sending events |
//! | `uploads`, `models` | uploading files |
//! | `inputs` | datasets as inputs of a run |
//! | `list` | listing runs |
//! | `naming`, `limits` | restrictions of the server on names and sizes |

mod address;
mod answer;
mod auth;
mod batch;
mod client;
mod environment;
mod experiment;
mod inputs;
mod limits;
mod list;
mod models;
mod naming;
mod params;
mod run;
mod server;
mod sink;
mod tags;
#[cfg(feature = "tls")]
mod tls;
mod uploads;
mod variables;

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Value, json};

use self::{
    address::Address,
    auth::Credentials,
    client::{Client, Settings},
    server::Server,
};
use crate::{RunId, RunPage, RunQuery, RunReference, RunSink, RunStart, Tracker, TrackerError};

/// An MLflow server as a tracker.
///
/// A project is an MLflow experiment (`Default` for a run without a project). A nested run has the
/// tag `mlflow.parentRunId`. Settings are params. Every run has its id in the tag `protea.run_id`,
/// by which it is found again, in whatever experiment. Once it is sent, MLflow's own id of it is
/// remembered and comes first: the run is the same after somebody renames the experiment or removes
/// the tag.
///
/// **Repeated sending.** Points, params, tags and files are there once, however often they are
/// sent. A run is searched for before it is created, so one process creates one run, even if it was
/// killed in between. Feeding from the log holds a lock, so that two processes do not create the
/// same run at the same time.
///
/// Addresses at `https://` need the feature `tls`.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use protea_tracking::{Feeder, Jsonl, LogFirst, Mlflow, RunStart, RunStatus, Tracker};
///
/// let mlflow = Mlflow::new("http://127.0.0.1:5000")?.connect()?;
/// let tracker = LogFirst::new(Jsonl::new("runs")?).with_backend(Arc::new(mlflow), &Feeder::new());
/// let run = tracker.start_run(RunStart::new("knn on A").with_project("cafa"))?;
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
/// Default time limit of a request.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Mlflow {
    /// The server at this address, such as `http://127.0.0.1:5000`. Does not connect, and does not
    /// read the environment. A user name and password in the address are used to sign in.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] if this is not the address of a server, such as that of a file
    /// or a database; [`TrackerError::TlsUnsupported`] for `https://` without the feature `tls`.
    pub fn new(uri: &str) -> Result<Self, TrackerError> {
        let (address, credentials) = Address::parse(uri)?;
        let settings = Settings {
            timeout: TIMEOUT,
            #[cfg(feature = "tls")]
            tls: tls::Tls::default(),
        };
        Ok(Self::build(address, credentials, settings))
    }

    /// The server given by the environment variables that MLflow's own client reads:
    /// `MLFLOW_TRACKING_URI`; `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or
    /// `MLFLOW_TRACKING_TOKEN`; `MLFLOW_TRACKING_INSECURE_TLS` and
    /// `MLFLOW_TRACKING_SERVER_CERT_PATH`. Does not connect.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`], with the variable to set; as [`new`](Self::new).
    pub fn from_env() -> Result<Self, TrackerError> {
        environment::server(&variables::variable)
    }

    /// The server of a [`Tracker::target`].
    ///
    /// Credentials of the environment are used only if `MLFLOW_TRACKING_URI` is the same server: a
    /// target is read from a file that somebody else may have written.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] if the target has no address; as [`new`](Self::new).
    pub fn from_target(target: &Value) -> Result<Self, TrackerError> {
        environment::server_for(target, &variables::variable)
    }

    /// Signs in with a user name and a password.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] if they cannot be sent in an HTTP header.
    pub fn with_basic_auth(self, user: &str, password: &str) -> Result<Self, TrackerError> {
        let credentials = Credentials::basic(user, password)?;
        Ok(Self::build(self.address, Some(credentials), self.settings))
    }

    /// Signs in with a token.
    ///
    /// # Errors
    ///
    /// As [`with_basic_auth`](Self::with_basic_auth).
    pub fn with_bearer_token(self, token: &str) -> Result<Self, TrackerError> {
        let credentials = Credentials::bearer(token)?;
        Ok(Self::build(self.address, Some(credentials), self.settings))
    }

    /// Sets the time limit of a request; the default is 30 seconds. Uploads of files can take
    /// longer.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        let mut settings = self.settings;
        settings.timeout = timeout;
        Self::build(self.address, self.credentials, settings)
    }

    /// The address, without credentials.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.address.as_str()
    }

    /// Checks whether the server is an MLflow server that accepts our credentials.
    ///
    /// # Errors
    ///
    /// [`TrackerError::NoServer`] if nothing listens at the address; [`TrackerError::TrackerInit`]
    /// if it is not MLflow, is not trusted or refuses access; [`TrackerError::Unavailable`] if it
    /// does not answer within 5 seconds.
    pub fn check(&self) -> Result<(), TrackerError> {
        self.server.check()
    }

    /// Checks whether runs of this project can be sent: whether its name is one that a server takes,
    /// and whether its experiment was deleted. A server that does not answer now is accepted.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] for the name; [`TrackerError::TrackerInit`] for a deleted experiment.
    pub fn check_project(&self, project: Option<&str>) -> Result<(), TrackerError> {
        naming::check_project(project)?;
        match self.server.check_experiment(project) {
            Err(error) if error.is_temporary() => Ok(()),
            checked => checked,
        }
    }

    /// The same value, after [`check`](Self::check). A server that is only slow or busy is
    /// accepted: feeding in the background can wait for it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), except [`TrackerError::Unavailable`].
    pub fn connect(self) -> Result<Self, TrackerError> {
        match self.check() {
            Err(error) if !error.is_temporary() => Err(error),
            _ => Ok(self),
        }
    }

    fn build(address: Address, credentials: Option<Credentials>, settings: Settings) -> Self {
        let client = Client::new(address.as_str(), credentials.as_ref(), &settings);
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

    fn check_start(&self, start: &RunStart) -> Result<(), TrackerError> {
        start.check()?;
        naming::check_project(start.project.as_deref())
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        self.check_start(start)?;
        let run = self.server.open(start)?;
        let server = Arc::clone(&self.server);
        Ok(Box::new(sink::MlflowSink::new(server, run)))
    }

    fn resume_run(
        &self,
        start: &RunStart,
        known: &RunReference,
    ) -> Result<Box<dyn RunSink>, TrackerError> {
        start.check()?;
        let run = self.server.resume(start, &known.run_id)?;
        let server = Arc::clone(&self.server);
        Ok(Box::new(sink::MlflowSink::new(server, run)))
    }

    fn find_run(&self, run_id: &RunId) -> Result<Option<RunReference>, TrackerError> {
        self.server.search(run_id)
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
    fn no_secret_is_printed() {
        let mlflow = Mlflow::new("http://me:s3cret@host:1").unwrap();
        let mlflow = mlflow.with_timeout(Duration::from_secs(1));
        assert!(mlflow.credentials.is_some());
        assert_eq!(mlflow.target(), json!({ "uri": "http://host:1" }));
        let debug = format!("{mlflow:?}");
        assert!(
            !debug.contains("s3cret") && debug.contains("Basic"),
            "{debug}"
        );
    }
}
