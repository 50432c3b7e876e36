//! Writes JSON values as YAML in block style.
//!
//! Strings are double-quoted with escapes, so no reader takes one for a number, a boolean or a comment.

use serde_json::Value;

use super::super::quoting::python;

/// A document. Empty lists and objects are written in flow style.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text
}

/// Writes a value that begins a line or follows `- `; ends with a line break.
fn write(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (place, (key, value)) in object.iter().enumerate() {
                if place > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str(&key_text(key));
                text.push(':');
                if is_block(value) {
                    text.push('\n');
                    text.push_str(&" ".repeat(indent + 2));
                    write(text, value, indent + 2);
                } else {
                    text.push(' ');
                    write(text, value, indent);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str("- ");
                write(text, item, indent + 2);
            }
        }
        scalar => {
            text.push_str(&scalar_text(scalar));
            text.push('\n');
        }
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(string) => python(string),
        // Numbers, booleans, null, [] and {} are the same in both.
        other => other.to_string(),
    }
}

/// Words that YAML 1.1 takes for something else.
const RESERVED: [&str; 10] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none",
];

fn key_text(key: &str) -> String {
    let is_plain = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric())
        && !RESERVED.contains(&key.to_ascii_lowercase().as_str());
    match is_plain {
        true => key.to_owned(),
        false => python(key),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn structure_is_indented_and_strings_are_quoted() {
        let value = json!({
            "a": [{ "b": "yes\n", "c": 1 }, [1, 2], []],
            "no": { "d": null, "e": {} },
            "x-y": "é",
        });
        let expected = r#"a:
  - b: "yes\n"
    c: 1
  - - 1
    - 2
  - []
"no":
  d: null
  e: {}
"x-y": "\xe9"
"#;
        assert_eq!(document(&value), expected);
    }
}
