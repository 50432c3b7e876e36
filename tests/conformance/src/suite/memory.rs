//! Fifty calls in one process.

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    sandbox::{Answer, Call, End, Outcome},
};

scope! {
    /// Memory and files over many calls.
    MemoryTest {
        /// Memory does not grow over 50 evaluations in one process
        Growth = "memory/growth" => growth,
        /// Open files do not become more over 50 evaluations in one process
        Files = "memory/files" => files,
    }
}

const CALLS: usize = 50;
/// From here on, caches and pools are what they will be.
const WARM: usize = 9;
const MIDDLE: usize = 29;
/// Growth per call, in bytes, that an allocator's own doings explain.
const NOISE: u64 = 48 << 10;

fn growth(subject: &Subject) -> Checked {
    let answers = fifty(subject)?;
    let at = |call: usize| answers.get(call).and_then(|answer| answer.usage.memory);
    let (Some(warm), Some(middle), Some(last)) = (at(WARM), at(MIDDLE), at(CALLS - 1)) else {
        return Ok(Verdict::skipped(
            "this system does not tell a process's memory",
        ));
    };
    // In both halves: what grows once and then stays is a cache, not a leak.
    let per_call = |from: u64, to: u64, calls: usize| to.saturating_sub(from) / calls as u64;
    let first = per_call(warm, middle, MIDDLE - WARM);
    let second = per_call(middle, last, CALLS - 1 - MIDDLE);
    if first.min(second) > NOISE {
        return Err(Verdict::failed(
            "memory does not grow with the number of calls",
            format!(
                "{} KiB per call over {CALLS} evaluations, from {} to {} MiB",
                first.min(second) >> 10,
                warm >> 20,
                last >> 20
            ),
            "drop what a call allocates; keep nothing in statics and leak nothing",
        ));
    }
    Ok(Verdict::noted(format!("{} MiB", last >> 20)))
}

fn files(subject: &Subject) -> Checked {
    let answers = fifty(subject)?;
    let at = |call: usize| answers.get(call).and_then(|answer| answer.usage.files);
    let (Some(warm), Some(last)) = (at(WARM), at(CALLS - 1)) else {
        return Ok(Verdict::skipped("this system does not count open files"));
    };
    if last >= warm + (CALLS - 1 - WARM) as u64 {
        return Err(Verdict::failed(
            "open files do not become more with the number of calls",
            format!("{warm} after {} calls, {last} after {CALLS}", WARM + 1),
            "close files, sockets and maps when a call returns",
        ));
    }
    Ok(Verdict::passed())
}

fn fifty(subject: &Subject) -> Result<&[Answer], Verdict> {
    subject.metrics()?;
    let answers = subject.fifty_evaluations(|| {
        let fitted = subject.fitted()?;
        let place = subject.place()?;
        let mut request = subject.evaluate_request(fitted, &place, "evaluation");
        // Allocators keep an arena per thread.
        request.threads = 1;
        let calls = vec![Call::Evaluate(request); CALLS];
        let probed = subject.probe(&subject.task(calls), &place)?;
        let doing = format!(
            "evaluation {} of {CALLS} in one process",
            probed.answers.len() + 1
        );
        match probed.end {
            End::Finished(_) | End::Refused(_) => {}
            End::Died(error) => return Err(Verdict::of_dispatch(&doing, &error)),
            End::TimedOut => return Err(Verdict::timed_out(&doing, subject.settings.time_limit)),
        }
        let failed = |answer: &&Answer| !matches!(answer.outcome, Outcome::Result(_));
        match probed.answers.iter().find(failed) {
            None => Ok(probed.answers),
            Some(answer) => Err(Verdict::failed(
                "an evaluation that succeeds once succeeds fifty times",
                format!(
                    "the call {} ends with {:?}",
                    answer.call + 1,
                    answer.outcome
                ),
                "keep no state between calls",
            )),
        }
    })?;
    Ok(answers)
}
