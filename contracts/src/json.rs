//! How deep a JSON text is nested, without parsing it.

/// The most levels of objects and arrays in what a runner returns. What the host writes down with it
/// inside stays below the 128 levels that JSON parsers read.
pub const MAX_DEPTH: usize = 64;

/// Whether a JSON text is nested more than `limit` levels deep.
///
/// ```
/// use protea_contracts::json::is_deeper;
///
/// assert!(is_deeper(br#"{"a": [["}]"]]}"#, 2));
/// assert!(!is_deeper(br#"{"a": [["}]"]]}"#, 3));
/// ```
#[must_use]
pub fn is_deeper(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (false, _) => {}
        }
    }
    false
}

/// Whether a value is nested more than `limit` levels deep.
#[must_use]
pub fn is_value_deeper(value: &serde_json::Value, limit: usize) -> bool {
    use serde_json::Value;
    // Not recursive: the value may be deeper than the stack allows.
    let mut pending = vec![(value, 0_usize)];
    while let Some((value, depth)) = pending.pop() {
        match value {
            Value::Array(_) | Value::Object(_) if depth == limit => return true,
            Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(items) => pending.extend(items.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_value_have_the_same_depth() {
        for (value, depth) in [
            (json!(1), 0),
            (json!({}), 1),
            (json!({ "a\\\"{": "[[" }), 1),
            (json!([{ "a": [1, 2] }, []]), 3),
        ] {
            let text = value.to_string();
            for limit in 0..5 {
                assert_eq!(is_deeper(text.as_bytes(), limit), depth > limit, "{text}");
                assert_eq!(is_value_deeper(&value, limit), depth > limit, "{text}");
            }
        }
    }
}
