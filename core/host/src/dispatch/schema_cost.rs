//! Bounds of what a runner's schema may cost the host.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, SendError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use protea_contracts::json::{MAX_DEPTH, is_value_deeper};
use regex::RegexBuilder;
use serde_json::Value;

use super::thread_clock::ThreadClock;

/// The largest schema in bytes.
const LARGEST: usize = 1 << 20;
/// The longest pattern in bytes. Matching takes time in proportion to it.
const LONGEST_PATTERN: usize = 4096;
/// The most patterns of a schema.
const MOST_PATTERNS: usize = 128;
/// The largest pattern in bytes of memory, once it is compiled.
const LARGEST_PATTERN: usize = 4 << 20;
/// How much processor time a schema may take to be compiled, and to check a spec. A few references to
/// each other are enough for a schema that takes years.
pub(super) const TIME: Duration = Duration::from_secs(3);
/// How many times as long a thread may take that waits for a processor.
const WAITS: u32 = 20;
/// How long to wait at least before the processor time is read again.
const LOOK: Duration = Duration::from_millis(10);

/// Refuses a schema that is too large.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let costly = |what: String| Err(what);
    if is_value_deeper(schema, MAX_DEPTH) {
        return costly(format!("it is nested more than {MAX_DEPTH} levels deep"));
    }
    let bytes = schema.to_string().len();
    if bytes > LARGEST {
        return costly(format!(
            "it has {bytes} bytes; at most {LARGEST} are allowed"
        ));
    }
    let patterns = patterns(schema);
    if patterns.len() > MOST_PATTERNS {
        return costly(format!(
            "it has {} patterns; at most {MOST_PATTERNS} are allowed",
            patterns.len()
        ));
    }
    if let Some(long) = patterns.iter().find(|it| it.len() > LONGEST_PATTERN) {
        return costly(format!(
            "a pattern has {} bytes; at most {LONGEST_PATTERN} are allowed",
            long.len()
        ));
    }
    Ok(())
}

/// Refuses a schema with a pattern such as `(a{1000}){1000}`, which is short and takes much memory.
/// That takes time, so call it in [`in_time`].
pub(super) fn check_patterns(schema: &Value) -> Result<(), String> {
    for pattern in patterns(schema) {
        let built = RegexBuilder::new(pattern)
            .size_limit(LARGEST_PATTERN)
            .build();
        // The compiler of schemas explains other errors.
        if let Err(regex::Error::CompiledTooBig(_)) = built {
            return Err(format!(
                "the pattern {pattern:?} needs more than {} MiB",
                LARGEST_PATTERN >> 20
            ));
        }
    }
    Ok(())
}

/// All patterns of a schema.
fn patterns(schema: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    let mut pending = vec![schema];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(keywords) => {
                let pattern = keywords.get("pattern").and_then(Value::as_str);
                let named = keywords.get("patternProperties").and_then(Value::as_object);
                let patterns = named.into_iter().flat_map(|named| named.keys());
                found.extend(patterns.map(String::as_str).chain(pattern));
                pending.extend(keywords.values());
            }
            _ => {}
        }
    }
    found
}

/// How long a thread waits for the next call before it ends. A search checks one spec after the other,
/// and starting a thread takes longer than checking one.
const IDLE: Duration = Duration::from_secs(1);
/// Threads that have nothing to do. Calls at the same time have a thread each.
static WAITING: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

type Job = Box<dyn FnOnce() + Send>;

/// The result of `work`, which is left alone if it takes more processor time than `time`.
pub(super) fn in_time<T: Send + 'static>(
    what: &str,
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (send, result) = mpsc::channel();
    let (send_clock, clock) = mpsc::channel();
    let job: Job = Box::new(move || {
        let _ = send_clock.send(ThreadClock::start());
        drop(send.send(work()));
    });
    let worker = start(job).map_err(|error| format!("{what} needs a thread: {error}"))?;
    let result = wait(&result, &clock, time).map_err(|error| match error {
        RecvTimeoutError::Timeout => format!("{what} takes longer than {} s", time.as_secs_f64()),
        RecvTimeoutError::Disconnected => format!("{what} panicked"),
    })?;
    // One that is still busy, or has panicked, is not used again.
    waiting().push(worker);
    Ok(result)
}

