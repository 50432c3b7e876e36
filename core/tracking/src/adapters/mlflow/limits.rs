//! What the server takes of one value, and of one call.

use std::borrow::Cow;

/// Of a param's value, in characters; the server would cut the rest and say nothing.
pub(super) const PARAM: usize = 6000;
/// Of a tag's value, in characters, likewise.
pub(super) const TAG: usize = 8000;
/// Of a run's name, in characters.
pub(super) const RUN_NAME: usize = 250;

/// Of a call to `log-batch`.
pub(super) const METRICS_OF_BATCH: usize = 1000;
/// As above.
pub(super) const PARAMS_OF_BATCH: usize = 100;
/// As above.
pub(super) const TAGS_OF_BATCH: usize = 100;
/// As above: of all kinds together.
pub(super) const ITEMS_OF_BATCH: usize = 1000;
/// As above: its body, in bytes. The server's limit is a million; the rest is for what surrounds
/// the items.
pub(super) const BYTES_OF_BATCH: usize = 999_000;

/// The text, at most `most` characters of it; where it is cut, its end says so. Databases do not
/// take the character NUL.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let text = if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    };
    // Bytes are at least characters.
    if text.len() <= most {
        return text;
    }
    let characters = text.chars().count();
    if characters <= most {
        return text;
    }
    let mark = format!(" … [cut: {characters} characters]");
    let kept = most.saturating_sub(mark.chars().count());
    let kept: String = text.chars().take(kept).collect();
    Cow::Owned(kept + &mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut(&"é".repeat(6000), PARAM), "é".repeat(6000));
        let made = cut(&"é".repeat(6001), PARAM).into_owned();
        assert_eq!(made.chars().count(), 6000);
        assert!(made.ends_with("é … [cut: 6001 characters]"), "{made}");
        assert_eq!(cut("a\0b", 10), "a\u{fffd}b");
    }
}
