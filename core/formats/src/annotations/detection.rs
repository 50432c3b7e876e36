//! Detects the layout of a file of annotations, from the version that it states or from its first row.

use super::layout::{Columns, Layout};
use crate::{
    error::{FormatError, excerpt},
    lines::Lines,
};

/// Parses `!gaf-version: 2.2` or `!gpa-version: 1.1`. `None` for any other comment.
pub(super) fn stated_layout(lines: &Lines) -> Result<Option<Layout>, FormatError> {
    let line = String::from_utf8_lossy(lines.line());
    let Some((key, version)) = line[1..].split_once(':') else {
        return Ok(None);
    };
    let version = version.trim();
    let layout = match (key.trim(), version.split('.').next().unwrap_or("")) {
        ("gaf-version", "1" | "2") => Layout::Gaf,
        ("gpa-version" | "gpad-version", "1") => Layout::GpadOne,
        ("gpa-version" | "gpad-version", "2") => Layout::GpadTwo,
        ("gaf-version" | "gpa-version" | "gpad-version", _) => {
            return Err(lines.malformed(
                format!(
                    "version {} of the format is not supported",
                    excerpt(version.as_bytes())
                ),
                "give GAF 1.0 to 2.2 or GPAD 1.1 to 2.0",
            ));
        }
        _ => return Ok(None),
    };
    Ok(Some(layout))
}

/// Detects the format of a file without a version line from its first row.
pub(super) fn detect_layout(line: &[u8]) -> Layout {
    if let Some(columns) = Columns::of_header(line).or_else(|| Columns::of_row(line)) {
        return Layout::Named(columns);
    }
    let mut columns = line.split(|&b| b == b'\t');
    let first = columns.next().unwrap_or(line);
    let evidence = columns.clone().nth(4).unwrap_or(b"");
    match columns.count() + 1 {
        10..=12 if evidence.starts_with(b"ECO:") && first.contains(&b':') => Layout::GpadTwo,
        10..=12 if evidence.starts_with(b"ECO:") => Layout::GpadOne,
        15.. => Layout::Gaf,
        _ => Layout::Table,
    }
}
