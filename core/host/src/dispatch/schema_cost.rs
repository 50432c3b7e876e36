//! Bounds of what a runner's schema may cost the host.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use protea_contracts::json::{MAX_DEPTH, is_value_deeper};
use serde_json::Value;

/// The largest schema in bytes.
const LARGEST: usize = 1 << 20;
/// The longest pattern in bytes. Matching takes time in proportion to it.
const LONGEST_PATTERN: usize = 4096;
/// How long a schema may take to be compiled, and to check a spec. A few references to each other
/// are enough for a schema that takes years.
pub(super) const TIME: Duration = Duration::from_secs(3);

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
    let mut pending = vec![schema];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(keywords) => {
                let pattern = keywords.get("pattern").and_then(Value::as_str);
                let named = keywords.get("patternProperties").and_then(Value::as_object);
                let patterns = named.into_iter().flat_map(|named| named.keys());
                let mut patterns = patterns.map(String::as_str).chain(pattern);
                if let Some(long) = patterns.find(|pattern| pattern.len() > LONGEST_PATTERN) {
                    return costly(format!(
                        "a pattern has {} bytes; at most {LONGEST_PATTERN} are allowed",
                        long.len()
                    ));
                }
                pending.extend(keywords.values());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The result of `work`, which is left alone if it takes longer than `time`.
pub(super) fn in_time<T: Send + 'static>(
    what: &str,
    time: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (send, result) = mpsc::channel();
    let worker = thread::Builder::new().name("spec-schema".to_owned());
    let started = worker.spawn(move || drop(send.send(work())));
    started.map_err(|error| format!("{what} needs a thread: {error}"))?;
    result.recv_timeout(time).map_err(|error| match error {
        RecvTimeoutError::Timeout => format!("{what} takes longer than {} s", time.as_secs_f64()),
        RecvTimeoutError::Disconnected => format!("{what} panicked"),
    })
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
}
