//! Events: what they are, when they come, and a host that wants no more of them.

use std::{sync::Arc, time::Duration};

use protea_core::{
    DispatchError, Runner,
    contracts::{Evaluate, Export, Fit, Level, RunnerError},
    worker::WorkerError,
};
use serde_json::Value;

use super::{scope, threads::rounds_of_calls, writes::metrics_of};
use crate::{
    Checked, Subject, Verdict,
    difference::difference,
    fixture::Place,
    pace,
    recorder::{Recorded, Recorder},
    sandbox::{Call, End, Manner, Outcome, Probed},
};

/// Over so few proteins, no call has more to say.
const MOST_EVENTS: u64 = 10_000;
const MOST_BYTES: u64 = 10_000_000;
/// How long a worker is watched after its answer.
const LINGER: Duration = Duration::from_millis(300);

scope! {
    /// Events.
    EmitTest {
        /// Names are plain UTF-8, fields are JSON objects, metrics have a name and a finite value
        WellFormed = "emit/well-formed" => well_formed,
        /// Progress never falls for the same total, and never goes beyond it
        Progress = "emit/progress" => progress,
        /// A call over a few dozen proteins sends at most 10,000 events and 10 MB
        Volume = "emit/volume" => volume,
        /// Events below the level that the host asks for are not sent
        Levels = "emit/levels" => levels,
        /// No event comes after its call has returned, from a thread that goes on or by an emitter that was kept
        AfterReturn = "emit/after-return" => after_return,
        /// A call ends within a second when the host asks for it
        Cancel = "emit/cancel" => cancel,
        /// A callback that refuses every event is survived
        RefusingCallback = "emit/refusing-callback" => refusing_callback,
        /// A callback that panics is survived, with the same scores
        PanickingCallback = "emit/panicking-callback" => panicking_callback,
    }
}

/// What the runner said during the shared fit and, if there was one, the shared evaluation.
fn said(subject: &Subject) -> Result<Vec<(&'static str, &Recorded)>, Verdict> {
    let mut said = vec![("fit", &subject.fitted()?.recorded)];
    if let Ok(evaluated) = subject.evaluated() {
        said.push(("evaluate", &evaluated.recorded));
    }
    Ok(said)
}

