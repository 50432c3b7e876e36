//! Strings from files in HTML, and in JSON within HTML. They are shown as text, whatever they contain.

use protea_core::text::{escape_json, escape_line, escape_lines};
use serde_json::Value;

/// The longest text of a cell, a label or a heading in characters.
pub const LONGEST: usize = 300;

/// Text for HTML, in an element or in an attribute between quotation marks. Control characters and
/// characters that reorder text are written as escapes; line breaks stay.
pub fn html(text: &str) -> String {
    encoded(&escape_lines(text))
}

/// [`html`] on one line.
pub fn html_line(text: &str) -> String {
    encoded(&escape_line(text))
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => encoded.push_str("&amp;"),
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            '"' => encoded.push_str("&quot;"),
            '\'' => encoded.push_str("&#39;"),
            other => encoded.push(other),
        }
    }
    encoded
}

/// JSON for a data block in HTML. Without `<`, nothing in it can end the block.
pub fn embedded_json(value: &Value) -> String {
    let text = value.to_string();
    let text = escape_json(&text);
    let mut embedded = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => embedded.push_str("\\u003c"),
            '>' => embedded.push_str("\\u003e"),
            '&' => embedded.push_str("\\u0026"),
            other => embedded.push(other),
        }
    }
    embedded
}

/// The text, cut to `most` characters. A cut text ends with `…`.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A number with three decimals; `–` if it is not finite.
pub fn number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.3}")
    } else {
        "–".to_owned()
    }
}

/// A whole number with separators: `12,345`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A duration with units that suit its length.
pub fn duration(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.1} s"),
        ..3600.0 => format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        ),
        _ => format!(
            "{:.0} h {:02.0} min",
            (seconds / 3600.0).floor(),
            (seconds % 3600.0 / 60.0).floor()
        ),
    }
}

/// A count with its unit in the singular or plural.
pub fn plural(value: u64, unit: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {unit}{ending}", count(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_leaves_its_element_or_attribute() {
        assert_eq!(
            html("<script>\"'&\u{1b}[2J\u{202e}"),
            "&lt;script&gt;&quot;&#39;&amp;\\u{1b}[2J\\u{202e}"
        );
        let value = json!({ "a": "</script><!--\u{2028}\u{202e}&" });
        let embedded = embedded_json(&value);
        assert!(
            !embedded.contains(['<', '>', '&', '\u{2028}', '\u{202e}']),
            "{embedded}"
        );
        assert_eq!(serde_json::from_str::<Value>(&embedded).unwrap(), value);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.5435), "0.543");
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "run"), "1 run");
        assert_eq!(duration(61.0), "1 min 01 s");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
