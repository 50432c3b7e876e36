//! Running the tests on runners, several at a time.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_core::{catalog, contracts::content};
use serde_json::Value;

use crate::{
    Config, Host, Selection, Subject, Test, Verdict,
    fixture::{FixtureError, Fixtures},
    report::{FileReport, Report, TestReport},
    subject::Settings,
};

/// How long a call may take where nothing else is said.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How much memory a process that runs a runner's code may use where nothing else is said, in bytes.
pub const MEMORY_LIMIT: u64 = 2 << 30;

/// What to check, and how.
#[derive(Debug, Clone)]
pub struct Check {
    /// The runners' files.
    pub files: Vec<PathBuf>,
    /// The tests.
    pub selection: Selection,
    /// How many tests are run at a time, at least 1.
    pub jobs: usize,
    /// Starts the processes that run the runners' code.
    pub host: Host,
    /// What the suite is to know of the runners.
    pub config: Config,
}

/// Hears of every test when it is done.
pub trait Observer: Sync {
    /// A test of a file is done.
    fn tested(&self, file: &Path, runner: &str, test: &TestReport);

    /// Whether the rest of the tests are to be left out.
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Check {
    /// All tests on these files, as many at a time as there are processors.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, host: Host) -> Self {
        Self {
            files,
            selection: Selection::all(),
            jobs: thread::available_parallelism().map_or(1, usize::from),
            host,
            config: Config::default(),
        }
    }

    /// The datasets of the configuration, or the suite's own.
    ///
    /// # Errors
    ///
    /// [`FixtureError`].
    pub fn fixtures(&self) -> Result<Fixtures, FixtureError> {
        match &self.config.datasets {
            Some(given) => Fixtures::given(given.train.clone(), given.eval.clone()),
            None => Fixtures::synthetic(),
        }
    }

    /// What holds for every call.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let config = &self.config;
        Settings {
            host: self.host.clone(),
            time_limit: config
                .time_limit
                .map_or(TIME_LIMIT, Duration::from_secs_f64),
            memory_limit: config.memory_limit.map_or(MEMORY_LIMIT, |mib| mib << 20),
            spec: config.spec.clone().map_or(Value::Null, Value::Object),
        }
    }

    /// Runs the tests. Files that cannot be used are failures of theirs and hold up no other.
    ///
    /// # Errors
    ///
    /// [`FixtureError`], when the suite itself cannot work.
    pub fn run(&self, observer: &dyn Observer) -> Result<Report, FixtureError> {
        let began = Instant::now();
        let fixtures = Arc::new(self.fixtures()?);
        let settings = Arc::new(self.settings());
        let files: Vec<PathBuf> = self.files.iter().map(|file| absolute(file)).collect();
        let subjects: Vec<Subject> = files
            .iter()
            .enumerate()
            .map(|(at, file)| {
                let mut others = files.clone();
                others.remove(at);
                others.retain(|other| other != file);
                Subject::new(
                    file.clone(),
                    others,
                    Arc::clone(&settings),
                    Arc::clone(&fixtures),
                )
            })
            .collect();
        let asked: Vec<(usize, Test)> = (0..subjects.len())
            .flat_map(|at| self.selection.tests().iter().map(move |test| (at, *test)))
            .collect();
        let mut done = self.run_all(&subjects, &asked, observer);
        // A test that was left out, but whose failure is why others were skipped, has its say too.
        let blamed: Vec<(usize, Test)> = blamed(&done);
        for (at, tests) in self.run_all(&subjects, &blamed, observer) {
            done.entry(at).or_default().extend(tests);
        }
        Ok(Report {
            files: subjects
                .iter()
                .enumerate()
                .map(|(at, subject)| file_report(subject, done.remove(&at).unwrap_or_default()))
                .collect(),
            seconds: began.elapsed().as_secs_f64(),
            complete: !observer.is_cancelled(),
        })
    }

    fn run_all(
        &self,
        subjects: &[Subject],
        asked: &[(usize, Test)],
        observer: &dyn Observer,
    ) -> Done {
        let next = AtomicUsize::new(0);
        let stopped = AtomicBool::new(false);
        let done = Mutex::new(Done::default());
        let work = || {
            while let Some((at, test)) = asked.get(next.fetch_add(1, Ordering::SeqCst)) {
                if stopped.load(Ordering::SeqCst) || observer.is_cancelled() {
                    stopped.store(true, Ordering::SeqCst);
                    return;
                }
                let subject = &subjects[*at];
                let report = self.run_one(subject, *test);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                observer.tested(&subject.path, &subject.name(), &report);
                done.entry(*at).or_default().push(report);
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.jobs.max(1).min(asked.len()) {
                scope.spawn(work);
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_one(&self, subject: &Subject, test: Test) -> TestReport {
        let began = Instant::now();
        let verdict = match self.config.skip.get(test.name()) {
            Some(reason) => Verdict::skipped(reason.clone()),
            None => test.run(subject),
        };
        TestReport {
            name: test.name().to_owned(),
            description: test.description().to_owned(),
            seconds: began.elapsed().as_secs_f64(),
            verdict,
        }
    }
}

/// The tests that are done, by the place of their file.
type Done = BTreeMap<usize, Vec<TestReport>>;

fn blamed(done: &Done) -> Vec<(usize, Test)> {
    let mut blamed = Vec::new();
    for (at, tests) in done {
        let mut known: HashSet<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        for test in tests {
            if let Verdict::Skipped {
                because_of: Some(name),
                ..
            } = &test.verdict
                && known.insert(name)
                && let Some(test) = Test::named(name)
            {
                blamed.push((*at, test));
            }
        }
    }
    blamed
}

fn file_report(subject: &Subject, mut tests: Vec<TestReport>) -> FileReport {
    let place = |report: &TestReport| Test::all().position(|test| test.name() == report.name);
    tests.sort_by_key(place);
    let descriptor = match subject.inspected() {
        catalog::Verdict::Runner(descriptor)
        | catalog::Verdict::Incompatible { descriptor, .. } => Some(descriptor.clone()),
        _ => None,
    };
    FileReport {
        path: subject.path.clone(),
        runner: descriptor
            .as_ref()
            .map(|descriptor| descriptor.name.clone()),
        // A pipe would be waited for, a device has no end, and a file without one takes as long.
        sha256: descriptor
            .is_some()
            .then(|| content::digest_file(&subject.path).ok())
            .flatten()
            .map(|(sha256, _)| sha256),
        version: descriptor.map(|descriptor| descriptor.version),
        tests,
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_owned())
}
