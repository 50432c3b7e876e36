//! Tests that every adapter must pass, for the adapters of this crate and for yours.
//!
//! ```
//! use std::sync::Arc;
//!
//! use protea_tracking::{Jsonl, testkit::TrackerSuite};
//!
//! TrackerSuite::new(|directory| Arc::new(Jsonl::new(directory).unwrap())).run();
//! ```

mod cases;

use std::{panic, path::Path, sync::Arc};

use tempfile::TempDir;

use crate::{RunQuery, RunStart, RunSummary, Tracker, TrackerError};

type Test = fn(&Case<'_>);
type Make = dyn Fn(&Path) -> Arc<dyn Tracker>;
type Points = dyn Fn(&dyn Tracker, &RunStart, &str) -> Vec<(u64, f64)>;

/// The tests for one adapter.
pub struct TrackerSuite {
    make: Box<Make>,
    points: Option<Box<Points>>,
    lists: bool,
}

impl TrackerSuite {
    /// Tests for the trackers that `make` makes. Each test gets an empty directory and its own
    /// tracker. Two trackers made for the same directory must have the same runs.
    #[must_use]
    pub fn new(make: impl Fn(&Path) -> Arc<dyn Tracker> + 'static) -> Self {
        Self {
            make: Box::new(make),
            points: None,
            lists: true,
        }
    }

    /// Sets how to read the points of a metric from the backend, as `(step, value)` in the order of
    /// logging. Without it the tests do not check points. It may wait until the backend has them.
    #[must_use]
    pub fn with_point_reader(
        mut self,
        points: impl Fn(&dyn Tracker, &RunStart, &str) -> Vec<(u64, f64)> + 'static,
    ) -> Self {
        self.points = Some(Box::new(points));
        self
    }

    /// Skips the tests of lists, for a backend that cannot list runs.
    #[must_use]
    pub fn without_lists(mut self) -> Self {
        self.lists = false;
        self
    }

    /// Runs all tests.
    ///
    /// # Panics
    ///
    /// If a test fails. Its name is printed to standard error.
    pub fn run(&self) {
        let tests: [(&str, Test); 11] = [
            (
                "a run keeps what is logged",
                cases::a_run_keeps_what_is_logged,
            ),
            ("statuses arrive", cases::statuses_arrive),
            ("a dropped run has failed", cases::a_dropped_run_has_failed),
            (
                "an ended run accepts nothing",
                cases::an_ended_run_accepts_nothing,
            ),
            (
                "events sent twice count once",
                cases::events_sent_twice_count_once,
            ),
            (
                "an interrupted run is continued",
                cases::an_interrupted_run_is_continued,
            ),
            (
                "children know their parent",
                cases::children_know_their_parent,
            ),
            (
                "artefacts and models are accepted",
                cases::artefacts_and_models_are_accepted,
            ),
            (
                "names of any script are accepted",
                cases::names_of_any_script_are_accepted,
            ),
            ("threads may share a run", cases::threads_may_share_a_run),
            ("lists find runs", cases::lists_find_runs),
        ];
        for (name, test) in tests {
            let directory = tempfile::tempdir()
                .unwrap_or_else(|error| panic!("cannot create a temporary directory: {error}"));
            let case = Case {
                suite: self,
                tracker: (self.make)(directory.path()),
                directory,
            };
            let result = panic::catch_unwind(panic::AssertUnwindSafe(|| test(&case)));
            if let Err(cause) = result {
                eprintln!(
                    "the test `{name}` of the test kit failed for {}",
                    case.tracker.backend()
                );
                panic::resume_unwind(cause);
            }
        }
    }
}

struct Case<'a> {
    suite: &'a TrackerSuite,
    tracker: Arc<dyn Tracker>,
    directory: TempDir,
}

impl Case<'_> {
    fn expect_points(&self, start: &RunStart, metric: &str, expected: &[(u64, f64)]) {
        let Some(points) = &self.suite.points else {
            return;
        };
        let found = points(&*self.tracker, start, metric);
        // NaN is not equal to itself, so the debug strings are compared.
        assert_eq!(
            format!("{found:?}"),
            format!("{expected:?}"),
            "points of {metric}"
        );
    }

    fn summary(&self, start: &RunStart) -> Option<RunSummary> {
        if !self.suite.lists {
            return None;
        }
        let page = list(&*self.tracker, &RunQuery::default());
        let found = page.into_iter().find(|run| run.run_id == start.run_id);
        Some(found.unwrap_or_else(|| panic!("the run {} is not listed", start.run_id)))
    }
}

fn list(tracker: &dyn Tracker, query: &RunQuery) -> Vec<RunSummary> {
    let mut query = query.clone();
    let mut runs = Vec::new();
    loop {
        let page = ok(tracker.list_runs(&query));
        assert!(
            page.runs.len() <= query.page_size(),
            "a page has at most as many runs as the limit"
        );
        runs.extend(page.runs);
        match page.next {
            None => return runs,
            next => query.page = next,
        }
    }
}

fn ok<T>(result: Result<T, TrackerError>) -> T {
    result.unwrap_or_else(|error| panic!("{}", error.full_message()))
}
