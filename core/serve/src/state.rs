//! What all connections share: the index of runs, and the newest reports. One thread keeps the index up to
//! date while there are requests.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use protea_core::{
    Workspace,
    contracts::metrics::flatten,
    workspace::{DEVIATION, ListedRun, MEAN, RunIndex, RunList, Status},
};

use crate::search_text::search_text;

/// The shortest time between two checks of the workspace.
const INTERVAL: Duration = Duration::from_secs(1);
/// The largest fraction of time that checks may take. A large workspace is therefore checked less often.
const SHARE: u32 = 20;
/// After this time without a request, the workspace is no longer checked.
const IDLE: Duration = Duration::from_secs(10);
/// How many reports are kept.
const REPORTS: usize = 8;
/// The largest number of metrics, runners or datasets to choose from.
const MOST_CHOICES: usize = 500;

/// What can be chosen in the list of runs.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Full names of metrics.
    pub metrics: BTreeSet<String>,
    /// Names of runners.
    pub runners: BTreeSet<String>,
    /// Names of the datasets that runs were scored on.
    pub datasets: BTreeSet<String>,
    /// Projects.
    pub projects: BTreeSet<String>,
}

impl Choices {
    /// Whether a run may have this metric.
    pub fn knows(&self, metric: &str) -> bool {
        let of_folds = [MEAN, DEVIATION]
            .iter()
            .any(|ending| metric.ends_with(ending));
        of_folds || self.metrics.len() >= MOST_CHOICES || self.metrics.contains(metric)
    }
}

/// The runs at the last check.
#[derive(Debug, Default)]
pub struct Runs {
    index: RunIndex,
    /// Runs with the status running whose process no longer exists.
    vanished: HashSet<String>,
    /// Increases with every change.
    pub version: u64,
    /// What can be chosen.
    pub choices: Arc<Choices>,
    /// By id, what the search looks in.
    texts: HashMap<String, String>,
}

impl Runs {
    /// All runs.
    pub fn list(&self) -> &RunList {
        self.index.list()
    }

    /// What the search looks in, of a run: in lower case.
    pub fn text(&self, run: &ListedRun) -> &str {
        self.texts
            .get(run.head.run_id.as_str())
            .map_or("", String::as_str)
    }

    /// The run with this id.
    pub fn find(&self, id: &str) -> Option<&ListedRun> {
        self.list()
            .runs
            .iter()
            .find(|run| run.head.run_id.as_str() == id)
    }

    /// The status of a run. If its process no longer exists, it is `killed`, as the next command will record.
    pub fn status(&self, run: &ListedRun) -> Status {
        match run.head.status {
            Status::Running if self.vanished.contains(run.head.run_id.as_str()) => Status::Killed,
            status => status,
        }
    }
}

/// A finished report, and the time when the manifest of its run was written.
type MadeReport = (String, Option<SystemTime>, Arc<[u8]>);

/// What all connections share.
#[derive(Debug)]
pub struct State {
    /// The workspace; nothing in it is changed.
    pub workspace: Workspace,
    runs: RwLock<Runs>,
    asked: Mutex<Asked>,
    look: Condvar,
    reports: Mutex<Vec<MadeReport>>,
    /// Only one report is made at a time.
    making: Mutex<()>,
    is_watching: AtomicBool,
}

#[derive(Debug)]
struct Asked {
    last: Instant,
    looked: Option<Instant>,
}

impl State {
    pub fn new(workspace: Workspace) -> Self {
        Self {
            workspace,
            runs: RwLock::default(),
            asked: Mutex::new(Asked {
                last: Instant::now(),
                looked: None,
            }),
            look: Condvar::new(),
            reports: Mutex::default(),
            making: Mutex::default(),
            is_watching: AtomicBool::new(false),
        }
    }

