//! Two calls at once, and threads that remain after a call.

use protea_core::contracts::{Evaluate, Fit};
use serde_json::{Value, json};

use super::{scope, writes::metrics_of};
use crate::{
    Checked, Subject, Verdict,
    comparison::difference,
    fixture::WorkDir,
    sandbox::{Answer, Call, End, Outcome, Probed},
    subject::blamed_on,
    test_names,
};

scope! {
    /// Threads.
    ThreadsTest {
        /// Two fits at once in one process both succeed, and two evaluations at once return the scores of one alone
        TwoAtOnce = "threads/two-at-once" => two_at_once,
        /// A call that is limited to one thread does not start a thread pool
        Limit = "threads/limit" => limit,
        /// No thread keeps working after a call, and the number of threads does not grow with the number of calls
        LeftRunning = "threads/left-running" => left_running,
    }
}

/// The processor time, in hundredths of a second, that a process without a working thread may use.
const IDLE: u64 = 10;
/// Rounds of calls in one process.
const ROUNDS: usize = 3;
/// Threads that a call may have: one that works while the calling thread waits, and some for input and
/// output.
const HELPERS: u64 = 4;
const ALONE: &str = "keep the state of a call inside the call; simultaneous calls share statics";

fn two_fits(subject: &Subject) -> Result<(), Verdict> {
    if subject.fitted()?.result.is_none() {
        return Ok(());
    }
    let dir = subject.work_dir()?;
    let spec = subject.spec()?;
    let call = |output: &str| Call::new::<Fit>(&subject.fit_request(&dir, output, spec.clone()));
    let mut task = subject.task(vec![call("one"), call("two")]);
    task.at_once = true;
    let probed = subject.probe(&task, &dir)?;
    let doing = "two fits at once";
    match probed.end {
        End::Finished(_) | End::Refused(_) => {}
        End::Died(error) => return Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => return Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
    let failed = |answer: &&Answer| !matches!(answer.outcome, Outcome::Result(_));
    match probed.answers.iter().find(failed) {
        None => Ok(()),
        Some(answer) => Err(Verdict::failed(
            "two fits at once both succeed, as one does",
            format!("one {}", answer.outcome),
            ALONE,
        )),
    }
}

fn two_at_once(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let expected = Value::Object(subject.steady_metrics()?.metrics.clone());
    // A runner that can make a call only once cannot make two at the same time.
    if subject
        .repeated()?
        .iter()
        .any(|calls| calls.broken.is_some())
    {
        return Err(blamed_on(test_names::REPEATED, Verdict::passed()));
    }
    let dir = subject.work_dir()?;
    let call =
        |output: &str| Call::new::<Evaluate>(&subject.evaluate_request(fitted, &dir, output));
    two_fits(subject)?;
    let mut task = subject.task(vec![call("one"), call("two")]);
    task.at_once = true;
    let probed = subject.probe(&task, &dir)?;
    let doing = "two evaluations at once";
    match probed.end {
        End::Finished(_) | End::Refused(_) => {}
        End::Died(error) => return Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => return Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
    for answer in &probed.answers {
        let seen = match metrics_of(&answer.outcome) {
            Some(metrics) => match difference(&expected, metrics) {
                None => continue,
                Some((at, _)) => format!("the metrics differ at {at}"),
            },
            None => format!("one {}", answer.outcome),
        };
        return Err(Verdict::failed(
            "two evaluations at once return the scores that one returns",
            seen,
            ALONE,
        ));
    }
    Ok(Verdict::passed())
}

fn limit(subject: &Subject) -> Checked {
    let (mut probed, names) = on_one_thread(subject)?;
    if most_threads(&probed).is_some_and(|(_, own)| own > HELPERS) {
        // On a busy machine, threads that are done may remain for a while. A pool is there every time.
        probed = on_one_thread(subject)?.0;
    }
    let most = match most_threads(&probed) {
        Some((call, own)) if own > HELPERS => {
            return Err(Verdict::failed(
                "with `threads` 1, a call uses one thread",
                format!("{} ran {own} additional threads", names[call]),
                "limit every thread pool to `request.threads`, also those of libraries (OpenMP, BLAS)",
            ));
        }
        Some((_, own)) => own,
        None if probed.opened.is_some() => {
            return Ok(Verdict::skipped("this system does not count threads"));
        }
        None => 0,
    };
    let doing = names.get(probed.answers.len()).unwrap_or(&"the end");
    match probed.end {
        End::Finished(_) | End::Refused(_) => Ok(match most {
            0 => Verdict::passed(),
            threads => Verdict::noted(format!("at most {threads} additional threads")),
        }),
        End::Died(error) => Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
}

/// Makes every call, limited to one thread. Also returns their names.
fn on_one_thread(subject: &Subject) -> Result<(Probed, Vec<&'static str>), Verdict> {
    let dir = subject.work_dir()?;
    let mut calls = subject.calls(&dir, "")?;
    for call in &mut calls {
        if let Some(threads) = call.request.get_mut("threads") {
            *threads = json!(1);
        }
    }
    let names = calls.iter().map(Call::name).collect();
    let mut task = subject.task(calls);
    task.count_threads = true;
    Ok((subject.probe(&task, &dir)?, names))
}

/// The call that ran the most threads of its own, and how many. `None` if the system does not count
/// threads.
fn most_threads(probed: &Probed) -> Option<(usize, u64)> {
    let (_, usage, _) = probed.opened.as_ref()?;
    let before = usage.threads?;
    let own = probed.answers.iter().map(|answer| {
        let peak = answer.peak_threads.unwrap_or_default();
        (answer.call, peak.saturating_sub(before))
    });
    let mut own: Vec<(usize, u64)> = own.collect();
    own.sort_by_key(|&(_, own)| own);
    Some(own.pop().unwrap_or_default())
}

fn left_running(subject: &Subject) -> Checked {
    let (once, _) = left_after(subject, 1)?;
    let (often, busy) = left_after(subject, ROUNDS)?;
    let (Some(once), Some(often)) = (once, often) else {
        return Ok(Verdict::skipped("this system does not count threads"));
    };
    let remedy = "join every thread before the call returns, or keep one pool for the whole process that sleeps between calls";
    if busy.is_some_and(|ticks| ticks > IDLE) {
        return Err(Verdict::failed(
            "no thread keeps working after a call has returned",
            format!("{often} threads stay, and the process keeps using the processor"),
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

/// The threads that remain after so many rounds of calls, and the processor time that the process used
/// while no call was running.
fn left_after(subject: &Subject, rounds: usize) -> Result<(Option<u64>, Option<u64>), Verdict> {
    let dir = subject.work_dir()?;
    let probed = rounds_of_calls(subject, &dir, rounds)?;
    let before = probed
        .opened
        .as_ref()
        .and_then(|(_, usage, _)| usage.threads);
    let last_call = probed.answers.last().and_then(|answer| answer.usage.ticks);
    match probed.end {
        End::Finished(last) => {
            let threads = last.usage.threads.zip(before);
            Ok((
                threads.map(|(after, before)| after.saturating_sub(before)),
                last.usage
                    .ticks
                    .zip(last_call)
                    .map(|(after, before)| after - before),
            ))
        }
        End::Refused(reason) => Err(Verdict::skipped(reason)),
        End::Died(error) => Err(Verdict::from_dispatch("a round of calls", &error)),
        End::TimedOut => Err(Verdict::timed_out(
            "a round of calls",
            subject.settings.time_limit,
        )),
    }
}

/// Makes every call that ends, several times in one process.
pub(super) fn rounds_of_calls(
    subject: &Subject,
    dir: &WorkDir,
    rounds: usize,
) -> Result<Probed, Verdict> {
    let mut calls = Vec::new();
    for round in 0..rounds {
        calls.extend(subject.calls(dir, &format!("-{round}"))?);
    }
    let mut task = subject.task(calls);
    task.settle = true;
    subject.probe(&task, dir)
}
