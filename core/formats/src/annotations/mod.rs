//! Reads annotations of proteins with terms: CAFA tables, GAF and GPAD.

mod evidence;
mod gaf_gpad;
mod row;

use std::path::Path;

use protea_ontology::Aspect;

use super::{
    error::{FormatError, excerpt},
    lines::Lines,
};
use row::{Layout, RowKind, usable_accession, usable_term};

pub use row::AnnotationRow;

/// Number of skipped rows of a GAF or GPAD file. They state what is *not* known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Rows with the qualifier `NOT`.
    pub negated: u64,
    /// Rows with evidence `ND` (no biological data available).
    pub no_data: u64,
}

/// Reads annotations one by one from a CAFA table (`EntryID term aspect`: two or three columns,
/// with or without a header), a GAF file (1.0 to 2.2) or a GPAD file (1.1 to 2.0). The format is
/// detected from the first lines.
pub struct AnnotationReader {
    lines: Lines,
    layout: Option<Layout>,
    /// Whether the current line of `lines` is not yet parsed.
    pending: bool,
    skipped: Skipped,
    rows: u64,
}

impl AnnotationReader {
    /// Opens a file of annotations, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self::resume(Lines::open(path)?, false))
    }

    /// Continues from the position of `lines`, starting with its current line if `pending`.
    pub(super) fn resume(lines: Lines, pending: bool) -> Self {
        Self {
            lines,
            layout: None,
            pending,
            skipped: Skipped::default(),
            rows: 0,
        }
    }

    /// Number of rows skipped so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Reads the next annotation; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// [`FormatError::Malformed`] for an invalid line, [`FormatError::Empty`] for a file without
    /// rows, [`FormatError::Read`] if reading fails.
    pub fn next_row(&mut self) -> Result<Option<AnnotationRow<'_>>, FormatError> {
        while std::mem::take(&mut self.pending) || self.lines.advance()? {
            let line = self.lines.line();
            if line.trim_ascii().is_empty() {
                continue;
            }
            if line.starts_with(b"!") {
                if let Some(layout) = stated_layout(&self.lines)? {
                    self.layout = Some(layout);
                } else if self.layout == Some(Layout::Table) {
                    return Err(self.lines.malformed(
                        format!("{} is a comment within a table", excerpt(line)),
                        "remove the line",
                    ));
                }
                continue;
            }
            let layout = *self.layout.get_or_insert_with(|| detect_layout(line));
            if layout == Layout::Table && self.lines.number() == 1 && is_header(self.lines.text()?)
            {
                continue;
            }
            self.rows += 1;
            match row_kind(&self.lines, layout)? {
                RowKind::Negated => self.skipped.negated += 1,
                RowKind::NoData => self.skipped.no_data += 1,
                RowKind::Kept => return row(&self.lines, layout).map(Some),
            }
        }
        if self.rows == 0 {
            return Err(FormatError::Empty {
                path: self.lines.path().to_owned(),
                expected: "annotation",
            });
        }
        Ok(None)
    }
}

fn row_kind(lines: &Lines, layout: Layout) -> Result<RowKind, FormatError> {
    match layout {
        Layout::Table => Ok(RowKind::Kept),
        Layout::Gaf => gaf_gpad::gaf_row_kind(lines),
        Layout::GpadOne | Layout::GpadTwo => gaf_gpad::gpad_row_kind(lines, layout),
    }
}

fn row(lines: &Lines, layout: Layout) -> Result<AnnotationRow<'_>, FormatError> {
    match layout {
        Layout::Table => table_row(lines),
        Layout::Gaf => gaf_gpad::gaf_row(lines),
        Layout::GpadOne | Layout::GpadTwo => gaf_gpad::gpad_row(lines, layout),
    }
}

/// Parses `!gaf-version: 2.2` or `!gpa-version: 1.1`. `None` for any other comment.
fn stated_layout(lines: &Lines) -> Result<Option<Layout>, FormatError> {
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
fn detect_layout(line: &[u8]) -> Layout {
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

/// Whether the first line is that of a GAF or GPAD file, not of a table.
pub(super) fn looks_like_gaf(line: &[u8]) -> bool {
    line.starts_with(b"!") || detect_layout(line) != Layout::Table
}

/// A row is a header if its second column has no colon, because every term has one.
fn is_header(line: &str) -> bool {
    !table_words(line)
        .nth(1)
        .is_some_and(|word| word.contains(':'))
}

/// Splits a line at tabs or, if it has none, at blanks, like cafaeval.
fn table_words(line: &str) -> impl Iterator<Item = &str> {
    let tabbed = line.contains('\t');
    line.split(move |c: char| if tabbed { c == '\t' } else { c.is_whitespace() })
        .map(str::trim)
        .filter(move |w| tabbed || !w.is_empty())
}

fn table_row(lines: &Lines) -> Result<AnnotationRow<'_>, FormatError> {
    const REMEDY: &str =
        "give 'accession<tab>term<tab>aspect' (the aspect is optional), a GAF or a GPAD file";
    let mut words = table_words(lines.text()?);
    let (Some(word), Some(term), third, None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(lines.malformed(
            format!(
                "{} does not have two or three columns",
                excerpt(lines.line())
            ),
            REMEDY,
        ));
    };
    let aspect = match third {
        None | Some("") => None,
        Some(text) => Some(text.parse::<Aspect>().map_err(|_| {
            lines.malformed(
                format!("{} is not an aspect", excerpt(text.as_bytes())),
                "write F, P or C (or MFO, BPO, CCO)",
            )
        })?),
    };
    Ok(AnnotationRow {
        accession: usable_accession(lines, word, REMEDY)?,
        isoform: None,
        term: usable_term(lines, term, REMEDY)?,
        aspect,
        evidence: None,
        taxon: None,
        date: None,
    })
}
