//! Events: their form, their number, their time, and a host that cancels.

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
    comparison::difference,
    fixture::WorkDir,
    pace,
    recorder::{Recorded, Recorder},
    sandbox::{Call, End, Manner, Outcome, Probed},
};

/// The most events of a call, for a few dozen proteins.
const MOST_EVENTS: u64 = 10_000;
/// The most bytes in the events of a call.
const MOST_BYTES: u64 = 10_000_000;
/// How long a worker is watched for events after its answer.
const LINGER: Duration = Duration::from_millis(300);

scope! {
    /// Events.
    EmitTest {
        /// Event names are valid UTF-8, fields are JSON objects, metrics have a name and a finite value
        WellFormed = "emit/well-formed" => well_formed,
        /// Within a stage, progress never decreases for the same total and never exceeds it
        Progress = "emit/progress" => progress,
        /// A call for a few dozen proteins sends at most 10,000 events and 10 MB
        Volume = "emit/volume" => volume,
        /// The runner sends no events below the level that the host requests
        Levels = "emit/levels" => levels,
        /// No event arrives after its call has returned, from a running thread or a kept emitter
        AfterReturn = "emit/after-return" => after_return,
        /// A call ends within a second after the host cancels it
        Cancel = "emit/cancel" => cancel,
        /// The runner survives a callback that cancels the call at every event
        RefusingCallback = "emit/refusing-callback" => refusing_callback,
        /// The runner survives a callback that panics, and returns the same scores
        PanickingCallback = "emit/panicking-callback" => panicking_callback,
    }
}

/// The events of the shared fit and, if there was one, of the shared evaluation.
fn recorded(subject: &Subject) -> Result<Vec<(&'static str, &Recorded)>, Verdict> {
    let mut recorded = vec![("fit", &subject.fitted()?.recorded)];
    if let Ok(evaluated) = subject.evaluated() {
        recorded.push(("evaluate", &evaluated.recorded));
    }
    Ok(recorded)
}

fn no_faults(
    calls: &[(&'static str, &Recorded)],
    faults: impl Fn(&Recorded) -> &[String],
    expected: &str,
    remedy: &str,
) -> Checked {
    for (call, recorded) in calls {
        let faults = faults(recorded);
        if !faults.is_empty() {
            let seen = format!("during {call}: {}", faults.join("; "));
            return Err(Verdict::failed(expected, seen, remedy));
        }
    }
    let events: u64 = calls.iter().map(|(_, recorded)| recorded.events).sum();
    Ok(Verdict::noted(format!("{events} events")))
}

fn well_formed(subject: &Subject) -> Checked {
    no_faults(
        &recorded(subject)?,
        |recorded| &recorded.malformed,
        "event names are valid UTF-8 and fields are JSON objects",
        "send events with `Emitter`, with names such as `runner.knn.fit_start` and `json!({…})` as fields",
    )
}

fn progress(subject: &Subject) -> Checked {
    no_faults(
        &recorded(subject)?,
        |recorded| &recorded.progress,
        "progress rises from 0 to its total",
        "count finished work in one variable (atomic if several threads do the work), and call `emit.stage` before another pass",
    )
}

fn volume(subject: &Subject) -> Checked {
    // Counted in the runner's process, because a worker drops events that are too large to be sent.
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
                "send progress once per block of work, and write data to files instead",
            ));
        }
    }
    Ok(Verdict::passed())
}

fn levels(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let dir = subject.work_dir()?;
    let recorder = || Arc::new(Recorder::new(Level::Warning));
    let (fit, evaluate) = (recorder(), recorder());
    subject.fit_in(&dir, "model", Arc::clone(&fit) as _)?;
    if subject.evaluation_ends() {
        // Other tests report how it ends.
        let request = subject.evaluate_request(fitted, &dir, "evaluation");
        let _ = subject
            .runner()?
            .call::<Evaluate>(&request, Arc::clone(&evaluate) as _);
    }
    no_faults(
        &[("fit", &fit.recorded()), ("evaluate", &evaluate.recorded())],
        |recorded| &recorded.below_level,
        "a host that requests warnings gets no events below that level",
        "compare every event with the host's level, as `Emitter` does",
    )
}

