//! Samples the machine at intervals while a run goes on, as metrics of the run.

mod gpu;
mod machine;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use self::{gpu::Gpus, machine::Machine};
use super::tracker_sink::TrackerSink;

/// The shortest time between two samples.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// Samples the machine until it is dropped.
pub(super) struct Monitor {
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Begins to sample. The first sample comes after the first interval. Disk space is that of the
    /// file system of `directory`. `None` if the system starts no thread: a run does not fail for
    /// that.
    pub(super) fn start(
        interval: Duration,
        directory: &Path,
        tracked: &Arc<TrackerSink>,
    ) -> Option<Self> {
        let interval = interval.max(SHORTEST_INTERVAL);
        let (stop, stopped) = mpsc::channel::<()>();
        let tracked = Arc::clone(tracked);
        let directory = directory.to_owned();
        let thread = thread::Builder::new().name("system-metrics".to_owned());
        let thread = thread.spawn(move || {
            let gpus = Gpus::shared(interval);
            let mut machine = Machine::new(&directory);
            let mut number = 0;
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                let mut sample = machine.sample();
                if let Some(gpus) = &gpus {
                    sample.extend(gpus.sample());
                }
                if !sample.is_empty() {
                    tracked.system_metrics(number, &sample);
                    number += 1;
                }
            }
        });
        Some(Self {
            stop: Some(stop),
            thread: Some(thread.ok()?),
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread loses samples only.
            let _ = thread.join();
        }
    }
}
