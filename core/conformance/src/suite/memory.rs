//! Memory and open files over many calls in one process.

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    sandbox::Usage,
    subject::{Repeated, blamed_on},
    test_names,
};

scope! {
    /// Memory and files over many calls.
    MemoryTest {
        /// Memory does not grow over 50 calls in one process
        Growth = "memory/growth" => growth,
        /// The number of open files does not grow over 50 calls in one process
        Files = "memory/files" => files,
    }
}

/// Growth per call, in bytes, that the allocator explains.
const NOISE: u64 = 48 << 10;
/// Growth over all calls, in bytes, that the allocator explains: each thread of a runner has an arena
/// of its own, which grows to its size in a few calls. LightGBM's took 3 MiB in 42 calls.
const NOISE_IN_ALL: u64 = 4 << 20;
/// Fewer calls do not show a trend.
const FEWEST: usize = 6;

fn growth(subject: &Subject) -> Checked {
    let repeated = subject.repeated()?;
    let mut most = 0;
    for calls in repeated {
        let Some(memory) = course(calls, |usage| usage.memory) else {
            return no_course(calls);
        };
        let Course { warm, middle, last } = memory;
        // Growth in both halves: a cache grows once and stays.
        let first = middle.since(&warm);
        let second = last.since(&middle);
        let in_all = last.value.saturating_sub(warm.value);
        if first.min(second) > NOISE && in_all > NOISE_IN_ALL {
            return Err(Verdict::failed(
                "memory does not grow with the number of calls",
                format!(
                    "{} KiB per call over {} calls of {}, from {} to {} MiB",
                    first.min(second) >> 10,
                    last.call + 1,
                    calls.call,
                    warm.value >> 20,
                    last.value >> 20
                ),
                "free what a call allocates; keep nothing in statics",
            ));
        }
        most = most.max(last.value);
    }
    whole(repeated)?;
    Ok(Verdict::noted(format!("{} MiB", most >> 20)))
}

fn files(subject: &Subject) -> Checked {
    let repeated = subject.repeated()?;
    for calls in repeated {
        let Some(files) = course(calls, |usage| usage.files) else {
            return no_course(calls);
        };
        let Course { warm, last, .. } = files;
        if last.since(&warm) > 0 {
            return Err(Verdict::failed(
                "the number of open files does not grow with the number of calls",
                format!(
                    "{} after {} calls of {}, {} after {}",
                    warm.value,
                    warm.call + 1,
                    calls.call,
                    last.value,
                    last.call + 1
                ),
                "close files, sockets and maps when a call returns",
            ));
        }
    }
    whole(repeated)?;
    Ok(Verdict::passed())
}

/// What the process used after three of the calls.
struct Course {
    /// From here on, caches and pools have their size.
    warm: Use,
    middle: Use,
    last: Use,
}

struct Use {
    call: usize,
    value: u64,
}

impl Use {
    /// The growth per call.
    fn since(&self, before: &Self) -> u64 {
        self.value.saturating_sub(before.value) / (self.call - before.call) as u64
    }
}

fn course(calls: &Repeated, of: impl Fn(&Usage) -> Option<u64>) -> Option<Course> {
    let count = calls.answers.len();
    let at = |call: usize| {
        let value = of(&calls.answers.get(call)?.usage)?;
        Some(Use { call, value })
    };
    if count < FEWEST {
        return None;
    }
    Some(Course {
        warm: at(count / 5)?,
        middle: at(3 * count / 5)?,
        last: at(count - 1)?,
    })
}

fn no_course(calls: &Repeated) -> Checked {
    whole(std::slice::from_ref(calls))?;
    Ok(Verdict::skipped(match calls.answers.len() {
        ..FEWEST => format!("{} is too slow to be repeated", calls.call),
        _ => "this system does not report what a process uses".to_owned(),
    }))
}

/// Passes on a failure during the calls, which makes the numbers meaningless.
fn whole(repeated: &[Repeated]) -> Result<(), Verdict> {
    match repeated.iter().find_map(|calls| calls.broken.clone()) {
        Some(broken) => Err(blamed_on(test_names::REPEATED, broken)),
        None => Ok(()),
    }
}