    /// The runs. Waits for the first check of the workspace, and for a new one if there was no request for a
    /// while.
    pub fn runs(&self) -> RwLockReadGuard<'_, Runs> {
        let now = Instant::now();
        let mut asked = lock(&self.asked);
        let was_idle = now.duration_since(asked.last) > IDLE;
        asked.last = now;
        if was_idle || asked.looked.is_none() {
            self.look.notify_all();
            while self.is_watching.load(Ordering::SeqCst)
                && asked.looked.is_none_or(|looked| was_idle && looked < now)
            {
                asked = self
                    .look
                    .wait(asked)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        drop(asked);
        self.runs.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the runs up to date for as long as the process lives.
    pub fn watch(self: &Arc<Self>) -> std::io::Result<()> {
        let state = Arc::clone(self);
        self.is_watching.store(true, Ordering::SeqCst);
        let thread = thread::Builder::new().name("workspace".to_owned());
        thread.spawn(move || {
            loop {
                let began = Instant::now();
                state.refresh();
                let took = began.elapsed();
                let mut asked = lock(&state.asked);
                asked.looked = Some(began);
                state.look.notify_all();
                let pause = INTERVAL.max(took * SHARE);
                let mut rested = false;
                // An answer after a pause waits for a new look.
                while !rested || asked.last.elapsed() > IDLE {
                    let (guard, waited) = state
                        .look
                        .wait_timeout(asked, pause)
                        .unwrap_or_else(PoisonError::into_inner);
                    asked = guard;
                    let is_awaited = asked
                        .looked
                        .is_some_and(|looked| looked + IDLE < asked.last);
                    rested = waited.timed_out() || is_awaited;
                }
            }
        })?;
        Ok(())
    }

    /// Checks the workspace.
    pub fn refresh(&self) {
        let read = || self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let changes = read().index.changes(&self.workspace);
        let vanished = {
            let runs = read();
            let running = runs.list().runs.iter();
            let running = running.filter(|run| run.head.status == Status::Running);
            running
                .filter(|run| self.workspace.has_vanished(&run.head.run_id))
                .map(|run| run.head.run_id.to_string())
                .collect::<HashSet<_>>()
        };
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        let has_changed = runs.index.apply(changes);
        if has_changed || runs.vanished != vanished {
            runs.vanished = vanished;
            runs.version += 1;
        }
        drop(runs);
        if has_changed {
            let (choices, texts) = {
                let runs = read();
                let texts = runs.list().runs.iter();
                let texts = texts.map(|run| (run.head.run_id.to_string(), search_text(run)));
                (Arc::new(choices(runs.list())), texts.collect())
            };
            let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
            (runs.choices, runs.texts) = (choices, texts);
        }
    }

    /// The report of a run. Calls `make`, unless there is a report from the manifest that was written at this
    /// time. Without a time, it always calls `make`.
    pub fn report<E>(
        &self,
        id: &str,
        written: Option<SystemTime>,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Arc<[u8]>, E> {
        let find = || {
            written?;
            let reports = lock(&self.reports);
            let mut reports = reports.iter();
            reports
                .find(|(other, when, _)| other == id && *when == written)
                .map(|(.., page)| Arc::clone(page))
        };
        if let Some(page) = find() {
            return Ok(page);
        }
        let _one_at_a_time = lock(&self.making);
        if let Some(page) = find() {
            return Ok(page);
        }
        let page: Arc<[u8]> = make()?.into();
        let mut reports = lock(&self.reports);
        reports.retain(|(other, ..)| other != id);
        if reports.len() >= REPORTS {
            reports.remove(0);
        }
        if written.is_some() {
            reports.push((id.to_owned(), written, Arc::clone(&page)));
        }
        Ok(page)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn choices(list: &RunList) -> Choices {
    let mut choices = Choices::default();
    let add = |set: &mut BTreeSet<String>, name: &str| {
        if !set.contains(name) && set.len() < MOST_CHOICES {
            set.insert(name.to_owned());
        }
    };
    for run in &list.runs {
        let head = &run.head;
        for (name, _) in flatten(&head.metrics) {
            // A cross-validation has the mean under the name of the metric.
            let name = name.strip_suffix(MEAN).unwrap_or(&name);
            if !name.ends_with(DEVIATION) {
                add(&mut choices.metrics, name);
            }
        }
        if let Some(runner) = &head.runner {
            add(&mut choices.runners, &runner.name);
        }
        if let Some(dataset) = head.evaluated_on() {
            add(&mut choices.datasets, dataset.name);
        }
        if let Some(project) = &head.project {
            add(&mut choices.projects, project);
        }
    }
    choices
}
