//! Answers of a runner in C, called in this process: invalid answers become typed errors, and newer or
//! unusual ones are understood.

use std::{
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use protea_contracts::{
    Evaluate, EvaluateRequest, Explain, ExplainRequest, Explanation, Fit, FitRequest, Level,
    RunResult, RunnerError,
    abi::host::{Call, CallError, LoadedRunner, OpenError},
    emit::{Event, EventSink},
};
use protea_e2e::{Place, compile_c};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

const ANIMAL: &str = "tests/e2e/c/animal.c";

static ANIMALS: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

fn animal() -> LoadedRunner {
    static FILE: LazyLock<PathBuf> =
        LazyLock::new(|| compile_c(ANIMAL, "animal", ANIMALS.path(), &[]));
    LoadedRunner::open(&FILE).unwrap()
}

/// Name, message, fields and level of an event.
type Arrived = (String, Option<String>, Vec<u8>, Level);

#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Arrived>>,
    cancelled: AtomicBool,
}

impl EventSink for Kept {
    fn receive(&self, event: &Event<'_>) {
        self.events.lock().unwrap().push((
            event.name.to_owned(),
            event.message.map(str::to_owned),
            event.fields.to_owned(),
            event.level,
        ));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

fn uri() -> Url {
    Url::parse("file:///nowhere").unwrap()
}

fn fit(sin: &str, sink: &Arc<Kept>) -> Call<RunResult> {
    let request = FitRequest::new(json!({ "sin": sin }), uri(), uri());
    animal().call::<Fit>(&request, Arc::clone(sink) as Arc<dyn EventSink>)
}

fn protocol(sin: &str) -> String {
    match fit(sin, &Arc::default()).result {
        Err(CallError::Protocol(message)) => message,
        other => panic!("{sin}: {other:?}"),
    }
}

#[test]
fn an_answer_that_is_none_breaks_the_contract() {
    for (sin, said) in [
        ("null_answer", "it answered status 0 with NULL for its JSON"),
        ("null_error", "it answered status 1 with NULL for its JSON"),
        ("unknown_status", "the unknown status 7"),
        ("panic_status", "the unknown status 2"),
        ("not_utf8", "its answer is not UTF-8 from byte 14 on"),
        ("not_utf8_error", "its answer is not UTF-8 from byte 28 on"),
        ("not_json", "its result cannot be read"),
        ("empty", "its result cannot be read"),
        ("absurd_length", "at most 67108864 are allowed"),
        ("half_error", "its error cannot be read"),
        ("event_without_name", "it sent an event without a name"),
        ("absurd_event", "the message of an event has"),
        (
            "release_twice",
            "released the host more often than it retained it",
        ),
    ] {
        let message = protocol(sin);
        assert!(message.contains(said), "{sin}: {message}");
    }
}

#[test]
fn an_unknown_kind_of_error_becomes_a_failure() {
    let call = fit("younger_error", &Arc::default());
    let Err(CallError::Runner(RunnerError::Failed { message })) = call.result else {
        panic!("{call:?}")
    };
    assert!(
        message.contains("quota") && message.contains("no more licences"),
        "{message}"
    );
}

#[test]
fn every_answer_is_freed_once_whatever_it_was() {
    let place = Place::new();
    let library = compile_c(ANIMAL, "alone", place.path(), &[]);
    let runner = LoadedRunner::open(&library).unwrap();
    let fit = |sin: &str| {
        let request = FitRequest::new(json!({ "sin": sin }), uri(), uri());
        runner
            .call::<Fit>(&request, Arc::new(Kept::default()))
            .result
    };
    runner.describe().unwrap();
    for sin in [
        "none",
        "null_answer",
        "unknown_status",
        "not_utf8",
        "absurd_length",
        "half_error",
    ] {
        let _ = fit(sin);
    }
    let none = RunnerError::failed("0 unfreed");
    assert_eq!(fit("unfreed"), Err(CallError::Runner(none)));
}

#[test]
fn errors_are_typed() {
    let request = EvaluateRequest::new(uri(), uri(), uri());
    let call = animal().call::<Evaluate>(&request, Arc::new(Kept::default()));
    let unsupported = RunnerError::unsupported("this", "fit");
    assert_eq!(call.result, Err(CallError::Runner(unsupported)));
}

#[test]
fn events_arrive_as_they_are_and_what_is_not_utf_8_is_replaced() {
    for (sin, expected) in [
        (
            "event_not_utf8",
            (
                "name\u{fffd}",
                Some("message \u{fffd}("),
                b"{\"k\":\"\xff\"}".as_slice(),
                Level::Warning,
            ),
        ),
        (
            "event_without_fields",
            ("plain", None, b"{}".as_slice(), Level::Error),
        ),
        (
            "a_copy",
            (
                "copied",
                Some("by value"),
                b"{\"n\":1}".as_slice(),
                Level::Info,
            ),
        ),
    ] {
        let sink = Arc::<Kept>::default();
        assert!(fit(sin, &sink).result.is_ok(), "{sin}");
        let (name, message, fields, level) = expected;
        let message = message.map(str::to_owned);
        let expected = (name.to_owned(), message, fields.to_owned(), level);
        assert_eq!(*sink.events.lock().unwrap(), [expected]);
    }
}

#[test]
fn low_events_are_dropped_and_a_null_host_is_accepted() {
    for sin in ["debug_events", "no_host", "none"] {
        let sink = Arc::<Kept>::default();
        assert!(fit(sin, &sink).result.is_ok(), "{sin}");
        assert!(sink.events.lock().unwrap().is_empty(), "{sin}");
    }
}

#[test]
fn a_runner_in_c_learns_that_its_call_is_cancelled() {
    let sink = Arc::<Kept>::default();
    sink.cancelled.store(true, Ordering::SeqCst);
    let call = fit("a_cancelled_call", &sink);
    assert_eq!(call.result, Err(CallError::Runner(RunnerError::Cancelled)));
}

#[test]
fn a_retained_host_outlives_the_call_and_counts_what_comes_late() {
    let sink = Arc::<Kept>::default();
    let call = fit("late", &sink);
    assert!(call.result.is_ok());
    let began = Instant::now();
    while call.late.count() == 0 && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(call.late.count(), 1);
    assert!(sink.events.lock().unwrap().is_empty());
}

#[test]
fn several_calls_at_once_are_kept_apart() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let sink = Arc::<Kept>::default();
                    assert!(fit("a_copy", &sink).result.is_ok());
                    assert_eq!(sink.events.lock().unwrap().len(), 1);
                }
            });
        }
    });
}

