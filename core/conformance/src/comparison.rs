//! Compares metrics.

use serde_json::{Map, Value};

/// Where two values differ the most, as a JSON pointer, and by how much.
///
/// The gap is infinite where a value is not a number in both. `None` if they are equal.
pub(crate) fn difference(one: &Value, other: &Value) -> Option<(String, f64)> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            let value = |map: &Map<String, Value>, key| map.get(key).cloned().unwrap_or_default();
            keys.filter_map(|key| {
                let (pointer, gap) = difference(&value(one, key), &value(other, key))?;
                Some((format!("/{key}{pointer}"), gap))
            })
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
        }
        (one, other) if one == other => None,
        (one, other) => {
            let gap = match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => (one - other).abs(),
                _ => f64::INFINITY,
            };
            Some((format!(" ({one} and {other})"), gap))
        }
    }
}