fn after_return(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let runner = subject.lingering(LINGER)?;
    let dir = subject.work_dir()?;
    let check = |call: &str, recorder: &Recorder| match recorder.recorded().late {
        0 => Ok(()),
        late => Err(Verdict::failed(
            "no event arrives after the call has returned",
            format!(
                "{late} events within {} ms after {call} had returned",
                LINGER.as_millis()
            ),
            "before returning, join every thread that has a clone of the emitter",
        )),
    };
    let recorder = Arc::new(Recorder::new(Level::Debug));
    let request = subject.fit_request(&dir, "model", subject.resolved_spec()?);
    let _ = runner.call::<Fit>(&request, Arc::clone(&recorder) as _);
    check("fit", &recorder)?;
    if subject.evaluation_ends() {
        let request = subject.evaluate_request(fitted, &dir, "evaluation");
        let _ = runner.call::<Evaluate>(&request, Arc::clone(&recorder) as _);
        check("evaluate", &recorder)?;
    }
    if subject.export_ends() {
        let request = subject.export_model(&fitted.model_uri, &dir, "export");
        let _ = runner.call::<Export>(&request, Arc::clone(&recorder) as _);
        check("export", &recorder)?;
    }
    // An emitter that one call kept may be used by another.
    let dir = subject.work_dir()?;
    match rounds_of_calls(subject, &dir, 2)?.end {
        End::Finished(last) if last.late > 0 => Err(Verdict::failed(
            "the events of a call go to the emitter of that call",
            format!(
                "in a process with two rounds of calls, {} events arrived through emitters of calls that had returned",
                last.late
            ),
            "do not keep an emitter in a static or a thread after its call; use the one that each call gets",
        )),
        _ => Ok(Verdict::passed()),
    }
}

fn cancel(subject: &Subject) -> Checked {
    subject.runner()?;
    match subject.fit_once() {
        Ok(_) | Err(Verdict::TimedOut { .. }) => {}
        // Another failure says nothing about cancelling.
        Err(_) => return subject.fitted().map(|_| Verdict::passed()),
    }
    let mut cancelled = Vec::new();
    let mut judge = |call: &'static str, error: Option<DispatchError>| match error {
        Some(DispatchError::Runner(RunnerError::Cancelled)) => {
            cancelled.push(call);
            Ok(())
        }
        // It was done before it noticed, or there is no training step.
        None
        | Some(
            DispatchError::Runner(RunnerError::Unsupported { .. }) | DispatchError::Metrics(_),
        ) => Ok(()),
        Some(error) => Err(Verdict::from_dispatch(call, &error)),
    };
    let fit = cancelled_call(subject, |runner, dir, sink| {
        let request = subject.fit_request(dir, "model", subject.resolved_spec()?);
        Ok(runner.call::<Fit>(&request, sink).err())
    })?;
    judge("fit", fit)?;
    if let (Ok(fitted), Ok(_)) = (subject.fitted(), subject.evaluated()) {
        let evaluate = cancelled_call(subject, |runner, dir, sink| {
            let request = subject.evaluate_request(fitted, dir, "evaluation");
            Ok(runner.call::<Evaluate>(&request, sink).err())
        })?;
        judge("evaluate", evaluate)?;
    }
    Ok(match cancelled.as_slice() {
        [] => Verdict::noted("every call finished within a second"),
        calls => Verdict::noted(format!("{} answered `Cancelled`", calls.join(" and "))),
    })
}

