//! Backends by name, and where each keeps what belongs to a job.

use std::{path::Path, sync::Arc, time::Duration};

use protea_tracking::{Feeder, LogFirst, Tracker, TrackerError, Undelivered};

type Place = dyn Fn(&Path) -> Result<Arc<dyn Tracker>, TrackerError> + Send + Sync;

/// A backend that runs are carried to, with the thread that does so.
#[derive(Clone)]
pub struct Backend {
    place: Arc<Place>,
    feeder: Feeder,
}

impl Backend {
    /// A backend that all jobs share, such as a server.
    #[must_use]
    pub fn shared(tracker: Arc<dyn Tracker>) -> Self {
        Self::per_job(move |_| Ok(Arc::clone(&tracker)))
    }

    /// A backend with a place in each job: `place` is given the job's directory.
    #[must_use]
    pub fn per_job(
        place: impl Fn(&Path) -> Result<Arc<dyn Tracker>, TrackerError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            place: Arc::new(place),
            feeder: Feeder::new(),
        }
    }

    pub(super) fn feed_from(&self, log: LogFirst, job: &Path) -> Result<LogFirst, TrackerError> {
        Ok(log.feeding((self.place)(job)?, &self.feeder))
    }

    pub(super) fn wait(&self, most: Duration) -> Vec<Undelivered> {
        self.feeder.wait(most)
    }
}
