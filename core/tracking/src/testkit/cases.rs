//! The test cases, one property of an adapter each.

use std::{borrow::Cow, fs, panic, sync::Arc, thread};

use jiff::Timestamp;

use super::{Case, list, ok};
use crate::{
    EventKind, GroupFilter, MetricPoint, RunEvent, RunQuery, RunStart, RunStatus, Tags,
    TrackerError,
};

pub(super) fn a_run_keeps_what_is_logged(case: &Case<'_>) {
    let start = start("whole").with_config("k", 5).with_tag("dataset", "A");
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

pub(super) fn statuses_arrive(case: &Case<'_>) {
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

pub(super) fn a_dropped_run_has_failed(case: &Case<'_>) {
    let dropped = start("dropped");
    drop(ok(case.tracker.start_run(dropped.clone())));
    let panicked = start("panicked");
    let tracker = Arc::clone(&case.tracker);
    let moved = panicked.clone();
    let result = thread::spawn(move || {
        let _run = ok(tracker.start_run(moved));
        // Does not call the panic hook, which would print a backtrace.
        panic::resume_unwind(Box::new("intended by the test"));
    })
    .join();
    assert!(result.is_err());
    for start in [dropped, panicked] {
        if let Some(summary) = case.summary(&start) {
            assert_eq!(summary.status, RunStatus::Failed, "{}", start.name);
        }
    }
}

pub(super) fn an_ended_run_accepts_nothing(case: &Case<'_>) {
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

/// Events as a feeder sends them.
fn events(start: &RunStart) -> Vec<RunEvent<'static>> {
    let time = Timestamp::from_second(1_790_000_000).unwrap_or_default();
    let log = |step, name: &'static str, value| EventKind::Log {
        step,
        metrics: vec![MetricPoint {
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
    .map(|(kind, seq)| RunEvent::new(seq, time, kind))
    .collect()
}

const LOSS: [(u64, f64); 3] = [(0, 0.5), (1, 0.25), (2, 0.125)];

pub(super) fn events_sent_twice_count_once(case: &Case<'_>) {
    let start = start("twice");
    let events = events(&start);
    let mut sink = ok(case.tracker.open_run(&start));
    ok(sink.apply(&events[..4]));
    ok(sink.apply(&events[2..4]));
    ok(sink.apply(&events[2..]));
    drop(sink);
    case.expect_points(&start, "loss", &LOSS);
}

pub(super) fn an_interrupted_run_is_continued(case: &Case<'_>) {
    let start = start("interrupted");
    let events = events(&start);
    for (from, to) in [(0, 2), (1, 4), (3, 5), (4, events.len()), (0, events.len())] {
        // As another process does after this one was killed.
        let tracker = (case.suite.make)(case.directory.path());
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
    if case.suite.lists {
        let runs = list(&*case.tracker, &RunQuery::default());
        let found = runs.iter().filter(|run| run.run_id == start.run_id);
        assert_eq!(found.count(), 1, "the run is listed once");
    }
}

pub(super) fn children_know_their_parent(case: &Case<'_>) {
    let parent = ok(case.tracker.start_run(start("parent").with_group("H1/E1")));
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

pub(super) fn artefacts_and_models_are_accepted(case: &Case<'_>) {
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
    assert!(matches!(missing, Err(TrackerError::Read { .. })));
    for name in ["", "/absolute", "a//b", "../up", "a\\b"] {
        let refused = run.log_artifact(&files.join("predictions.tsv"), name);
        assert!(
            matches!(refused, Err(TrackerError::Name { .. })),
            "{name:?}"
        );
    }
    ok(run.finish(RunStatus::Finished));
}

pub(super) fn names_of_any_script_are_accepted(case: &Case<'_>) {
    let long = "x".repeat(300);
    let start = start("Протеины 蛋白质 🧬")
        .with_notes("two\nlines")
        .with_config("ключ", "значение")
        .with_config(&*long, &*long)
        .with_tag("标签", "a\tb\"c\"");
    let run = ok(case.tracker.start_run(start.clone()));
    ok(run.log_metrics(0, [("потеря", 1.0), ("a/b.c d-e_f", 2.0), ("α=β", 3.0)]));
    ok(run.log_metrics(1, [(&*long, 1.0)]));
    ok(run.finish(RunStatus::Finished));
    if let Some(summary) = case.summary(&start) {
        assert_eq!(summary.name, start.name);
    }
}

pub(super) fn threads_may_share_a_run(case: &Case<'_>) {
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

pub(super) fn lists_find_runs(case: &Case<'_>) {
    if !case.suite.lists {
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
        let mut start = RunStart::new(format!("run {index}")).with_project(project);
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

fn start(name: &str) -> RunStart {
    RunStart::new(name).with_project("testkit")
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
