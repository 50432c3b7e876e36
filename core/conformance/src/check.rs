//! Runs the tests on files, several at a time.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use protea_core::{catalog, contracts::content};

use crate::{
    Config, FixtureError, Host, Selection, Subject, Test, Verdict,
    fixture::during,
    report::{FileReport, Report, TestReport},
    setup,
};

/// What to check, and how. Made by [`Check::new`]; the fields can be changed afterwards.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Check {
    /// The files of the runners.
    pub files: Vec<PathBuf>,
    /// The tests.
    pub selection: Selection,
    /// How many tests run at the same time, at least 1.
    pub jobs: usize,
    /// Starts the processes that run the runners' code.
    pub host: Host,
    /// Limits, datasets and the spec.
    pub config: Config,
    /// Where to keep the datasets and the working directories of the tests: a directory that is empty
    /// or does not exist. `None`: they are temporary.
    pub keep: Option<PathBuf>,
}

/// Is told about every test when it is done.
pub trait Observer: Sync {
    /// A test of a file is done.
    fn tested(&self, file: &Path, runner: &str, test: &TestReport);

    /// Whether to skip the remaining tests.
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Check {
    /// All tests on these files, as many at the same time as there are processors.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, host: Host) -> Self {
        Self {
            files,
            selection: Selection::all(),
            jobs: thread::available_parallelism().map_or(1, usize::from),
            host,
            config: Config::default(),
            keep: None,
        }
    }

    /// Runs the tests. A file that is not a runner fails its own tests and does not stop the others.
    ///
    /// # Errors
    ///
    /// When the datasets cannot be made or used, or [`keep`](Self::keep) is not an empty directory.
    pub fn run(&self, observer: &dyn Observer) -> Result<Report, FixtureError> {
        let began = Instant::now();
        let fixtures = Arc::new(setup::fixtures(&self.config, self.keep.as_deref())?);
        let settings = Arc::new(setup::settings(self.host.clone(), &self.config));
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
        let selected: Vec<(usize, Test)> = (0..subjects.len())
            .flat_map(|at| self.selection.tests().iter().map(move |test| (at, *test)))
            .collect();
        let mut done = self.run_all(&subjects, &selected, observer);
        // A test that was not selected, but because of which others were skipped, says why.
        let reasons = unselected_reasons(&done);
        for (at, tests) in self.run_all(&subjects, &reasons, observer) {
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
        tests: &[(usize, Test)],
        observer: &dyn Observer,
    ) -> Done {
        let next = AtomicUsize::new(0);
        let stopped = AtomicBool::new(false);
        let done = Mutex::new(Done::default());
        let work = || {
            while let Some((at, test)) = tests.get(next.fetch_add(1, Ordering::SeqCst)) {
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
            for _ in 0..self.jobs.max(1).min(tests.len()) {
                scope.spawn(work);
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_one(&self, subject: &Subject, test: Test) -> TestReport {
        let began = Instant::now();
        let verdict = match self.config.skip.get(test.name()) {
            Some(reason) => Verdict::skipped(reason.clone()),
            None => during(test.name(), || test.run(subject)),
        };
        TestReport {
            name: test.name().to_owned(),
            description: test.description().to_owned(),
            seconds: began.elapsed().as_secs_f64(),
            verdict,
        }
    }
}

/// The finished tests, by the index of their file.
type Done = BTreeMap<usize, Vec<TestReport>>;

/// The tests that are the reason why others were skipped, and have not run.
fn unselected_reasons(done: &Done) -> Vec<(usize, Test)> {
    let mut reasons = Vec::new();
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
                reasons.push((*at, test));
            }
        }
    }
    reasons
}

fn file_report(subject: &Subject, mut tests: Vec<TestReport>) -> FileReport {
    let position = |report: &TestReport| Test::all().position(|test| test.name() == report.name);
    tests.sort_by_key(position);
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
        // Only files with a descriptor: reading a pipe blocks, and a device has no end.
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
