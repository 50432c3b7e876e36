//! The thread that feeds a backend while runs are recorded.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    missing::{RefusedEvents, Undelivered},
    retry::RetryDelay,
    run_feed::RunFeed,
};
use crate::{Tracker, TrackerError};

/// A background thread that sends runs from their logs to a backend.
///
/// It reads the logs a batch at a time, so its memory does not grow with what is logged, and
/// logging never waits for it. While the backend does not answer, it retries with a growing delay:
/// 0.25 s, doubled each time, at most 30 s. Clones share the thread. Use one feeder for each
/// backend, so that no backend waits for another.
///
/// When the last clone is dropped, this waits up to 2 s as [`wait`](Self::wait) does.
#[derive(Clone)]
pub struct Feeder {
    handle: Arc<Handle>,
}

/// Stops the thread when the last clone of the feeder is dropped.
struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Runs that the thread has not seen yet.
    new: Vec<RunFeed>,
    /// Logs of runs that ended and that the thread has not marked as ended yet.
    ended: Vec<PathBuf>,
    backend: &'static str,
    is_running: bool,
    /// Somebody waits: send without the delay between rounds.
    is_urgent: bool,
    /// There is something in a log that takes long to send.
    is_woken: bool,
    /// A wait has timed out, so that dropping the feeder need not wait again.
    has_timed_out: bool,
    is_stopping: bool,
    /// Ended runs that the thread has not delivered.
    undelivered: Vec<Undelivered>,
    /// What the backend refused of runs that it has otherwise, until somebody takes it.
    refused: Vec<RefusedEvents>,
    /// Why the backend does not answer, while it does not.
    down: Option<String>,
}

impl State {
    /// Moves new runs to `feeds` and marks ended ones there. False if there were none.
    fn receive(&mut self, feeds: &mut VecDeque<Feed>) -> bool {
        let has_news = self.has_news();
        feeds.extend(self.new.drain(..).map(|feed| Feed {
            feed,
            ended: false,
            reason: None,
            delay: RetryDelay::new(),
            due: Instant::now(),
        }));
        for log in self.ended.drain(..) {
            for feed in feeds.iter_mut().filter(|feed| feed.feed.log() == log) {
                feed.ended = true;
                // It gets no turn, and with it no reason of its own, before the backend answers.
                if feed.reason.is_none() {
                    feed.reason.clone_from(&self.down);
                }
            }
        }
        if has_news {
            self.list_undelivered(feeds);
        }
        has_news
    }

    fn list_undelivered(&mut self, feeds: &VecDeque<Feed>) {
        self.undelivered = feeds.iter().filter_map(Feed::undelivered).collect();
    }

    /// Whether a new run, or one that ended, can be delivered without waiting for the backend.
    fn is_delivering(&self) -> bool {
        self.has_news() || self.undelivered.iter().any(|run| run.reason.is_none())
    }

    /// The runs that ended and are not delivered, including those that the thread has not seen yet.
    fn all_undelivered(&self) -> Vec<Undelivered> {
        let mut all = self.undelivered.clone();
        for log in &self.ended {
            if all.iter().all(|run| run.log != *log) {
                all.push(Undelivered {
                    log: log.clone(),
                    backend: self.backend,
                    reason: self.down.clone(),
                });
            }
        }
        all
    }

    fn has_news(&self) -> bool {
        !self.new.is_empty() || !self.ended.is_empty()
    }
}

/// Delay between two reads of the log of a run that is being recorded.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long a dropped feeder waits.
const DROP_TIMEOUT: Duration = Duration::from_secs(2);

impl Default for Feeder {
    fn default() -> Self {
        Self::new()
    }
}

