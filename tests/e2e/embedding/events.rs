//! The events that a function of the application receives, and cancelling from there.

use std::sync::{Arc, Mutex};

use protea_core::{
    Catalog, ErrorKind, Experiment, Isolation, Runner, SearchPath, Workspace,
    experiment::{CancelToken, EventSource, ExperimentEvent, Search, Setting, Step, Strategy},
    workspace::Status,
};
use protea_e2e::{Place, built};
use serde_json::json;

use crate::search::{datasets, parabola::Parabola};

type Heard = Arc<Mutex<Vec<(EventSource, ExperimentEvent)>>>;

/// The experiment with a function that keeps every event.
fn heard(experiment: Experiment) -> (Experiment, Heard) {
    let heard = Heard::default();
    let keep = Arc::clone(&heard);
    let experiment = experiment.with_events(move |source, event| {
        keep.lock().unwrap().push((source.clone(), event));
    });
    (experiment, heard)
}

fn knn() -> Runner {
    let catalog = Catalog::scan(&SearchPath::empty().with(built()));
    Runner::load(&catalog.find("knn").unwrap(), &Isolation::InProcess).unwrap()
}

#[test]
fn a_run_is_heard_from_its_start_to_its_end() {
    let place = Place::new();
    let (train, test) = datasets();
    let workspace = Workspace::open(place.join("w")).unwrap();
    let (experiment, heard) = heard(Experiment::new(&knn(), &workspace));
    let run = experiment.fit_evaluate(&json!({}), &train, &test).unwrap();

    let heard = heard.lock().unwrap();
    for (source, _) in heard.iter() {
        assert_eq!(source.run_id.as_ref(), Some(&run.manifest.run_id));
        assert_eq!(source.name, "knn");
        assert_eq!(source.parent, None);
    }
    let events: Vec<&ExperimentEvent> = heard.iter().map(|(_, event)| event).collect();
    assert_eq!(
        events[0],
        &ExperimentEvent::RunStarted {
            directory: run.directory.clone()
        }
    );
    assert_eq!(
        events[events.len() - 1],
        &ExperimentEvent::RunEnded {
            status: Status::Finished,
            error: None
        }
    );
    let steps: Vec<(Step, bool)> = events
        .iter()
        .filter_map(|event| match event {
            ExperimentEvent::StepStarted { step } => Some((*step, true)),
            ExperimentEvent::StepEnded { step, status, .. } => {
                assert_eq!(*status, Status::Finished);
                Some((*step, false))
            }
            _ => None,
        })
        .collect();
    let (fit, evaluate) = (Step::Fit, Step::Evaluate);
    assert_eq!(
        steps,
        [
            (fit, true),
            (fit, false),
            (evaluate, true),
            (evaluate, false)
        ]
    );
    let progress = events.iter().rev().find_map(|event| match event {
        ExperimentEvent::Progress { what, done, total } => Some((&**what, *done, *total)),
        _ => None,
    });
    let (what, done, total) = progress.unwrap();
    assert_eq!((what, done), ("evaluate", total));
    let log = std::fs::read_to_string(run.directory.join("logs/run.log")).unwrap();
    let lines = events.iter().filter_map(|event| match event {
        ExperimentEvent::Log { text, .. } => Some(text),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), log.lines().count());
    assert!(
        log.lines()
            .zip(lines)
            .all(|(line, text)| line.ends_with(&**text))
    );
}

#[test]
fn the_runs_of_a_search_are_heard_with_their_names() {
    let parabola = Parabola::new();
    let (train, test) = datasets();
    let workspace = Workspace::open(parabola.place.join("w")).unwrap();
    let (experiment, heard) = heard(Experiment::new(&parabola.runner, &workspace).with_jobs(2));
    let search = Search::new(Strategy::Grid)
        .with_setting(Setting::list("x", [0.2, 0.4, 1.0]))
        .with_metric("score");
    let found = experiment.search("s", &search, &train, &test).unwrap();
    let search_id = &found.manifest.run_id;

    let heard = heard.lock().unwrap();
    for number in 0..3 {
        let name = format!("s/trial-{number:03}");
        let own = heard.iter().filter(|(source, _)| source.name == name);
        let own: Vec<_> = own.collect();
        assert!(
            own.iter()
                .all(|(source, _)| source.parent.as_ref() == Some(search_id))
        );
        let begins = |(_, event): &&&(EventSource, ExperimentEvent)| {
            matches!(event, ExperimentEvent::StepStarted { .. })
        };
        assert_eq!(own.iter().filter(begins).count(), 2, "{name}");
        let status = own.iter().find_map(|(_, event)| match event {
            ExperimentEvent::RunEnded { status, .. } => Some(*status),
            _ => None,
        });
        // Trials fail for x above 0.9.
        let expected = if number == 2 {
            Status::Failed
        } else {
            Status::Finished
        };
        assert_eq!(status, Some(expected), "{name}");
    }
    let progress = heard.iter().filter_map(|(source, event)| match event {
        ExperimentEvent::Progress { what, done, total } if what == "trial" => {
            assert_eq!(source.run_id.as_ref(), Some(search_id));
            Some((*done, *total))
        }
        _ => None,
    });
    assert_eq!(
        progress.collect::<Vec<_>>(),
        [(0, 3), (1, 3), (2, 3), (3, 3)]
    );
}

#[test]
fn a_token_ends_the_run_before_its_next_step() {
    let place = Place::new();
    let (train, test) = datasets();
    let workspace = Workspace::open(place.join("w")).unwrap();
    let token = CancelToken::new();
    let button = token.clone();
    let experiment = Experiment::new(&knn(), &workspace).with_cancel_token(token);
    let (experiment, heard) = heard(experiment);
    let experiment = experiment.with_events(move |_, event| {
        if matches!(
            event,
            ExperimentEvent::StepEnded {
                step: Step::Fit,
                ..
            }
        ) {
            button.cancel();
        }
    });
    let error = experiment
        .fit_evaluate(&json!({}), &train, &test)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let heard = heard.lock().unwrap();
    let last = heard.last().map(|(_, event)| event);
    assert!(
        matches!(
            last,
            Some(ExperimentEvent::RunEnded {
                status: Status::Killed,
                ..
            })
        ),
        "{last:?}"
    );
}
