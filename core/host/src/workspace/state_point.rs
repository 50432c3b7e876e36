//! The identity of a job: signac's hash of its state point.
//!
//! signac (2.x) hashes `json.dumps(state_point, sort_keys=True)` with MD5. So the text must be the
//! one that Python writes, to the letter: `", "` and `": "` between the parts, ASCII only, floats
//! as `repr` prints them.

use std::fmt::Write;

use md5::{Digest, Md5};
use serde_json::{Map, Number, Value};

use super::JobId;

/// Why a state point has no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatePointError {
    /// signac addresses keys with dots.
    #[error("the state point has the key {0:?}; signac allows no dot in a key")]
    Key(String),
}

/// signac's id of the job with this state point: 32 hexadecimal digits.
///
/// ```
/// use protea_core::workspace::job_id;
///
/// let state_point = serde_json::json!({ "a": 0 });
/// let id = job_id(state_point.as_object().unwrap())?;
/// assert_eq!(id.as_str(), "9bfd29df07674bc4aa960cf661b5acd2");
/// # Ok::<(), protea_core::workspace::StatePointError>(())
/// ```
///
/// # Errors
///
/// [`StatePointError::Key`].
pub fn job_id(state_point: &Map<String, Value>) -> Result<JobId, StatePointError> {
    let mut text = String::new();
    write_object(&mut text, state_point)?;
    let digest = Md5::digest(text.as_bytes());
    let id = digest.iter().fold(String::new(), |mut id, byte| {
        write!(id, "{byte:02x}").expect("writing to a String cannot fail");
        id
    });
    Ok(JobId::from_name(id))
}

fn write_object(text: &mut String, object: &Map<String, Value>) -> Result<(), StatePointError> {
    let mut keys: Vec<&String> = object.keys().collect();
    // Python sorts by code point, as UTF-8 does.
    keys.sort_unstable();
    text.push('{');
    for (index, key) in keys.into_iter().enumerate() {
        if key.contains('.') {
            return Err(StatePointError::Key(key.clone()));
        }
        if index > 0 {
            text.push_str(", ");
        }
        write_string(text, key);
        text.push_str(": ");
        write_value(text, &object[key])?;
    }
    text.push('}');
    Ok(())
}

fn write_value(text: &mut String, value: &Value) -> Result<(), StatePointError> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(text, number),
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write_value(text, item)?;
            }
            text.push(']');
        }
        Value::Object(object) => write_object(text, object)?,
    }
    Ok(())
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}").expect("writing to a String cannot fail");
                }
            }
        }
    }
    text.push('"');
}

/// Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and
/// from 1e16 on.
fn write_number(text: &mut String, number: &Number) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        text.push_str(&number.to_string());
        return;
    };
    let exponential = format!("{float:e}");
    let (_, exponent) = exponential
        .split_once('e')
        .expect("the format {:e} has an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a small integer");
    if (-4..16).contains(&exponent) || float == 0.0 {
        let plain = float.to_string();
        text.push_str(&plain);
        if !plain.contains('.') {
            text.push_str(".0");
        }
    } else {
        let (digits, _) = exponential.split_at(exponential.find('e').unwrap_or_default());
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(text, "{digits}e{sign}{:02}", exponent.abs())
            .expect("writing to a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Ids that signac 2.4.1 gives: `signac.job.calc_id(state_point)`.
    #[test]
    fn ids_are_those_of_signac() {
        let cases = [
            (json!({}), "99914b932bd37a50b983c5e7c90ae93b"),
            (json!({"a": 0}), "9bfd29df07674bc4aa960cf661b5acd2"),
            (
                json!({"b": 1.5, "a": [1, 2.0, null, true]}),
                "3667d62430e685d4a600aae03b55ac20",
            ),
            (
                json!({
                    "x": 1e-05, "y": 1e16, "z": 1e22, "w": 123456789012345.6, "v": 0.0001,
                    "u": -0.0
                }),
                "e3bceb572920b18a477296dda18093f5",
            ),
            (
                json!({"ü": "é\n\"\\\u{7f}😀", "A": {"nested": {"z": 1, "a": 2}}}),
                "0d5cf6a954692f320a3854c8b8dcf905",
            ),
        ];
        for (state_point, id) in cases {
            assert_eq!(
                job_id(state_point.as_object().unwrap()).unwrap().as_str(),
                id,
                "{state_point}"
            );
        }
    }
}
