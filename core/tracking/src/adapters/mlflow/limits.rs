//! The server's limits on values and requests.

use std::borrow::Cow;

use crate::truncate::truncate;

/// Length of a param's value in characters. The server silently cuts off what is longer.
pub(super) const PARAM: usize = 6000;
/// Length of a tag's value in characters. The server silently cuts off what is longer.
pub(super) const TAG: usize = 8000;
/// Length of a run's name in characters.
pub(super) const RUN_NAME: usize = 250;

/// Metrics in a request to `log-batch`.
pub(super) const METRICS_OF_BATCH: usize = 1000;
/// Params in a request to `log-batch`.
pub(super) const PARAMS_OF_BATCH: usize = 100;
/// Tags in a request to `log-batch`.
pub(super) const TAGS_OF_BATCH: usize = 100;
/// Metrics, params and tags together in a request to `log-batch`.
pub(super) const ITEMS_OF_BATCH: usize = 1000;
/// Size of the items of a request to `log-batch` in bytes. The server's limit for the whole body is
/// a million.
pub(super) const BYTES_OF_BATCH: usize = 999_000;

/// The text, at most `limit` characters long. If it is longer, its end says so. NUL characters are
/// replaced: databases do not accept them.
pub(super) fn fitted(text: &str, limit: usize) -> Cow<'_, str> {
    let mark = |length| format!(" … [cut: {length} characters]");
    if text.contains('\0') {
        let text = text.replace('\0', "\u{fffd}");
        Cow::Owned(truncate(&text, limit, mark).into_owned())
    } else {
        truncate(text, limit, mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_value_says_so() {
        assert_eq!(fitted("short", 10), "short");
        assert_eq!(fitted(&"é".repeat(6000), PARAM), "é".repeat(6000));
        let replaced = fitted(&"é".repeat(6001), PARAM).into_owned();
        assert_eq!(replaced.chars().count(), 6000);
        assert!(
            replaced.ends_with("é … [cut: 6001 characters]"),
            "{replaced}"
        );
        assert_eq!(fitted("a\0b", 10), "a\u{fffd}b");
    }
}
