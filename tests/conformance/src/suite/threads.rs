//! Two calls at once, and threads that stay.

use serde_json::Value;

use super::{determinism::difference, scope, writes::metrics_of};
use crate::{
    Checked, Subject, Verdict,
    fixture::Place,
    sandbox::{Call, End, Outcome, Probed},
};

scope! {
    /// Threads.
    ThreadsTest {
        /// Two evaluations at once in one process give the scores that one gives
        TwoAtOnce = "threads/two-at-once" => two_at_once,
        /// No thread goes on working after a call, and repeated calls leave no more threads than one
        LeftRunning = "threads/left-running" => left_running,
    }
}

/// So much processor time, in hundredths of a second, is no thread that works on.
const IDLE: u64 = 10;
const ROUNDS: usize = 3;

fn two_at_once(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let expected = Value::Object(subject.metrics()?.metrics.clone());
    let place = subject.place()?;
    let call = |output: &str| Call::Evaluate(subject.evaluate_request(fitted, &place, output));
    let mut task = subject.task(vec![call("one"), call("two")]);
    task.at_once = true;
    let probed = subject.probe(&task, &place)?;
    let doing = "two evaluations at once";
    match probed.end {
        End::Finished(_) | End::Refused(_) => {}
        End::Died(error) => return Err(Verdict::of_dispatch(doing, &error)),
        End::TimedOut => return Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
    let remedy = "keep what a call needs in the call; statics are shared by calls at the same time";
    for answer in &probed.answers {
        let seen = match metrics_of(&answer.outcome) {
            Some(metrics) => match difference(&expected, metrics) {
                None => continue,
                Some((place, _)) => format!("the metrics differ at {place}"),
            },
            None => match &answer.outcome {
                Outcome::Error(error) => format!("one ends with the error: {error}"),
                outcome => format!("one ends with {outcome:?}"),
            },
        };
        return Err(Verdict::failed(
            "two evaluations at once give the scores that one gives",
            seen,
            remedy,
        ));
    }
    Ok(Verdict::passed())
}

fn left_running(subject: &Subject) -> Checked {
    let (once, _) = left_after(subject, 1)?;
    let (often, busy) = left_after(subject, ROUNDS)?;
    let (Some(once), Some(often)) = (once, often) else {
        return Ok(Verdict::skipped("this system does not count threads"));
    };
    let remedy = "join every thread before the call returns, or keep one pool for the whole process, asleep between calls";
    if busy.is_some_and(|ticks| ticks > IDLE) {
        return Err(Verdict::failed(
            "no thread works on after a call has returned",
            format!("{often} threads stay, and the process keeps the processor busy"),
            remedy,
        ));
    }
    if often > once {
        return Err(Verdict::failed(
            "repeated calls leave no more threads than one call",
            format!("{once} threads stay after a round of calls, {often} after {ROUNDS} rounds"),
            remedy,
        ));
    }
    Ok(match often {
        0 => Verdict::passed(),
        threads => Verdict::noted(format!("keeps {threads} threads, asleep")),
    })
}

/// The threads that stay after so many rounds of calls, and the processor time used while nothing
/// was to be done.
fn left_after(subject: &Subject, rounds: usize) -> Result<(Option<u64>, Option<u64>), Verdict> {
    let place = subject.place()?;
    let probed = rounds_of_calls(subject, &place, rounds)?;
    let before = probed.opened.as_ref().and_then(|(_, usage)| usage.threads);
    let last_call = probed.answers.last().and_then(|answer| answer.usage.ticks);
    match probed.end {
        End::Finished(usage) => {
            let threads = usage.threads.zip(before);
            Ok((
                threads.map(|(after, before)| after.saturating_sub(before)),
                usage
                    .ticks
                    .zip(last_call)
                    .map(|(after, before)| after - before),
            ))
        }
        End::Refused(reason) => Err(Verdict::skipped(reason)),
        End::Died(error) => Err(Verdict::of_dispatch("a round of calls", &error)),
        End::TimedOut => Err(Verdict::timed_out(
            "a round of calls",
            subject.settings.time_limit,
        )),
    }
}

/// Fit, evaluate and export, several times in one process.
pub(super) fn rounds_of_calls(
    subject: &Subject,
    place: &Place,
    rounds: usize,
) -> Result<Probed, Verdict> {
    let fitted = subject.fitted()?;
    let spec = subject.spec()?;
    let round = |at: usize| {
        [
            Call::Fit(subject.fit_request(place, &format!("model-{at}"), spec.clone())),
            Call::Evaluate(subject.evaluate_request(fitted, place, &format!("evaluation-{at}"))),
            Call::Export(subject.export_model(&fitted.model_uri, place, &format!("export-{at}"))),
        ]
    };
    let calls = (0..rounds).flat_map(round).collect();
    let mut task = subject.task(calls);
    task.settle = true;
    subject.probe(&task, place)
}