impl Feeder {
    /// A feeder. Its thread starts with the first run.
    #[must_use]
    pub fn new() -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        Self {
            handle: Arc::new(Handle { shared }),
        }
    }

    /// Sends to `tracker` the events of the run with this log that it does not have, until the run
    /// ends.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] if the thread cannot be started.
    pub fn feed(
        &self,
        log: impl Into<PathBuf>,
        tracker: Arc<dyn Tracker>,
    ) -> Result<(), TrackerError> {
        let backend = tracker.backend();
        let shared = &self.handle.shared;
        let mut state = shared.lock();
        state.backend = backend;
        state.new.push(RunFeed::new(log.into(), tracker));
        if !state.is_running {
            let thread = Arc::clone(shared);
            thread::Builder::new()
                .name(format!("feed {backend}"))
                .spawn(move || thread.run())
                .map_err(|error| TrackerError::TrackerInit {
                    backend: backend.to_owned(),
                    reason: format!("a thread cannot be started: {error}"),
                    remedy: "raise the limit on processes (`ulimit -u`)".to_owned(),
                })?;
            state.is_running = true;
        }
        shared.changed.notify_all();
        Ok(())
    }

    /// Announces that a run has ended, so that its last events are sent at once.
    pub fn ended(&self, log: &Path) {
        let mut state = self.handle.shared.lock();
        state.ended.push(log.to_owned());
        self.handle.shared.changed.notify_all();
    }

    /// Sends what is in the logs without waiting for the next read of them, such as files, which take
    /// longer than metrics.
    pub(super) fn wake(&self) {
        self.handle.shared.lock().is_woken = true;
        self.handle.shared.changed.notify_all();
    }

    /// Waits until the backend has all runs that ended, but not longer than `timeout`, and not at
    /// all for a backend that does not answer. Returns the runs that are not delivered, which a
    /// sync can send later.
    pub fn wait(&self, timeout: Duration) -> Vec<Undelivered> {
        self.handle.shared.wait(timeout)
    }

    /// What the backend refused of the runs that [`wait`](Self::wait) no longer returns: nothing else
    /// is missing there. Each run is returned once. The cursor keeps what was refused, and a sync
    /// sends it again.
    #[must_use = "a refusal that is dropped here is reported again only by a sync"]
    pub fn take_refused(&self) -> Vec<RefusedEvents> {
        std::mem::take(&mut self.handle.shared.lock().refused)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Somebody who has waited without success does not want to wait a second time.
        if !self.shared.lock().has_timed_out {
            self.shared.wait(DROP_TIMEOUT);
        }
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
        // The thread is not joined: it may be in a call to a server that takes long.
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, timeout: Duration) -> Vec<Undelivered> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        state.is_urgent = true;
        self.changed.notify_all();
        loop {
            let is_done = !state.is_running || !state.is_delivering();
            let is_down = state.down.is_some() && !state.has_news();
            let remaining = deadline.saturating_duration_since(Instant::now());
            if is_done || is_down || remaining.is_zero() {
                state.is_urgent = false;
                state.has_timed_out |= !is_done;
                return state.all_undelivered();
            }
            (state, _) = self
                .changed
                .wait_timeout(state, remaining)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The thread: rounds over all runs, with delays between them.
    fn run(&self) {
        let mut feeds: VecDeque<Feed> = VecDeque::new();
        let mut delay = RetryDelay::new();
        let mut due = Instant::now();
        let mut state = self.lock();
        while !state.is_stopping {
            let has_news = state.receive(&mut feeds) | std::mem::take(&mut state.is_woken);
            // A server that is down does not come back sooner because somebody waits for it.
            let is_urgent =
                state.down.is_none() && (has_news || (state.is_urgent && state.is_delivering()));
            let remaining = due.saturating_duration_since(Instant::now());
            if !is_urgent && !remaining.is_zero() {
                self.changed.notify_all();
                (state, _) = self
                    .changed
                    .wait_timeout(state, remaining)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let sent =
                |feeds: &VecDeque<Feed>| -> u64 { feeds.iter().map(|feed| feed.feed.sent()).sum() };
            let before = sent(&feeds);
            let mut refused = Vec::new();
            let round = round(&mut feeds, &mut refused);
            if !matches!(round, Round::Down(_)) || sent(&feeds) > before {
                delay = RetryDelay::new();
            }
            state = self.lock();
            state.refused.append(&mut refused);
            state.down = None;
            due = Instant::now();
            match round {
                Round::More => {}
                Round::UpToDate => due += POLL_INTERVAL,
                Round::Down(reason) => {
                    due += delay.next();
                    state.down = Some(reason);
                }
            }
            state.list_undelivered(&feeds);
            self.changed.notify_all();
        }
        state.is_running = false;
        drop(state);
        for feed in &mut feeds {
            // As in a round: an error means that events are sent twice.
            let _ = feed.feed.close();
        }
    }
}

/// Gives each feed a turn. Ends early if the backend does not answer. Adds to `refused` what the
/// backend refused of the runs that it has otherwise now.
fn round(feeds: &mut VecDeque<Feed>, refused: &mut Vec<RefusedEvents>) -> Round {
    let mut round = Round::UpToDate;
    for _ in 0..feeds.len() {
        let Some(mut feed) = feeds.pop_front() else {
            break;
        };
        if feed.due > Instant::now() {
            feeds.push_back(feed);
            continue;
        }
        match feed.feed.advance() {
            Ok(more) => {
                feed.reason = None;
                feed.delay = RetryDelay::new();
                if more {
                    round = Round::More;
                } else if feed.ended {
                    refused.extend(feed.refused());
                    // If the cursor cannot be written, events are sent twice; adapters are
                    // idempotent.
                    let _ = feed.feed.close();
                    continue;
                }
                feeds.push_back(feed);
            }
            Err(error) => {
                let is_down = matches!(error, TrackerError::Unavailable { .. });
                let reason = error.full_message();
                feed.reason = Some(reason.clone());
                if !is_down {
                    feed.due = Instant::now() + feed.delay.next();
                }
                feeds.push_back(feed);
                if is_down {
                    return Round::Down(reason);
                }
            }
        }
    }
    round
}

/// A run with the state of its retries.
struct Feed {
    feed: RunFeed,
    ended: bool,
    /// The last error of this run.
    reason: Option<String>,
    /// Delay before the next retry after an error of this run alone.
    delay: RetryDelay,
    /// When the run gets its next turn.
    due: Instant,
}

impl Feed {
    fn undelivered(&self) -> Option<Undelivered> {
        self.ended.then(|| Undelivered {
            log: self.feed.log().to_owned(),
            backend: self.feed.backend(),
            reason: self.reason.clone(),
        })
    }

    fn refused(&self) -> Option<RefusedEvents> {
        let cursor = self.feed.cursor()?;
        (cursor.refused_events() > 0).then(|| RefusedEvents {
            log: self.feed.log().to_owned(),
            backend: self.feed.backend(),
            refused: cursor.refused.clone(),
            events: cursor.refused_events(),
        })
    }
}

/// The result of a round over all runs.
enum Round {
    /// The backend has everything that is in the logs.
    UpToDate,
    /// There is more to send.
    More,
    /// The backend does not answer, for this reason.
    Down(String),
}
