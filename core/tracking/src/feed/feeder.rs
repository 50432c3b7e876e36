//! The thread that feeds a backend while runs go on.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::run_feed::RunFeed;
use crate::{Tracker, TrackerError};

/// A background thread that carries runs from their logs to a backend.
///
/// It reads the logs themselves, a batch at a time, so its memory does not grow with what is
/// logged, and logging never waits for it. When the backend does not answer it tries again, less
/// and less often. Clones share the thread; give each backend a feeder of its own, so that none
/// waits for another.
///
/// When the last clone is dropped, what is under way gets a moment, as in [`wait`](Self::wait).
#[derive(Clone)]
pub struct Feeder {
    owner: Arc<Owner>,
}

struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    arriving: Vec<RunFeed>,
    ended: Vec<PathBuf>,
    backend: &'static str,
    running: bool,
    hurry: bool,
    given_up: bool,
    stop: bool,
    undelivered: Vec<Undelivered>,
    down: Option<String>,
}

impl State {
    /// Takes in what came since, and says whether anything did.
    fn absorb(&mut self, feeds: &mut VecDeque<Feed>) -> bool {
        let news = self.has_news();
        feeds.extend(self.arriving.drain(..).map(|feed| Feed {
            feed,
            ended: false,
            reason: None,
            pause: FIRST_PAUSE,
            due: Instant::now(),
        }));
        for log in self.ended.drain(..) {
            for feed in feeds.iter_mut().filter(|feed| feed.feed.log() == log) {
                feed.ended = true;
                // It will not be asked before the backend answers again.
                if feed.reason.is_none() {
                    feed.reason.clone_from(&self.down);
                }
            }
        }
        if news {
            self.list(feeds);
        }
        news
    }

    fn list(&mut self, feeds: &VecDeque<Feed>) {
        self.undelivered = feeds.iter().filter_map(Feed::undelivered).collect();
    }

    /// Whether a run that ended, or one that just came, may be delivered without delay.
    fn is_under_way(&self) -> bool {
        self.has_news() || self.undelivered.iter().any(|run| run.reason.is_none())
    }

    /// The runs that ended and are not delivered, also those that the thread has not come to.
    fn left(&self) -> Vec<Undelivered> {
        let mut left = self.undelivered.clone();
        for log in &self.ended {
            if left.iter().all(|run| run.log != *log) {
                left.push(Undelivered {
                    log: log.clone(),
                    backend: self.backend,
                    reason: self.down.clone(),
                });
            }
        }
        left
    }

    fn has_news(&self) -> bool {
        !self.arriving.is_empty() || !self.ended.is_empty()
    }
}

/// A run that a backend does not have whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The run's log.
    pub log: PathBuf,
    /// The backend.
    pub backend: &'static str,
    /// Why not, where something is in the way.
    pub reason: Option<String>,
}

/// How often a live run's log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a dropped feeder waits for.
const LAST_MOMENT: Duration = Duration::from_secs(2);

impl Default for Feeder {
    fn default() -> Self {
        Self::new()
    }
}

