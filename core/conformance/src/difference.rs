//! Where two JSON values differ.

use serde_json::Value;

/// The first place where two values differ, and by how much.
pub(crate) fn difference(one: &Value, other: &Value) -> Option<(String, f64)> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.filter_map(|key| {
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                let (place, gap) = difference(&of(one), &of(other))?;
                Some((format!("/{key}{place}"), gap))
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
