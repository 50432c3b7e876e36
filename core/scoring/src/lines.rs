//! Lines and columns of a table, split like Python's `open` and `str.split`.

use memchr::memchr2;
use protea_ontology::{Reading, spelling::trim_invisible};
pub use protea_ontology::{
    score_columns::{is_header, is_remark},
    text::other_separator,
};

/// The lines of a block, each with its number from 0. Lines end with `\n`, `\r\n` or `\r`. Empty
/// lines are skipped.
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    /// The lines of `block`, which begins at the start of a line.
    #[must_use]
    pub fn new(block: &'a [u8]) -> Lines<'a> {
        Lines {
            rest: block,
            number: 0,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        while !self.rest.is_empty() {
            let end = memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
            let (line, rest) = self.rest.split_at(end);
            let ending = if rest.starts_with(b"\r\n") {
                2
            } else {
                1.min(rest.len())
            };
            self.rest = &rest[ending..];
            let number = self.number;
            self.number += 1;
            if !line.is_empty() {
                return Some((number, line));
            }
        }
        None
    }
}

/// Number of lines in a block, including empty lines.
#[must_use]
pub fn line_count(block: &[u8]) -> u64 {
    let mut lines = Lines::new(block);
    while lines.next().is_some() {}
    lines.number
}

const SPACE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 9;
    while byte <= 13 {
        table[byte] = true;
        byte += 1;
    }
    byte = 28;
    while byte <= 32 {
        table[byte] = true;
        byte += 1;
    }
    table
};

/// The first `N` columns, separated by any white space. Missing columns are empty. Quotation marks
/// around a column, as R writes them, are removed unless the reading is cafaeval's.
#[must_use]
#[inline]
pub fn columns<const N: usize>(line: &[u8], reading: Reading) -> [&[u8]; N] {
    if is_quoted(line, reading) {
        return spaced_columns(line, reading).map(unquoted);
    }
    spaced_columns(line, reading)
}

/// Whether a line starts with a column in quotation marks, which are removed.
#[inline]
pub(super) fn is_quoted(line: &[u8], reading: Reading) -> bool {
    line.first() == Some(&b'"') && reading == Reading::Specification
}

#[cold]
fn unquoted(column: &[u8]) -> &[u8] {
    match column {
        [b'"', inner @ .., b'"'] => inner,
        other => other,
    }
}

#[inline]
fn spaced_columns<const N: usize>(line: &[u8], reading: Reading) -> [&[u8]; N] {
    let mut columns = [&line[..0]; N];
    let mut at = 0;
    for column in &mut columns {
        while at < line.len() && SPACE[usize::from(line[at])] {
            at += 1;
        }
        let start = at;
        while at < line.len() && !SPACE[usize::from(line[at])] {
            if line[at] >= 0x80 {
                return unicode_columns(line, reading);
            }
            at += 1;
        }
        *column = &line[start..at];
    }
    columns
}

/// Like [`columns`], for lines that may have white space outside ASCII. A line that is not UTF-8 is
/// split at ASCII white space only. Characters without width around a column are removed unless the
/// reading is cafaeval's.
#[cold]
fn unicode_columns<const N: usize>(line: &[u8], reading: Reading) -> [&[u8]; N] {
    let mut columns = [&line[..0]; N];
    let Ok(text) = std::str::from_utf8(line) else {
        let fields = line
            .split(|&b| SPACE[usize::from(b)])
            .filter(|f| !f.is_empty());
        columns.iter_mut().zip(fields).for_each(|(c, f)| *c = f);
        return columns;
    };
    let separates = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let trimmed = |field| match reading {
        Reading::Specification => trim_invisible(field),
        Reading::Cafaeval => field,
    };
    let fields = text.split(separates).map(trimmed).filter(|f| !f.is_empty());
    columns
        .iter_mut()
        .zip(fields)
        .for_each(|(c, f)| *c = f.as_bytes());
    columns
}

/// Parses a number like Python's `float`, including `inf`, `nan`, `+1` and `1_000`.
#[must_use]
#[inline]
pub fn float(text: &[u8]) -> Option<f64> {
    match fast_float2::parse(text) {
        Ok(value) => Some(value),
        Err(_) => unusual_float(text),
    }
}

#[cold]
fn unusual_float(text: &[u8]) -> Option<f64> {
    // Underscores are allowed between two digits.
    let misplaced = |at: usize| {
        let digit = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
        text[at] == b'_' && !(at > 0 && digit(at - 1) && digit(at + 1))
    };
    if !text.contains(&b'_') || (0..text.len()).any(misplaced) {
        return None;
    }
    let plain: Vec<u8> = text.iter().copied().filter(|&b| b != b'_').collect();
    fast_float2::parse(plain).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_as_in_python() {
        let lines: Vec<_> = Lines::new(b"a\r\nb\rc\n\nd").collect();
        assert_eq!(lines, [(0, &b"a"[..]), (1, b"b"), (2, b"c"), (4, b"d")]);
        assert_eq!(line_count(b"a\r\nb\rc\n\nd"), 5);
    }

    #[test]
    fn columns_are_separated_by_any_white_space() {
        assert_eq!(
            columns::<3>(b" P1\x0b\tGO:1 \x1c0.5 more", Reading::Cafaeval),
            [&b"P1"[..], b"GO:1", b"0.5"]
        );
        assert_eq!(
            columns::<3>("P1\u{a0}GO:1\u{2003}0.5".as_bytes(), Reading::Cafaeval),
            [&b"P1"[..], b"GO:1", b"0.5"]
        );
        assert_eq!(
            columns::<3>(b"P\xff GO:1", Reading::Cafaeval),
            [&b"P\xff"[..], b"GO:1", b""]
        );
        assert_eq!(columns::<2>(b"", Reading::Cafaeval), [b""; 2]);
    }

    #[test]
    fn floats_parse_as_in_python() {
        for (text, value) in [
            ("1_000.5", 1000.5),
            ("+.5", 0.5),
            ("1.", 1.0),
            ("1e-2", 0.01),
            ("1e999", f64::INFINITY),
            ("-InFinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text}");
        }
        assert!(float(b"NaN").is_some_and(f64::is_nan));
        for text in ["", "score", "1__0", "_1", "1_", "0x10", "1,5", "--1", "1e"] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn columns_equal_split_whitespace(line in "[ \ta-zé\u{a0}]{0,20}") {
            let mut wanted = line.split_whitespace();
            let wanted: [&[u8]; 3] = std::array::from_fn(|_| wanted.next().map_or(&b""[..], str::as_bytes));
            prop_assert_eq!(columns::<3>(line.as_bytes(), Reading::Cafaeval), wanted);
        }
    }
}
