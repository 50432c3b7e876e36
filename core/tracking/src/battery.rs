//! The tests that every adapter passes, for adapters of this crate and of others.
//!
//! ```
//! use std::sync::Arc;
//!
//! use protea_tracking::{Jsonl, battery::Battery};
//!
//! Battery::new(|directory| Arc::new(Jsonl::new(directory).unwrap())).run();
//! ```

use std::{borrow::Cow, fs, panic, path::Path, sync::Arc, thread};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::{
    Event, EventKind, GroupFilter, Metric, RunQuery, RunStart, RunStatus, RunSummary, Tags,
    Tracker, TrackerError,
};

type Test = fn(&Case<'_>);
type Make = dyn Fn(&Path) -> Arc<dyn Tracker>;
type Points = dyn Fn(&dyn Tracker, &RunStart, &str) -> Vec<(u64, f64)>;

/// The battery for one adapter.
pub struct Battery {
    make: Box<Make>,
    points: Option<Box<Points>>,
    lists: bool,
}

impl Battery {
    /// A battery for the trackers that `make` makes; each test gets an empty directory and a
    /// tracker of its own. A tracker made twice for one directory reaches the same runs.
    #[must_use]
    pub fn new(make: impl Fn(&Path) -> Arc<dyn Tracker> + 'static) -> Self {
        Self {
            make: Box::new(make),
            points: None,
            lists: true,
        }
    }

    /// Reads the points of a metric back from the backend, as `(step, value)` in the order of
    /// logging, so that the tests can look at what arrived. May wait until the backend has them.
    #[must_use]
    pub fn reading_points(
        mut self,
        points: impl Fn(&dyn Tracker, &RunStart, &str) -> Vec<(u64, f64)> + 'static,
    ) -> Self {
        self.points = Some(Box::new(points));
        self
    }

    /// For a backend that keeps nothing to list.
    #[must_use]
    pub fn without_lists(mut self) -> Self {
        self.lists = false;
        self
    }

    /// Runs all tests.
    ///
    /// # Panics
    ///
    /// With the name of the test and what was wrong, as assertions do.
    pub fn run(&self) {
        let tests: [(&str, Test); 11] = [
            ("a run keeps what is logged", a_run_keeps_what_is_logged),
            ("statuses arrive", statuses_arrive),
            ("a dropped run has failed", a_dropped_run_has_failed),
            ("an ended run takes nothing", an_ended_run_takes_nothing),
            ("events sent twice count once", events_sent_twice_count_once),
            ("a run is gone on with", a_run_is_gone_on_with),
            ("children know their parent", children_know_their_parent),
            (
                "artefacts and models are taken",
                artefacts_and_models_are_taken,
            ),
            (
                "names of any script are taken",
                names_of_any_script_are_taken,
            ),
            ("threads may share a run", threads_may_share_a_run),
            ("lists find runs", lists_find_runs),
        ];
        for (name, test) in tests {
            let directory = tempfile::tempdir().unwrap_or_else(|error| {
                panic!("a temporary directory is needed for the battery: {error}")
            });
            let case = Case {
                battery: self,
                tracker: (self.make)(directory.path()),
                directory,
            };
            let result = panic::catch_unwind(panic::AssertUnwindSafe(|| test(&case)));
            if let Err(cause) = result {
                eprintln!(
                    "the battery's test `{name}` failed for {}",
                    case.tracker.backend()
                );
                panic::resume_unwind(cause);
            }
        }
    }
}

struct Case<'a> {
    battery: &'a Battery,
    tracker: Arc<dyn Tracker>,
    directory: TempDir,
}

impl Case<'_> {
    fn expect_points(&self, start: &RunStart, metric: &str, expected: &[(u64, f64)]) {
        let Some(points) = &self.battery.points else {
            return;
        };
        let found = points(&*self.tracker, start, metric);
        // NaN differs from itself, so the texts are compared.
        assert_eq!(
            format!("{found:?}"),
            format!("{expected:?}"),
            "points of {metric}"
        );
    }

    fn summary(&self, start: &RunStart) -> Option<RunSummary> {
        if !self.battery.lists {
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
            "a page is no longer than asked for"
        );
        runs.extend(page.runs);
        match page.next {
            None => return runs,
            next => query.page = next,
        }
    }
}

