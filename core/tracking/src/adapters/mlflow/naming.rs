//! Names as the server takes them.
//!
//! A name that is legal stays as it is. In any other, what is illegal becomes `_`, and eight
//! hexadecimal digits made from the whole name follow: the same name always becomes the same, and
//! two names that differ stay apart, whatever was sent before.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// Of the name of a metric, param or tag, in characters.
const LONGEST_KEY: usize = 250;
/// The last of them, for the digits and the dash before them.
const MARK: usize = 9;

/// The name of a metric, param or tag: letters and digits of any script, `_`, `-`, `.`, `:`, space
/// and `/` between parts none of which is empty, `.` or `..`; at most 250 characters.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if is_plain_key(name) || is_legal_key(name) {
        return Cow::Borrowed(name);
    }
    let replaced = ILLEGAL.replace_all(name, "_");
    let parts: Vec<&str> = replaced
        .split('/')
        .map(|part| match part {
            "" | "." => "_",
            ".." => "__",
            part => part,
        })
        .collect();
    let replaced = parts.join("/");
    let kept: String = replaced.chars().take(LONGEST_KEY - MARK).collect();
    // A cut may end at a slash, or leave a part that names a directory.
    Cow::Owned(format!("{}-{}", kept.trim_end_matches('/'), mark(name)))
}

/// A name that is told apart from the same name used for something else.
pub(super) fn key_apart(name: &str, apart: &str) -> String {
    let kept: String = key(name).chars().take(LONGEST_KEY - MARK).collect();
    format!("{}-{}", kept.trim_end_matches('/'), mark(apart))
}

/// One part of an artefact's path. The server decodes `%41` as often as it can, and takes neither
/// `#` nor control characters; MLflow's own client does not get at a name with `?`; a backslash
/// divides paths where the server runs on Windows.
pub(super) fn artifact_part(name: &str) -> Cow<'_, str> {
    let illegal = |(at, character): (usize, char)| match character {
        '#' | '?' | '\\' | char::REPLACEMENT_CHARACTER => true,
        '%' => {
            let after = name.as_bytes().get(at + 1..at + 3);
            after.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        }
        character => character.is_control(),
    };
    if !name.char_indices().any(illegal) {
        return Cow::Borrowed(name);
    }
    let replace = |(at, character)| {
        if illegal((at, character)) {
            '_'
        } else {
            character
        }
    };
    let replaced: String = name.char_indices().map(replace).collect();
    // The ending says what is in the file.
    Cow::Owned(match replaced.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}-{}.{ending}", mark(name)),
        _ => format!("{replaced}-{}", mark(name)),
    })
}

/// The name of a logged model, which has fewer characters than others.
pub(super) fn model(name: &str) -> Cow<'_, str> {
    let illegal = |character: char| "/:.%\"'".contains(character) || character.is_control();
    if !name.contains(illegal) && name.chars().count() <= LONGEST_KEY {
        return Cow::Borrowed(name);
    }
    let replaced = name.replace(illegal, "_");
    let kept: String = replaced.chars().take(LONGEST_KEY - MARK).collect();
    Cow::Owned(format!("{kept}-{}", mark(name)))
}

// Letters that the server's Python may be too old to know count as illegal.
static LEGAL: LazyLock<Regex> =
    LazyLock::new(|| known(r"\A[[[\p{L}\p{N}]&&\p{Age:12.0}]_.\- :/]+\z"));
static ILLEGAL: LazyLock<Regex> =
    LazyLock::new(|| known(r"[^[[\p{L}\p{N}]&&\p{Age:12.0}]_.\- :/]"));

fn known(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant that the tests compile")
}

/// What nearly every name is, without a regular expression.
fn is_plain_key(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-: ".contains(&byte);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    name.len() <= LONGEST_KEY && name.split('/').all(part)
}

fn is_legal_key(name: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    LEGAL.is_match(name) && name.split('/').all(part) && name.chars().count() <= LONGEST_KEY
}

/// FNV-1a in 32 bits: it must be the same in every version of this program.
fn mark(name: &str) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn legal_names_stay() {
        for name in [
            "MFO/fmax",
            "loss",
            "a.b",
            "a b:c-d_e",
            "größe",
            "中文",
            "..a",
            "²",
        ] {
            assert_eq!(key(name), name);
        }
        let longest = "é".repeat(250);
        assert_eq!(key(&longest), longest);
    }

    #[test]
    fn illegal_names_are_marked_and_stay_apart() {
        assert_eq!(key("loss (val)"), "loss _val_-fb8d75f8");
        let long = "x".repeat(251);
        let names = [
            "", "/", "a//b", "a/./b", "a/../b", "a/", "/a", "..", ".", "a@b", "a#b", "a%b",
            "e\u{301}", "🎉", "a\nb", "a\n", &long,
        ];
        let made: HashSet<String> = names.iter().map(|name| key(name).into_owned()).collect();
        assert_eq!(made.len(), names.len());
        assert!(made.iter().all(|name| is_legal_key(name)), "{made:?}");
    }

    #[test]
    fn artefacts_are_renamed_only_where_the_server_would_lose_them() {
        for name in [
            "100%.txt",
            "a b.txt",
            "中.bin",
            ".hidden",
            "a+b&c=d;e",
            "...",
            "a..b",
        ] {
            assert_eq!(artifact_part(name), name);
        }
        for name in [
            "a#b.txt",
            "a%23b.txt",
            "%2e%2e",
            "a\\b",
            "tab\t.x",
            "\u{fffd}",
        ] {
            let made = artifact_part(name);
            assert_ne!(made, name);
            assert!(made.contains(&mark(name)), "{made}");
            assert_eq!(artifact_part(&made), made);
        }
        assert!(artifact_part("a#b.txt").ends_with(".txt"));
    }

    proptest! {
        #[test]
        fn any_name_becomes_legal_and_stays_so(name in any::<String>()) {
            let made = key(&name);
            prop_assert!(is_legal_key(&made), "{made:?}");
            prop_assert_eq!(key(&made), made.clone());
            prop_assert_eq!(is_legal_key(&name), made == name);
            let made = model(&name);
            prop_assert!(!made.contains(['/', ':', '.', '%', '"', '\'']));
        }

        #[test]
        fn long_names_become_legal(name in "[a-z/.]{200,300}") {
            let made = key(&name);
            prop_assert!(is_legal_key(&made), "{made:?}");
            let made = key_apart(&name, "else");
            prop_assert!(is_legal_key(&made), "{made:?}");
        }
    }
}
