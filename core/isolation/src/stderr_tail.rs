//! The tail of a worker's standard error, for the error message when the worker is gone.

/// The start of the line that a worker prints to standard error when it ends right after ENOMEM.
pub(super) const STARVED: &str = "protea: memory was refused shortly before the end";

/// How many bytes are kept. A panic can come with a stack trace after its message.
const KEPT: usize = 32 << 10;
/// How many bytes are shown.
const SHOWN: usize = 2 << 10;

/// The end of a stream.
#[derive(Debug, Default)]
pub(super) struct StderrTail {
    kept: Vec<u8>,
}

impl StderrTail {
    /// Takes the next line of the stream.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.kept.extend_from_slice(line);
        let excess = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..excess);
    }

    /// The part to show: from the last panic of a Rust runner or its last failed allocation;
    /// without these, the end.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        let text = text.trim();
        match last_cause(text) {
            Some(at) => {
                let end = text.floor_char_boundary(at + SHOWN);
                text[at..end].trim_end().to_owned()
            }
            None => {
                let begin = text.ceil_char_boundary(text.len().saturating_sub(SHOWN));
                text[begin..].trim_start().to_owned()
            }
        }
    }
}

/// The start of the last panic or allocation failure of Rust. Skips a panic about another panic.
fn last_cause(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut last = None;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let about_another = lines
            .peek()
            .is_some_and(|message| message.starts_with("panic in a function that cannot unwind"));
        let panic = line.contains("panicked at ") && !about_another;
        if panic || line.starts_with("memory allocation of ") {
            last = Some(at);
        }
        at += line.len();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(text: &str) -> String {
        let mut words = StderrTail::default();
        for line in text.split_inclusive('\n') {
            words.push(line.as_bytes());
        }
        words.text()
    }

    #[test]
    fn without_a_panic_the_end_is_shown() {
        assert_eq!(tail("one\ntwo\n"), "one\ntwo");
        let long = "é".repeat(KEPT);
        assert_eq!(tail(&long).len(), SHOWN);
        assert_eq!(tail(""), "");
    }

    #[test]
    fn a_panic_is_shown_with_its_message_however_long_its_trace() {
        let trace = "   1: some_function\n".repeat(500);
        let text = format!(
            "noise\n\nthread 'main' panicked at lib.rs:1:1:\nwhy\nstack backtrace:\n{trace}\
             thread 'main' panicked at core/panicking.rs:2:2:\n\
             panic in a function that cannot unwind\nstack backtrace:\n{trace}"
        );
        let excerpt = tail(&text);
        assert!(
            excerpt.starts_with("thread 'main' panicked at lib.rs:1:1:\nwhy\n"),
            "{excerpt}"
        );
        assert!(excerpt.len() <= SHOWN);
    }
}