#[test]
fn a_table_that_cannot_be_one_is_refused_when_it_is_opened() {
    let place = Place::new();
    for (name, define, said) in [
        ("short", "-DSTRUCT_SIZE=16", "says it has 16 bytes"),
        (
            "huge",
            "-DSTRUCT_SIZE=(size_t)-1",
            "says it has 18446744073709551615 bytes",
        ),
        ("hole", "-DEVALUATE=NULL", "lacks the function evaluate"),
    ] {
        let library = compile_c(ANIMAL, name, place.path(), &[define]);
        let Err(OpenError::Layout { reason, .. }) = LoadedRunner::open(&library) else {
            panic!("{name} was opened")
        };
        assert!(reason.contains(said), "{reason}");
    }
}

#[test]
fn a_longer_function_table_is_accepted() {
    let place = Place::new();
    let library = compile_c(ANIMAL, "grown", place.path(), &["-DLONGER_TABLE"]);
    let runner = LoadedRunner::open(&library).unwrap();
    assert_eq!(runner.describe().unwrap().descriptor.name, "animal");
}

fn explain(name: &str, defines: &[&str]) -> (Result<Explanation, CallError>, usize) {
    let place = Place::new();
    let library = compile_c(ANIMAL, name, place.path(), defines);
    let runner = LoadedRunner::open(&library).unwrap();
    let sink = Arc::<Kept>::default();
    let request = ExplainRequest::new(uri(), uri(), "P1");
    let result = runner
        .call::<Explain>(&request, Arc::clone(&sink) as _)
        .result;
    let events = sink.events.lock().unwrap().len();
    (result, events)
}

#[test]
fn a_runner_in_c_may_explain() {
    for defines in [["-DEXPLAINS"].as_slice(), &["-DEXPLAINS", "-DLONGER_TABLE"]] {
        let (explanation, events) = explain(&format!("explains{}", defines.len()), defines);
        let term = &explanation.unwrap().terms[0];
        assert_eq!(term.reproduced(), Some(term.score));
        assert_eq!(term.contributions[0].value, Some(json!(120)));
        assert_eq!(events, 1);
    }
}

#[test]
fn a_table_without_explain_answers_unsupported() {
    let table = [
        ("left_out", &[][..]),
        (
            "first",
            &[
                "-DEXPLAINS",
                "-DSTRUCT_SIZE=offsetof(protea_runner,explain)",
            ],
        ),
        (
            "half",
            &[
                "-DEXPLAINS",
                "-DSTRUCT_SIZE=offsetof(protea_runner,explain)+4",
            ],
        ),
    ];
    for (name, defines) in table {
        let (result, events) = explain(name, defines);
        let Err(CallError::Runner(RunnerError::Unsupported { operation, remedy })) = result else {
            panic!("{name}: {result:?}")
        };
        assert_eq!(operation, "explain", "{name}");
        assert!(remedy.contains("protea_runner"), "{name}: {remedy}");
        assert_eq!(events, 0, "{name}");
    }
}