/// How a call ends that is cancelled once it has begun.
///
/// One that did not end in time has a second try: a busy machine may have delayed it, while a runner
/// that ignores the host does so every time.
fn cancelled_call(
    subject: &Subject,
    call: impl Fn(&Runner, &WorkDir, Arc<Recorder>) -> Result<Option<DispatchError>, Verdict>,
) -> Result<Option<DispatchError>, Verdict> {
    let once = || {
        let (runner, dir) = (subject.cancellable()?, subject.work_dir()?);
        // A worker reads and opens the library before it makes the call.
        let start = 2 * subject.loading_time() + Duration::from_millis(200);
        let start = start.mul_f64(pace::slowness());
        call(&runner, &dir, Arc::new(Recorder::refusing(start)))
    };
    match once()? {
        Some(DispatchError::Worker(WorkerError::Killed)) => once(),
        end => Ok(end),
    }
}

/// Makes every call that ends, one after the other in one process. Also returns their names.
fn all_calls(subject: &Subject, manner: Manner) -> Result<(Probed, Vec<&'static str>), Verdict> {
    let dir = subject.work_dir()?;
    let calls = subject.calls(&dir, "")?;
    let names: Vec<&str> = calls.iter().map(Call::name).collect();
    let mut task = subject.task(calls);
    task.manner = manner;
    let probed = subject.probe(&task, &dir)?;
    let doing = names.get(probed.answers.len()).unwrap_or(&"the end");
    for answer in &probed.answers {
        if let Outcome::Panicked(panic) = &answer.outcome {
            return Err(Verdict::from_panic("every call", panic));
        }
    }
    match probed.end {
        End::Finished(_) | End::Refused(_) => Ok((probed, names)),
        End::Died(error) => Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
}

fn refusing_callback(subject: &Subject) -> Checked {
    // As in emit/cancel, a call that took too long has a second try.
    match refused_calls(subject)? {
        (_, Some(_)) => match refused_calls(subject)? {
            (_, Some(slow)) => Err(slow),
            (verdict, None) => Ok(verdict),
        },
        (verdict, None) => Ok(verdict),
    }
}

/// Makes every call with a host that cancels it at every event. The second verdict is that on a call
/// that took too long to end.
fn refused_calls(subject: &Subject) -> Result<(Verdict, Option<Verdict>), Verdict> {
    let before = pace::slowness();
    let (probed, names) = all_calls(subject, Manner::Refusing)?;
    let second = before.max(pace::slowness());
    let mut slow = None;
    for answer in &probed.answers {
        let call = names[answer.call];
        // A call that fails in any case says nothing about cancelling.
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
                let warning = Verdict::warning(format!(
                    "{call}, when it is cancelled, returns the error: {error}; return `RunnerError::Cancelled` instead"
                ));
                return Ok((warning, slow));
            }
            Outcome::Panicked(_) | Outcome::Protocol(_) => {
                return Err(Verdict::failed(
                    format!(
                        "{call} ends with a result or `Cancelled` when the host cancels it at every event"
                    ),
                    format!("it {}", answer.outcome),
                    "use `emit.check()?`, and ignore the answers to other events",
                ));
            }
        }
        if answer.seconds > second && matches!(answer.outcome, Outcome::Error(_)) {
            slow.get_or_insert_with(|| {
                Verdict::failed(
                    "a call ends within a second after the host cancels it",
                    format!("{call} took {:.1} s", answer.seconds),
                    "call `emit.check()?` more often",
                )
            });
        }
    }
    Ok((Verdict::passed(), slow))
}

fn panicking_callback(subject: &Subject) -> Checked {
    let expected = match subject.steady_metrics() {
        Ok(result) => Some(&result.metrics),
        // If the scores are not deterministic, only check that the runner survives.
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
                Some((at, _)) => Err(Verdict::failed(
                    "the same scores, whether or not the host's callback panics",
                    format!("the metrics differ at {at}"),
                    "make no result depend on the answers to events",
                )),
            }
        }
        (Some(_), None) => Err(Verdict::failed(
            "`evaluate` returns its result even if the host's callback panics",
            answer.map_or_else(
                || "the call did not end".to_owned(),
                |answer| format!("it {}", answer.outcome),
            ),
            "make no result depend on the answers to events",
        )),
        (None, _) => Ok(Verdict::passed()),
    }
}
