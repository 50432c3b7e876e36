//! Text as a word or a literal of the languages of generated files.

use std::fmt::Write;

use protea_text::escape_line;

/// One word of a POSIX shell. No text has a NUL, since no path has.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// One word of bash on one line, without control characters.
pub(super) fn bash(text: &str) -> String {
    if !text.contains(|character: char| character.is_control()) {
        return shell(text);
    }
    let mut word = String::from("$'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => {
                word.push('\\');
                word.push(character);
            }
            // Bytes and not code points: what `\u` gives depends on the locale.
            control if control.is_control() => {
                for byte in control.encode_utf8(&mut [0; 4]).bytes() {
                    push(&mut word, format_args!("\\x{byte:02x}"));
                }
                // A digit that follows would belong to the escape.
                word.push_str("'$'");
            }
            other => word.push(other),
        }
    }
    word.push('\'');
    word
}

/// A string literal of Python, and also a double-quoted scalar of YAML: ASCII only, on one line.
pub(super) fn python(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            ' '..='~' => literal.push(character),
            other if u32::from(other) <= 0xff => {
                push(&mut literal, format_args!("\\x{:02x}", u32::from(other)));
            }
            other if u32::from(other) <= 0xffff => {
                push(&mut literal, format_args!("\\u{:04x}", u32::from(other)));
            }
            other => push(&mut literal, format_args!("\\U{:08x}", u32::from(other))),
        }
    }
    literal.push('"');
    literal
}

/// A string literal of Groovy without interpolation: ASCII only, on one line.
pub(super) fn groovy(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            ' '..='~' => literal.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    push(&mut literal, format_args!("\\u{unit:04x}"));
                }
            }
        }
    }
    literal.push('\'');
    literal
}

/// Lines of a comment. Nothing in a line can end it.
pub(super) fn comment(start: &str, lines: &[String]) -> String {
    let lines = lines
        .iter()
        .map(|line| format!("{start} {}", escape_line(line)));
    lines.collect::<Vec<_>>().join("\n")
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What a program prints that is given this text as its program.
    fn printed(program: &str, option: &str, text: &str) -> String {
        let output = Command::new(program)
            .args([option, text])
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        assert!(output.status.success(), "{text}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Texts with what languages give a meaning to, `\u{1}` between them.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let text = prop_oneof![
            proptest::collection::vec(
                proptest::sample::select(vec![
                    "'", "\"", "\\", "$", "`", "\n", " ", "{x}", "%A", "$(ls)", "${HOME}", "0",
                    "a", "*", "~", "#", "!", "\t", "\r", "\u{7f}", "\u{85}", "\u{2028}", "é", "😀",
                    "u0041", "x41", "&", ";", "\u{feff}", "\u{fffe}", "@plan@",
                ]),
                0..12,
            )
            .prop_map(|parts| parts.concat()),
            "[^\u{0}\u{1}]{0,20}",
        ];
        proptest::collection::vec(text, 40)
    }

    proptest! {
        // Each case has forty texts, and starts three processes.
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn languages_read_what_was_quoted(texts in texts()) {
            let expected = texts.iter().map(|text| format!("{text}\u{1}")).collect::<String>();
            let words = |quote: fn(&str) -> String| {
                let words = texts.iter().map(|text| format!(" {}", quote(text)));
                format!("printf '%s\\001'{}", words.collect::<String>())
            };
            prop_assert_eq!(&printed("sh", "-c", &words(shell)), &expected);
            prop_assert_eq!(&printed("bash", "-c", &words(bash)), &expected);
            let literals: Vec<String> = texts.iter().map(|text| python(text)).collect();
            let program = format!(
                "import sys\nfor t in [{}]: sys.stdout.buffer.write(t.encode() + b'\\x01')",
                literals.join(", ")
            );
            prop_assert_eq!(&printed("python3", "-c", &program), &expected);
        }

        #[test]
        fn a_literal_stays_on_its_line(text in "\\PC{0,10}[\n\r\u{85}\u{2028}'\"]{1,3}\\PC{0,10}") {
            for literal in [python(&text), groovy(&text), bash(&text), comment("#", &[text])] {
                prop_assert!(!literal.contains(['\n', '\r', '\u{85}']), "{}", literal);
            }
        }
    }

    #[test]
    fn groovy_does_not_interpolate() {
        assert_eq!(groovy("a'b\\c$d\n\u{1F600}"), r"'a\'b\\c$d\n\ud83d\ude00'");
    }
}