fn no_faults(
    said: &[(&'static str, &Recorded)],
    faults: impl Fn(&Recorded) -> &[String],
    expected: &str,
    remedy: &str,
) -> Checked {
    for (call, recorded) in said {
        let faults = faults(recorded);
        if !faults.is_empty() {
            let seen = format!("during {call}: {}", faults.join("; "));
            return Err(Verdict::failed(expected, seen, remedy));
        }
    }
    let events: u64 = said.iter().map(|(_, recorded)| recorded.events).sum();
    Ok(Verdict::noted(format!("{events} events")))
}

fn well_formed(subject: &Subject) -> Checked {
    no_faults(
        &said(subject)?,
        |recorded| &recorded.malformed,
        "names of events are plain UTF-8 texts and fields JSON objects",
        "send events with `Emitter`, with names such as `runner.knn.fit_start` and `json!({…})` for fields",
    )
}

fn progress(subject: &Subject) -> Checked {
    no_faults(
        &said(subject)?,
        |recorded| &recorded.progress,
        "progress rises from 0 to its total",
        "count what is done in one place (an atomic counter, if several threads do it), and use another total for another pass",
    )
}

fn volume(subject: &Subject) -> Checked {
    // Counted beside the runner: a worker leaves out what is too large to be sent on.
    let (probed, names) = all_calls(subject, Manner::Listening)?;
    for answer in &probed.answers {
        if answer.events > MOST_EVENTS || answer.bytes > MOST_BYTES {
            return Err(Verdict::failed(
                format!(
                    "at most {MOST_EVENTS} events and {MOST_BYTES} bytes for a few dozen proteins"
                ),
                format!(
                    "{} events with {} bytes during {}",
                    answer.events, answer.bytes, names[answer.call]
                ),
                "send progress once per block of work, and no data: data belong into files",
            ));
        }
    }
    Ok(Verdict::passed())
}

fn levels(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let place = subject.place()?;
    let recorder = || Arc::new(Recorder::new(Level::Warning));
    let (fit, evaluate) = (recorder(), recorder());
    subject.fit_in(&place, "model", Arc::clone(&fit) as _)?;
    if subject.evaluation_ends() {
        // How it ends is another test's business.
        let request = subject.evaluate_request(fitted, &place, "evaluation");
        let _ = subject
            .runner()?
            .call::<Evaluate>(&request, Arc::clone(&evaluate) as _);
    }
    no_faults(
        &[("fit", &fit.recorded()), ("evaluate", &evaluate.recorded())],
        |recorded| &recorded.below_level,
        "a host that asks for warnings gets nothing less",
        "ask for the host's level once and hold every event against it, as `Emitter` does",
    )
}

fn after_return(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let runner = subject.lingering(LINGER)?;
    let place = subject.place()?;
    let check = |call: &str, recorder: &Recorder| match recorder.recorded().late {
        0 => Ok(()),
        late => Err(Verdict::failed(
            "no event comes after the call has returned",
            format!(
                "{late} events within {} ms after {call} had returned",
                LINGER.as_millis()
            ),
            "join every thread that has a clone of the emitter before returning",
        )),
    };
    let recorder = Arc::new(Recorder::new(Level::Debug));
    let request = subject.fit_request(&place, "model", subject.resolved_spec()?);
    let _ = runner.call::<Fit>(&request, Arc::clone(&recorder) as _);
    check("fit", &recorder)?;
    if subject.evaluation_ends() {
        let request = subject.evaluate_request(fitted, &place, "evaluation");
        let _ = runner.call::<Evaluate>(&request, Arc::clone(&recorder) as _);
        check("evaluate", &recorder)?;
    }
    if subject.export_ends() {
        let request = subject.export_model(&fitted.model_uri, &place, "export");
        let _ = runner.call::<Export>(&request, Arc::clone(&recorder) as _);
        check("export", &recorder)?;
    }
    // What one call keeps, another may use.
    let place = subject.place()?;
    match rounds_of_calls(subject, &place, 2)?.end {
        End::Finished(last) if last.late > 0 => Err(Verdict::failed(
            "the events of a call go to the emitter of that call",
            format!(
                "in a process with two rounds of calls, {} events came by emitters of calls that had returned",
                last.late
            ),
            "keep no emitter beyond its call, in a static or in a thread: take the one that each call brings",
        )),
        _ => Ok(Verdict::passed()),
    }
}

fn cancel(subject: &Subject) -> Checked {
    subject.runner()?;
    match subject.fit_once() {
        Ok(_) | Err(Verdict::TimedOut { .. }) => {}
        // What fails anyway says nothing about cancelling.
        Err(_) => return subject.fitted().map(|_| Verdict::passed()),
    }
    let mut cancelled = Vec::new();
    let mut judge = |call: &'static str, error: Option<DispatchError>| match error {
        Some(DispatchError::Runner(RunnerError::Cancelled)) => {
            cancelled.push(call);
            Ok(())
        }
        // Done before the wish was heard, or without a training step.
        None
        | Some(
            DispatchError::Runner(RunnerError::Unsupported { .. }) | DispatchError::Metrics(_),
        ) => Ok(()),
        Some(error) => Err(Verdict::of_dispatch(call, &error)),
    };
    let fit = asked_to_end(subject, |runner, place, sink| {
        let request = subject.fit_request(place, "model", subject.resolved_spec()?);
        Ok(runner.call::<Fit>(&request, sink).err())
    })?;
    judge("fit", fit)?;
    if let (Ok(fitted), Ok(_)) = (subject.fitted(), subject.evaluated()) {
        let evaluate = asked_to_end(subject, |runner, place, sink| {
            let request = subject.evaluate_request(fitted, place, "evaluation");
            Ok(runner.call::<Evaluate>(&request, sink).err())
        })?;
        judge("evaluate", evaluate)?;
    }
    Ok(match cancelled.as_slice() {
        [] => Verdict::noted("every call was done within a second"),
        calls => Verdict::noted(format!("{} answered `Cancelled`", calls.join(" and "))),
    })
}

/// How a call ends that is asked to once it has begun. One that did not end in time has a second try:
/// a machine stands still now and then, a runner that does not listen never does.
fn asked_to_end(
    subject: &Subject,
    call: impl Fn(&Runner, &Place, Arc<Recorder>) -> Result<Option<DispatchError>, Verdict>,
) -> Result<Option<DispatchError>, Verdict> {
    let once = || {
        let (runner, place) = (subject.asked_to_end()?, subject.place()?);
        // A worker reads and opens the library before it makes the call.
        let start = 2 * subject.loading_time() + Duration::from_millis(200);
        call(&runner, &place, Arc::new(Recorder::refusing(start)))
    };
    match once()? {
        Some(DispatchError::Worker(WorkerError::Killed)) => once(),
        end => Ok(end),
    }
}

/// Every call that ends, one after the other in one process, with what each is called.
fn all_calls(subject: &Subject, manner: Manner) -> Result<(Probed, Vec<&'static str>), Verdict> {
    let place = subject.place()?;
    let calls = subject.calls(&place, "")?;
    let names: Vec<&str> = calls.iter().map(Call::name).collect();
    let mut task = subject.task(calls);
    task.manner = manner;
    let probed = subject.probe(&task, &place)?;
    let doing = names.get(probed.answers.len()).unwrap_or(&"the end");
    for answer in &probed.answers {
        if let Outcome::Panicked(panic) = &answer.outcome {
            return Err(Verdict::of_panic("every call", panic));
        }
    }
    match probed.end {
        End::Finished(_) | End::Refused(_) => Ok((probed, names)),
        End::Died(error) => Err(Verdict::of_dispatch(doing, &error)),
        End::TimedOut => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
}

fn refusing_callback(subject: &Subject) -> Checked {
    let before = pace::slowness();
    let (probed, names) = all_calls(subject, Manner::Refusing)?;
    let second = before.max(pace::slowness());
    for answer in &probed.answers {
        let call = names[answer.call];
        // What fails anyway says nothing about refusing.
        let fails = match call {
            "evaluate" => subject.evaluated().is_err(),
            "export" => subject.exported().is_err(),
            _ => false,
        };
        if fails {
            continue;
        }
        match &answer.outcome {
            Outcome::Error(RunnerError::Cancelled | RunnerError::Unsupported { .. })
            | Outcome::Result(_) => {}
            Outcome::Error(error) => {
                return Ok(Verdict::warning(format!(
                    "{call}, asked to end, answers the error: {error}; `RunnerError::Cancelled` would say what it is"
                )));
            }
            Outcome::Panicked(_) | Outcome::Protocol(_) => {
                return Err(Verdict::failed(
                    format!("{call} ends with a result or `Cancelled` when every event is refused"),
                    format!("{:?}", answer.outcome),
                    "use `emit.check()?`, and ignore what other events are answered",
                ));
            }
        }
        if answer.seconds > second && matches!(answer.outcome, Outcome::Error(_)) {
            return Err(Verdict::failed(
                "a call ends within a second when the host asks for it",
                format!("{call} took {:.1} s", answer.seconds),
                "call `emit.check()?` more often",
            ));
        }
    }
    Ok(Verdict::passed())
}

fn panicking_callback(subject: &Subject) -> Checked {
    let expected = match subject.steady_metrics() {
        Ok(result) => Some(&result.metrics),
        // What differs anyway says nothing about the callback; that it is survived can be seen.
        Err(_) => None,
    };
    let (probed, names) = all_calls(subject, Manner::Panicking)?;
    let mut answers = probed.answers.iter();
    let answer = answers.find(|answer| names[answer.call] == "evaluate");
    let metrics = answer.and_then(|answer| metrics_of(&answer.outcome));
    match (expected, metrics) {
        (Some(expected), Some(metrics)) => {
            match difference(&Value::Object(expected.clone()), metrics) {
                None => Ok(Verdict::passed()),
                Some((place, _)) => Err(Verdict::failed(
                    "the same scores, whether the host's callback works or not",
                    format!("the metrics differ at {place}"),
                    "let no result depend on what events are answered",
                )),
            }
        }
        (Some(_), None) => Err(Verdict::failed(
            "`evaluate` gives its result even when the host's callback panics",
            format!("{:?}", answer.map(|answer| &answer.outcome)),
            "let no result depend on what events are answered",
        )),
        (None, _) => Ok(Verdict::passed()),
    }
}