fn ok<T>(result: Result<T, TrackerError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

fn start(name: &str) -> RunStart {
    RunStart::new(name).project("battery")
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn a_run_keeps_what_is_logged(case: &Case<'_>) {
    let start = start("whole").config("k", 5).tag("dataset", "A");
    let run = ok(case.tracker.start_run(start.clone()));
    let params = serde_json::json!({ "metric": "cosine", "nested": { "deep": [1, 2] } });
    ok(run.log_params(params.as_object().cloned().unwrap_or_default()));
    ok(run.log_metrics(0, [("loss", 0.5), ("MFO/fmax", 0.25)]));
    ok(run.log_metrics(1, [("loss", f64::NAN)]));
    ok(run.log_metrics(2, [("loss", -1e-300)]));
    ok(run.set_tags(tags(&[("stage", "late"), ("dataset", "B")])));
    ok(run.finish(RunStatus::Finished));

    case.expect_points(&start, "loss", &[(0, 0.5), (1, f64::NAN), (2, -1e-300)]);
    case.expect_points(&start, "MFO/fmax", &[(0, 0.25)]);
    if let Some(summary) = case.summary(&start) {
        assert_eq!(summary.name, "whole");
        assert_eq!(summary.status, RunStatus::Finished);
        assert_eq!(summary.tags.get("stage").map(String::as_str), Some("late"));
        assert_eq!(summary.tags.get("dataset").map(String::as_str), Some("B"));
    }
}

fn statuses_arrive(case: &Case<'_>) {
    for status in [RunStatus::Finished, RunStatus::Failed, RunStatus::Killed] {
        let start = start(status.name());
        let run = ok(case.tracker.start_run(start.clone()));
        if let Some(summary) = case.summary(&start) {
            assert_eq!(summary.status, RunStatus::Running);
        }
        ok(match status {
            RunStatus::Failed => run.fail("a reason, with \"quotes\""),
            RunStatus::Killed => run.kill("the user wanted it"),
            _ => run.finish(status),
        });
        if let Some(summary) = case.summary(&start) {
            assert_eq!(summary.status, status);
        }
    }
}

fn a_dropped_run_has_failed(case: &Case<'_>) {
    let dropped = start("dropped");
    drop(ok(case.tracker.start_run(dropped.clone())));
    let panicked = start("panicked");
    let tracker = Arc::clone(&case.tracker);
    let moved = panicked.clone();
    let result = thread::spawn(move || {
        let _run = ok(tracker.start_run(moved));
        // Without the hook, so that the battery's output stays readable.
        panic::resume_unwind(Box::new("as the test wants"));
    })
    .join();
    assert!(result.is_err());
    for start in [dropped, panicked] {
        if let Some(summary) = case.summary(&start) {
            assert_eq!(summary.status, RunStatus::Failed, "{}", start.name);
        }
    }
}

fn an_ended_run_takes_nothing(case: &Case<'_>) {
    let start = start("ended");
    let run = ok(case.tracker.start_run(start.clone()));
    ok(run.log_metrics(0, [("loss", 1.0)]));
    ok(run.finish(RunStatus::Finished));
    let late = [
        run.log_metrics(1, [("loss", 2.0)]),
        run.set_tags(tags(&[("late", "yes")])),
        run.finish(RunStatus::Failed),
    ];
    for late in late {
        assert!(matches!(late, Err(TrackerError::Ended { .. })), "{late:?}");
    }
    case.expect_points(&start, "loss", &[(0, 1.0)]);
    if let Some(summary) = case.summary(&start) {
        assert_eq!(summary.status, RunStatus::Finished);
    }
}

/// Events as the feeding of a backend sends them.
fn events(start: &RunStart) -> Vec<Event<'static>> {
    let time = Timestamp::from_second(1_790_000_000).unwrap_or_default();
    let log = |step, name: &'static str, value| EventKind::Log {
        step,
        metrics: vec![Metric {
            name: Cow::Borrowed(name),
            value,
        }],
    };
    [
        EventKind::InitRun(Box::new(start.clone())),
        log(0, "loss", 0.5),
        log(1, "loss", 0.25),
        log(1, "gain", f64::INFINITY),
        log(2, "loss", 0.125),
        EventKind::SetTags {
            tags: tags(&[("stage", "late")]),
        },
        EventKind::Finish {
            status: RunStatus::Finished,
            error: None,
        },
    ]
    .into_iter()
    .zip(0..)
    .map(|(kind, seq)| Event { seq, time, kind })
    .collect()
}

const LOSS: [(u64, f64); 3] = [(0, 0.5), (1, 0.25), (2, 0.125)];

fn events_sent_twice_count_once(case: &Case<'_>) {
    let start = start("twice");
    let events = events(&start);
    let mut sink = ok(case.tracker.open_run(&start));
    ok(sink.apply(&events[..4]));
    ok(sink.apply(&events[2..4]));
    ok(sink.apply(&events[2..]));
    drop(sink);
    case.expect_points(&start, "loss", &LOSS);
}

fn a_run_is_gone_on_with(case: &Case<'_>) {
    let start = start("interrupted");
    let events = events(&start);
    for (from, to) in [(0, 2), (1, 4), (3, 5), (4, events.len()), (0, events.len())] {
        // As another process would after this one was killed.
        let tracker = (case.battery.make)(case.directory.path());
        let mut sink = ok(tracker.open_run(&start));
        let from = sink.applied().map_or(from, |applied| {
            assert!(applied < events.len() as u64);
            usize::try_from(applied).unwrap_or_default() + 1
        });
        if from < to {
            ok(sink.apply(&events[from..to]));
        }
    }
    case.expect_points(&start, "loss", &LOSS);
    if case.battery.lists {
        let runs = list(&*case.tracker, &RunQuery::default());
        let found = runs.iter().filter(|run| run.run_id == start.run_id);
        assert_eq!(found.count(), 1, "the run is there once");
    }
}

