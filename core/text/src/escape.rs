//! Escapes characters that control a terminal, break a line, or reorder text.

use std::{borrow::Cow, fmt::Write};

/// Whether a character must not be printed as it is: control characters (C0, DEL and C1), line and
/// paragraph separators, characters that change the direction of text (bidirectional controls), and
/// the tag characters, which no terminal shows.
#[must_use]
pub const fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// The text on one line: unsafe characters are escaped as in `\u{1b}`, line breaks as `\n`.
///
/// ```
/// use protea_text::escape_line;
///
/// assert_eq!(escape_line("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
/// assert_eq!(escape_line("größe: 5\u{202e}"), "größe: 5\\u{202e}");
/// ```
#[must_use]
pub fn escape_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// The text on its lines: as [`escape_line`], but line breaks (`\n`) and tabs are kept.
#[must_use]
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape(text, |character| matches!(character, '\n' | '\t'))
}

/// A JSON document with its unsafe characters escaped as in `\u001b`. Line breaks, which can only be
/// between its parts, are kept.
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let is_kept = |character| matches!(character, '\n' | '\t' | '\r');
    if !json.contains(|character| is_unsafe(character) && !is_kept(character)) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_unsafe(character) && !is_kept(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                push(&mut escaped, format_args!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn escape(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(|character| is_unsafe(character) && !is_kept(character)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            kept if is_kept(kept) || !is_unsafe(kept) => escaped.push(kept),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            other => push(&mut escaped, format_args!("\\u{{{:x}}}", u32::from(other))),
        }
    }
    Cow::Owned(escaped)
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_controls_a_terminal_or_reorders_text_is_escaped() {
        let text = "a\0b\rc\u{9b}2Jd\u{7f}e\u{2066}f\u{202a}g\tö\u{e0041}";
        let escaped = "a\\u{0}b\\rc\\u{9b}2Jd\\u{7f}e\\u{2066}f\\u{202a}g\\tö\\u{e0041}";
        assert_eq!(escape_line(text), escaped);
        assert_eq!(escape_lines("a\n\tb\r\nc"), "a\n\tb\\r\nc");
        assert!(matches!(escape_line("plain ≥ 5 é 漢"), Cow::Borrowed(_)));
        assert_eq!(
            escape_json("{\n  \"a\": \"\u{9b}\u{e0041}\"\n}"),
            "{\n  \"a\": \"\\u009b\\udb40\\udc41\"\n}"
        );
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in any::<String>()) {
            prop_assert!(!escape_line(&text).contains(is_unsafe));
            prop_assert!(!escape_lines(&text).contains(|c| is_unsafe(c) && c != '\n' && c != '\t'));
        }
    }
}