/// Waits for a result as long as its thread has used less processor time than `time`: on a busy machine
/// a thread can wait longer than it works.
fn wait<T>(
    result: &Receiver<T>,
    clock: &Receiver<Option<ThreadClock>>,
    time: Duration,
) -> Result<T, RecvTimeoutError> {
    let began = Instant::now();
    let mut left = time;
    let mut found = None;
    loop {
        match result.recv_timeout(left) {
            Err(RecvTimeoutError::Timeout) => {}
            ended => return ended,
        }
        found = found.or_else(|| clock.try_recv().ok());
        let used = match &found {
            Some(clock) => clock.as_ref().and_then(ThreadClock::used).unwrap_or(time),
            // The thread has not begun.
            None => Duration::ZERO,
        };
        if used >= time || began.elapsed() >= time * WAITS {
            return Err(RecvTimeoutError::Timeout);
        }
        left = (time - used).max(LOOK);
    }
}

fn waiting() -> MutexGuard<'static, Vec<Sender<Job>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a job to a thread that waits, or to a new one.
fn start(mut job: Job) -> io::Result<Sender<Job>> {
    loop {
        let Some(worker) = waiting().pop() else {
            break;
        };
        match worker.send(job) {
            Ok(()) => return Ok(worker),
            // The thread has ended since.
            Err(SendError(unsent)) => job = unsent,
        }
    }
    let (worker, jobs) = mpsc::channel::<Job>();
    let thread = thread::Builder::new().name("spec-schema".to_owned());
    thread.spawn(move || {
        job();
        while let Ok(next) = jobs.recv_timeout(IDLE) {
            next();
        }
    })?;
    Ok(worker)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn size_depth_and_patterns_are_bounded() {
        let mut deep = json!(true);
        for _ in 0..MAX_DEPTH {
            deep = json!({ "not": deep });
        }
        assert!(check(&deep).is_ok());
        for schema in [
            json!({ "not": deep }),
            json!({ "description": "x".repeat(LARGEST) }),
            json!({ "items": { "pattern": "x".repeat(LONGEST_PATTERN + 1) } }),
            json!({ "patternProperties": { "x".repeat(LONGEST_PATTERN + 1): true } }),
        ] {
            assert!(check(&schema).is_err());
        }
    }

    /// A thread that works longer than its time is left, one that waits for a processor is not.
    #[test]
    fn processor_time_counts_and_not_the_clock() {
        let time = Duration::from_millis(200);
        let waited = in_time("this", time, move || thread::sleep(3 * time));
        assert_eq!(waited, Ok(()));
        let worked = in_time("this", time, move || {
            let clock = ThreadClock::start().unwrap();
            while clock.used().is_some_and(|used| used < 5 * time) {}
        });
        assert_eq!(worked, Err("this takes longer than 0.2 s".to_owned()));
    }

    #[test]
    fn late_and_panicking_work_does_not_hold_up_the_next() {
        let forever = || thread::sleep(Duration::from_secs(3600));
        let late = in_time("this", Duration::from_millis(10), forever);
        assert_eq!(late, Err("this takes longer than 0.01 s".to_owned()));
        let panicked = in_time("this", TIME, || panic!("of the test"));
        assert_eq!(panicked, Err::<(), _>("this panicked".to_owned()));
        let thread = || thread::current().id();
        let calls = (0..3).map(|_| in_time("this", TIME, thread));
        assert!(calls.collect::<Result<Vec<_>, _>>().is_ok());
    }

    #[test]
    fn the_number_and_memory_of_patterns_are_bounded() {
        let many = |number| json!({ "anyOf": vec![json!({ "pattern": "^a" }); number] });
        assert!(check(&many(MOST_PATTERNS)).is_ok());
        assert!(check(&many(MOST_PATTERNS + 1)).is_err());
        for ordinary in [
            "^\\w{1,64}$",
            "^[A-Z0-9_]{6,10}(-[0-9]+)?$",
            "(?=unsupported)",
        ] {
            assert_eq!(check_patterns(&json!({ "pattern": ordinary })), Ok(()));
        }
        for large in ["(a{1000}){1000}", "(\\w{100}){100}"] {
            let schema = json!({ "patternProperties": { large: true } });
            assert!(check(&schema).is_ok() && check_patterns(&schema).is_err());
        }
    }
}