fn children_know_their_parent(case: &Case<'_>) {
    let parent = ok(case.tracker.start_run(start("parent").group("H1/E1")));
    let child_start = parent.child("parent/fit");
    let child = ok(case.tracker.start_run(child_start.clone()));
    ok(child.finish(RunStatus::Finished));
    let parent_id = parent.id().to_owned();
    ok(parent.finish(RunStatus::Finished));
    if let Some(summary) = case.summary(&child_start) {
        assert_eq!(summary.parent, Some(parent_id));
        assert_eq!(summary.group.as_deref(), Some("H1/E1"));
    }
}

fn artefacts_and_models_are_taken(case: &Case<'_>) {
    let files = case.directory.path().join("files to track");
    let write = |name: &str, bytes: &[u8]| {
        let path = files.join(name);
        let parent = path.parent().unwrap_or(&files);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    write("predictions.tsv", b"P12345\tGO:0003674\t1.0\n");
    write("model/model.json", b"{}");
    write("model/deep/empty", b"");
    let run = ok(case.tracker.start_run(start("artefacts")));
    ok(run.log_artifact(&files.join("predictions.tsv"), "tables/predictions.tsv"));
    ok(run.log_model(&files.join("model"), "model"));
    let missing = run.log_artifact(&files.join("missing"), "missing");
    assert!(matches!(missing, Err(TrackerError::File { .. })));
    for name in ["", "/absolute", "a//b", "../up", "a\\b"] {
        let refused = run.log_artifact(&files.join("predictions.tsv"), name);
        assert!(
            matches!(refused, Err(TrackerError::Name { .. })),
            "{name:?}"
        );
    }
    ok(run.finish(RunStatus::Finished));
}

fn names_of_any_script_are_taken(case: &Case<'_>) {
    let long = "x".repeat(300);
    let start = start("Протеины 蛋白质 🧬")
        .notes("two\nlines")
        .config("ключ", "значение")
        .config(&*long, &*long)
        .tag("标签", "a\tb\"c\"");
    let run = ok(case.tracker.start_run(start.clone()));
    ok(run.log_metrics(0, [("потеря", 1.0), ("a/b.c d-e_f", 2.0), ("α=β", 3.0)]));
    ok(run.log_metrics(1, [(&*long, 1.0)]));
    ok(run.finish(RunStatus::Finished));
    if let Some(summary) = case.summary(&start) {
        assert_eq!(summary.name, start.name);
    }
}

fn threads_may_share_a_run(case: &Case<'_>) {
    let start = start("threads");
    let run = ok(case.tracker.start_run(start.clone()));
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let run = &run;
            scope.spawn(move || {
                let name = format!("thread{thread}");
                for step in 0..25 {
                    ok(run.log_metrics(step, [(&*name, f64::from(thread))]));
                }
            });
        }
    });
    ok(run.finish(RunStatus::Finished));
    let expected: Vec<(u64, f64)> = (0..25).map(|step| (step, 3.0)).collect();
    case.expect_points(&start, "thread3", &expected);
}

fn lists_find_runs(case: &Case<'_>) {
    if !case.battery.lists {
        return;
    }
    let first = Timestamp::now();
    for (index, (project, group)) in [
        ("one", Some("H1/E1/full")),
        ("one", Some("H1/E2/full")),
        ("one", Some("H2/E1/full")),
        ("one", None),
        ("two", Some("H1/E1/full")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut start = RunStart::new(format!("run {index}")).project(project);
        start.group = group.map(str::to_owned);
        let later = std::time::Duration::from_millis(10 * (1 + index as u64));
        start.started = first.checked_add(later).unwrap_or(first);
        ok(ok(case.tracker.start_run(start)).finish(RunStatus::Finished));
    }
    let names = |query: RunQuery| -> Vec<String> {
        let runs = list(&*case.tracker, &query);
        runs.into_iter().map(|run| run.name).collect()
    };
    let one = RunQuery {
        project: Some("one".to_owned()),
        limit: 2,
        ..RunQuery::default()
    };
    assert_eq!(
        names(one.clone()),
        ["run 3", "run 2", "run 1", "run 0"],
        "newest first, paged"
    );
    let prefix = RunQuery {
        group: Some(GroupFilter::Prefix("H1/".to_owned())),
        ..one.clone()
    };
    assert_eq!(names(prefix), ["run 1", "run 0"], "by the group's prefix");
    let regex = RunQuery {
        group: Some(ok(GroupFilter::regex("/E1/full$"))),
        ..one
    };
    assert_eq!(names(regex), ["run 2", "run 0"], "by the group's pattern");
    let nothing = RunQuery {
        project: Some("three".to_owned()),
        ..RunQuery::default()
    };
    assert!(names(nothing).is_empty());
}
