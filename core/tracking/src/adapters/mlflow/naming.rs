//! Names that the server accepts.
//!
//! A valid name is unchanged. In any other name, invalid characters become `_` and eight
//! hexadecimal digits of a hash of the whole name are added. So a name always has the same
//! replacement, and different names have different ones.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::TrackerError;

/// Length of the name of a metric, param or tag in characters.
const LONGEST_KEY: usize = 250;
/// Length of the hash with the dash before it.
const MARK: usize = 9;

/// Length of the name of an experiment in characters.
const LONGEST_PROJECT: usize = 500;

/// Checks that a server can have an experiment with the name of this project.
pub(super) fn check_project(project: Option<&str>) -> Result<(), TrackerError> {
    let Some(project) = project else {
        return Ok(());
    };
    let reason = if project.trim().is_empty() {
        "MLflow has no experiment with an empty name".to_owned()
    } else if project.chars().count() > LONGEST_PROJECT {
        format!("MLflow allows at most {LONGEST_PROJECT} characters in the name of an experiment")
    } else if project.contains(char::is_control) {
        "MLflow allows no line breaks and control characters in the name of an experiment"
            .to_owned()
    } else {
        return Ok(());
    };
    Err(TrackerError::Name {
        what: "project",
        value: project.to_owned(),
        reason,
    })
}

/// The name of a metric, param or tag: letters and digits of any script, `_`, `-`, `.`, `:`, space
/// and `/` between parts none of which is empty, `.` or `..`; at most 250 characters.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if is_plain_key(name) || is_valid_key(name) {
        return Cow::Borrowed(name);
    }
    let replaced = INVALID.replace_all(name, "_");
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
    // The name may now end with a slash, which is invalid.
    Cow::Owned(format!("{}-{}", kept.trim_end_matches('/'), mark(name)))
}

/// A name for a second use of `name`; `purpose` distinguishes the uses.
pub(super) fn second_key(name: &str, purpose: &str) -> String {
    let kept: String = key(name).chars().take(LONGEST_KEY - MARK).collect();
    format!("{}-{}", kept.trim_end_matches('/'), mark(purpose))
}

/// One part of an artefact's path. The server decodes `%41` repeatedly and refuses `#` and control
/// characters; MLflow's own client cannot read a name with `?`; a backslash separates parts if the
/// server runs on Windows.
pub(super) fn artifact_part(name: &str) -> Cow<'_, str> {
    let invalid = |(at, character): (usize, char)| match character {
        '#' | '?' | '\\' | char::REPLACEMENT_CHARACTER => true,
        '%' => {
            let after = name.as_bytes().get(at + 1..at + 3);
            after.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        }
        character => character.is_control(),
    };
    if !name.char_indices().any(invalid) {
        return Cow::Borrowed(name);
    }
    let replace = |(at, character)| {
        if invalid((at, character)) {
            '_'
        } else {
            character
        }
    };
    let replaced: String = name.char_indices().map(replace).collect();
    // Keep the extension: it tells the type of the file.
    Cow::Owned(match replaced.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}-{}.{ending}", mark(name)),
        _ => format!("{replaced}-{}", mark(name)),
    })
}

/// The name of a logged model, in which more characters are invalid.
pub(super) fn model(name: &str) -> Cow<'_, str> {
    let invalid = |character: char| "/:.%\"'".contains(character) || character.is_control();
    if !name.contains(invalid) && name.chars().count() <= LONGEST_KEY {
        return Cow::Borrowed(name);
    }
    let replaced = name.replace(invalid, "_");
    let kept: String = replaced.chars().take(LONGEST_KEY - MARK).collect();
    Cow::Owned(format!("{kept}-{}", mark(name)))
}

// Letters newer than Unicode 12 are treated as invalid: the server's Python may not know them.
static VALID: LazyLock<Regex> =
    LazyLock::new(|| known(r"\A[[[\p{L}\p{N}]&&\p{Age:12.0}]_.\- :/]+\z"));
static INVALID: LazyLock<Regex> =
    LazyLock::new(|| known(r"[^[[\p{L}\p{N}]&&\p{Age:12.0}]_.\- :/]"));

fn known(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant, which the tests compile")
}

/// Whether the name is valid by simple rules, which hold for nearly every name and need no regular
/// expression.
fn is_plain_key(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-: ".contains(&byte);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    name.len() <= LONGEST_KEY && name.split('/').all(part)
}

fn is_valid_key(name: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    VALID.is_match(name) && name.split('/').all(part) && name.chars().count() <= LONGEST_KEY
}

/// FNV-1a with 32 bits. It must be the same in every version of this crate.
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
    fn valid_names_are_unchanged() {
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
    fn invalid_names_get_distinct_replacements() {
        assert_eq!(key("loss (val)"), "loss _val_-fb8d75f8");
        let long = "x".repeat(251);
        let names = [
            "", "/", "a//b", "a/./b", "a/../b", "a/", "/a", "..", ".", "a@b", "a#b", "a%b",
            "e\u{301}", "🎉", "a\nb", "a\n", &long,
        ];
        let replaced: HashSet<String> = names.iter().map(|name| key(name).into_owned()).collect();
        assert_eq!(replaced.len(), names.len());
        assert!(
            replaced.iter().all(|name| is_valid_key(name)),
            "{replaced:?}"
        );
    }

    #[test]
    fn only_unsafe_artefact_names_are_replaced() {
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
            let replaced = artifact_part(name);
            assert_ne!(replaced, name);
            assert!(replaced.contains(&mark(name)), "{replaced}");
            assert_eq!(artifact_part(&replaced), replaced);
        }
        assert!(artifact_part("a#b.txt").ends_with(".txt"));
    }

    proptest! {
        #[test]
        fn any_name_becomes_valid_and_stays_so(name in any::<String>()) {
            let replaced = key(&name);
            prop_assert!(is_valid_key(&replaced), "{replaced:?}");
            prop_assert_eq!(key(&replaced), replaced.clone());
            prop_assert_eq!(is_valid_key(&name), replaced == name);
            let replaced = model(&name);
            prop_assert!(!replaced.contains(['/', ':', '.', '%', '"', '\'']));
        }

        #[test]
        fn long_names_become_valid(name in "[a-z/.]{200,300}") {
            let replaced = key(&name);
            prop_assert!(is_valid_key(&replaced), "{replaced:?}");
            let replaced = second_key(&name, "another use");
            prop_assert!(is_valid_key(&replaced), "{replaced:?}");
        }
    }
}
