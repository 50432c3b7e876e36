//! Calls in the host's process and in a worker, and what they leave in a process.

use protea_core::contracts::Evaluate;
use serde_json::Value;

use super::{scope, threads::rounds_of_calls, writes::metrics_of};
use crate::{
    Checked, Subject, Verdict,
    comparison::difference,
    sandbox::{Call, End},
};

scope! {
    /// Processes.
    IsolationTest {
        /// A call in the host's process and a call in a worker return the same scores
        SameResult = "isolation/same-result" => same_result,
        /// A call that succeeds once succeeds fifty times in the same process
        Repeated = "isolation/repeated" => repeated,
        /// The calls do not change the process: directory, environment, umask, signals, limits, standard streams, floating-point mode
        ProcessState = "isolation/process-state" => process_state,
        /// The calls leave no process running
        Children = "isolation/children" => children,
    }
}

fn same_result(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    let in_worker = Value::Object(subject.steady_metrics()?.metrics.clone());
    let dir = subject.work_dir()?;
    let request = subject.evaluate_request(fitted, &dir, "evaluation");
    let probed = subject.probe(&subject.task(vec![Call::new::<Evaluate>(&request)]), &dir)?;
    match probed.end {
        End::Finished(_) | End::Refused(_) => {}
        End::Died(error) => return Err(Verdict::from_dispatch("evaluate", &error)),
        End::TimedOut => {
            return Err(Verdict::timed_out("evaluate", subject.settings.time_limit));
        }
    }
    let outcome = probed.answers.first().map(|answer| &answer.outcome);
    let seen = match outcome.and_then(metrics_of) {
        Some(metrics) => match difference(&in_worker, metrics) {
            None => return Ok(Verdict::passed()),
            Some((at, _)) => format!("the metrics differ at {at}"),
        },
        None => match outcome {
            Some(outcome) => format!("in the host's process, it {outcome}"),
            None => "in the host's process, it did not end".to_owned(),
        },
    };
    Err(Verdict::failed(
        "the same scores in the host's process and in a worker",
        seen,
        "do not depend on the current directory, the environment or standard input",
    ))
}

fn repeated(subject: &Subject) -> Checked {
    let repeated = subject.repeated()?;
    if let Some(broken) = repeated.iter().find_map(|calls| calls.broken.clone()) {
        return Err(broken);
    }
    let said: Vec<String> = repeated
        .iter()
        .map(|calls| format!("{} {}", calls.answers.len(), calls.call))
        .collect();
    Ok(Verdict::noted(said.join(", ")))
}

fn process_state(subject: &Subject) -> Checked {
    let dir = subject.work_dir()?;
    let probed = rounds_of_calls(subject, &dir, 1)?;
    let opened = probed.opened.as_ref().map(|(_, _, state)| state);
    let (before, after) = match (opened, &probed.end) {
        (Some(before), End::Finished(last)) => (before, &last.state),
        (_, End::Died(error)) => return Err(Verdict::from_dispatch("a round of calls", error)),
        (_, End::TimedOut) => {
            let limit = subject.settings.time_limit;
            return Err(Verdict::timed_out("a round of calls", limit));
        }
        (_, _) => return Ok(Verdict::skipped("the library does not open in a probe")),
    };
    let changes = after.changes(before);
    if changes.is_empty() {
        return Ok(Verdict::passed());
    }
    Err(Verdict::failed(
        "a call does not change the state that the whole process shares",
        changes.join(", "),
        "use absolute paths, set the environment only for child processes, leave signals to the host, and link without -ffast-math",
    ))
}

fn children(subject: &Subject) -> Checked {
    if !cfg!(target_os = "linux") {
        return Ok(Verdict::skipped(
            "this system does not report the parents of processes",
        ));
    }
    let dir = subject.work_dir()?;
    let probed = rounds_of_calls(subject, &dir, 1)?;
    match (probed.children, probed.end) {
        (0, End::Died(error)) => Err(Verdict::from_dispatch("a round of calls", &error)),
        (0, End::TimedOut) => Err(Verdict::timed_out(
            "a round of calls",
            subject.settings.time_limit,
        )),
        (0, _) => Ok(Verdict::passed()),
        (left, _) => Err(Verdict::failed(
            "a call leaves no process running",
            format!(
                "{} still running (killed now)",
                match left {
                    1 => "1 process that it started is".to_owned(),
                    left => format!("{left} processes that it started are"),
                }
            ),
            "wait for every child process before returning, and kill it when the call is cancelled",
        )),
    }
}
