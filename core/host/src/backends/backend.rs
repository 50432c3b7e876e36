//! Backends by name, and where each keeps the data of a job.

use std::{path::Path, sync::Arc, time::Duration};

#[cfg(feature = "mlflow")]
use protea_tracking::Mlflow;
#[cfg(feature = "tensorboard")]
use protea_tracking::TensorBoard;
#[cfg(feature = "wandb")]
use protea_tracking::Wandb;
use protea_tracking::{
    Cursor, Feeder, LogFirst, RefusedEvents, Tracker, TrackerError, Undelivered,
};

use super::Connection;

type Place = dyn Fn(&Path) -> Result<Arc<dyn Tracker>, TrackerError> + Send + Sync;
type CheckProject = dyn Fn(Option<&str>) -> Result<(), TrackerError> + Send + Sync;

/// A backend and the thread that sends runs to it.
#[derive(Clone)]
pub struct Backend {
    place: Arc<Place>,
    feeder: Feeder,
    check_project: Option<Arc<CheckProject>>,
}

impl Backend {
    /// The names that [`from_name`](Self::from_name) knows.
    pub const NAMES: [&'static str; 3] = ["mlflow", "wandb", "tensorboard"];

    /// A backend that all jobs share, such as a server.
    #[must_use]
    pub fn shared(tracker: Arc<dyn Tracker>) -> Self {
        Self::per_job(move |_| Ok(Arc::clone(&tracker)))
    }

    /// A backend with a tracker for each job: `place` receives the job's directory.
    #[must_use]
    pub fn per_job(
        place: impl Fn(&Path) -> Result<Arc<dyn Tracker>, TrackerError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            place: Arc::new(place),
            feeder: Feeder::new(),
            check_project: None,
        }
    }

    /// Asks the backend whether it takes runs of this project.
    pub(super) fn check_project(&self, project: Option<&str>) -> Result<(), TrackerError> {
        match &self.check_project {
            Some(check) => check(project),
            None => Ok(()),
        }
    }

    /// The built-in backend with this name:
    ///
    /// Each needs the feature of `protea-core` with its name.
    ///
    /// | name | where |
    /// |---|---|
    /// | `mlflow` | the server that the environment names; contacted at once if `connection` is online |
    /// | `wandb` | `wandb/` in each job, for the official client to upload |
    /// | `tensorboard` | `tensorboard/` in each job |
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] or [`TrackerError::NotSet`], with a remedy.
    #[cfg_attr(
        not(feature = "mlflow"),
        expect(unused_variables, reason = "only MLflow has a server")
    )]
    pub fn from_name(name: &str, connection: Connection) -> Result<Self, TrackerError> {
        match name {
            #[cfg(feature = "mlflow")]
            "mlflow" => {
                let server = Mlflow::from_env()?;
                let server = match connection {
                    Connection::Online => server.connect()?,
                    Connection::Offline => server,
                };
                let asked = server.clone();
                let mut backend = Self::shared(Arc::new(server));
                if connection == Connection::Online {
                    backend.check_project =
                        Some(Arc::new(move |project| asked.check_project(project)));
                }
                Ok(backend)
            }
            #[cfg(feature = "wandb")]
            "wandb" => Ok(Self::per_job(|job| Ok(Arc::new(Wandb::new(job)?)))),
            #[cfg(feature = "tensorboard")]
            "tensorboard" => Ok(Self::per_job(|job| {
                Ok(Arc::new(TensorBoard::new(job.join("tensorboard"))?))
            })),
            name if Self::NAMES.contains(&name) => Err(TrackerError::TrackerInit {
                backend: name.to_owned(),
                reason: "this program was built without it".to_owned(),
                remedy: format!("build it with the feature {name:?} of protea-core"),
            }),
            _ => Err(TrackerError::TrackerInit {
                backend: name.to_owned(),
                reason: "there is no such backend".to_owned(),
                remedy: format!("choose one of {}", Self::NAMES.join(", ")),
            }),
        }
    }

    /// The backend in a job's directory.
    pub(crate) fn tracker(&self, job: &Path) -> Result<Arc<dyn Tracker>, TrackerError> {
        (self.place)(job)
    }

    pub(super) fn feed_from(&self, log: LogFirst, job: &Path) -> Result<LogFirst, TrackerError> {
        Ok(log.with_backend(self.tracker(job)?, &self.feeder))
    }

    pub(super) fn wait(&self, most: Duration) -> Vec<Undelivered> {
        self.feeder.wait(most)
    }

    pub(super) fn take_refused(&self) -> Vec<RefusedEvents> {
        self.feeder.take_refused()
    }
}

/// The backend of a run that a sync sends.
pub(super) fn of_cursor(cursor: &Cursor, job: &Path) -> Result<Arc<dyn Tracker>, TrackerError> {
    match cursor.backend.as_str() {
        #[cfg(feature = "mlflow")]
        "mlflow" => Ok(Arc::new(Mlflow::from_target(&cursor.target)?)),
        name => Backend::from_name(name, Connection::Offline)?.tracker(job),
    }
}