impl Feeder {
    /// A feeder; its thread begins with the first run.
    #[must_use]
    pub fn new() -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        Self {
            owner: Arc::new(Owner { shared }),
        }
    }

    /// Feeds `tracker` from the log of a run, from where it stands to the run's end.
    ///
    /// # Errors
    ///
    /// [`TrackerError::TrackerInit`] when the system gives no thread.
    pub fn feed(
        &self,
        log: impl Into<PathBuf>,
        tracker: Arc<dyn Tracker>,
    ) -> Result<(), TrackerError> {
        let backend = tracker.backend();
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        state.backend = backend;
        state.arriving.push(RunFeed::new(log.into(), tracker));
        if !state.running {
            let thread = Arc::clone(shared);
            thread::Builder::new()
                .name(format!("feed {backend}"))
                .spawn(move || thread.work())
                .map_err(|error| TrackerError::TrackerInit {
                    backend: backend.to_owned(),
                    reason: format!("a thread cannot be started: {error}"),
                    remedy: "raise the limit of processes (`ulimit -u`)".to_owned(),
                })?;
            state.running = true;
        }
        shared.changed.notify_all();
        Ok(())
    }

    /// Says that a run has ended, so that its last events go out at once.
    pub fn ended(&self, log: &Path) {
        let mut state = self.owner.shared.lock();
        state.ended.push(log.to_owned());
        self.owner.shared.changed.notify_all();
    }

    /// Waits until the backend has all runs that ended, at most so long, and not at all for a
    /// backend that does not answer. What is left over can be sent by a sync later.
    pub fn wait(&self, most: Duration) -> Vec<Undelivered> {
        self.owner.shared.wait(most)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Whoever waited in vain has had enough of it.
        if !self.shared.lock().given_up {
            self.shared.wait(LAST_MOMENT);
        }
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        // The thread may be in a call that takes long; it ends by itself, or with the process.
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, most: Duration) -> Vec<Undelivered> {
        let until = Instant::now() + most;
        let mut state = self.lock();
        state.hurry = true;
        self.changed.notify_all();
        loop {
            let done = !state.running || !state.is_under_way();
            let left = until.saturating_duration_since(Instant::now());
            let away = state.down.is_some() && !state.has_news();
            if done || away || left.is_zero() {
                state.hurry = false;
                state.given_up |= !done;
                return state.left();
            }
            (state, _) = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The thread: rounds over all runs, with pauses.
    fn work(&self) {
        let mut feeds: VecDeque<Feed> = VecDeque::new();
        let mut pause = FIRST_PAUSE;
        let mut due = Instant::now();
        let mut state = self.lock();
        while !state.stop {
            let news = state.absorb(&mut feeds);
            // Where a server is down, only time helps.
            let hurry = state.down.is_none() && (news || (state.hurry && state.is_under_way()));
            let left = due.saturating_duration_since(Instant::now());
            if !hurry && !left.is_zero() {
                self.changed.notify_all();
                (state, _) = self
                    .changed
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let sent =
                |feeds: &VecDeque<Feed>| -> u64 { feeds.iter().map(|feed| feed.feed.sent()).sum() };
            let before = sent(&feeds);
            let round = round(&mut feeds);
            if !matches!(round, Round::Down(_)) || sent(&feeds) > before {
                pause = FIRST_PAUSE;
            }
            state = self.lock();
            state.down = None;
            due = Instant::now();
            match round {
                Round::More => {}
                Round::UpToDate => due += LOOK_EVERY,
                Round::Down(reason) => {
                    due += pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    state.down = Some(reason);
                }
            }
            state.list(&feeds);
            self.changed.notify_all();
        }
        state.running = false;
        drop(state);
        for feed in &mut feeds {
            // As in a round.
            let _ = feed.feed.close();
        }
    }
}

/// Gives each feed a turn; ends early when the backend does not answer.
fn round(feeds: &mut VecDeque<Feed>) -> Round {
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
                feed.pause = FIRST_PAUSE;
                if more {
                    round = Round::More;
                } else if feed.ended {
                    // The bookkeeping may be behind; then events are sent twice, which adapters
                    // bear.
                    let _ = feed.feed.close();
                    continue;
                }
                feeds.push_back(feed);
            }
            Err(error) => {
                let down = matches!(error, TrackerError::Unavailable { .. });
                feed.reason = Some(error.to_string());
                if !down {
                    feed.due = Instant::now() + feed.pause;
                    feed.pause = (feed.pause * 2).min(LONGEST_PAUSE);
                }
                feeds.push_back(feed);
                if down {
                    return Round::Down(error.to_string());
                }
            }
        }
    }
    round
}

struct Feed {
    feed: RunFeed,
    ended: bool,
    reason: Option<String>,
    /// What is wrong with this run alone does not get better by asking often.
    pause: Duration,
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
}

enum Round {
    UpToDate,
    More,
    Down(String),
}
