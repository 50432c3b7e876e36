//! Shortening of strings, for limits of backends and for messages.

use std::borrow::Cow;

/// `text` if it is at most `limit` characters long. Otherwise its beginning, followed by the mark
/// that `mark` makes from the number of characters of the whole text; together `limit` characters.
pub(crate) fn truncate(
    text: &str,
    limit: usize,
    mark: impl FnOnce(usize) -> String,
) -> Cow<'_, str> {
    // A string has at least as many bytes as characters.
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let length = text.chars().count();
    if length <= limit {
        return Cow::Borrowed(text);
    }
    let mark = mark(length);
    let kept = limit.saturating_sub(mark.chars().count());
    let mut short: String = text.chars().take(kept).collect();
    short.push_str(&mark);
    Cow::Owned(short)
}

/// As [`truncate`], with an ellipsis as the mark.
pub(crate) fn ellipsis(text: &str, limit: usize) -> Cow<'_, str> {
    truncate(text, limit, |_| "…".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_text_is_shortened() {
        assert_eq!(ellipsis("ä€x", 3), "ä€x");
        assert_eq!(ellipsis("ä€xy", 3), "ä€…");
        let marked = truncate("0123456789abc", 10, |length| format!("[{length}]"));
        assert_eq!(marked, "012345[13]");
    }
}
