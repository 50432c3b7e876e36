//! Annotations of proteins with terms: CAFA tables, GAF 2 and GPAD.

mod columns;
mod evidence;
mod row;

use std::path::Path;

use protea_ontology::Aspect;

use super::error::{FormatError, excerpt};
use super::lines::Lines;

pub use row::AnnotationRow;
use row::{Fate, Layout, usable_accession, usable_term};

/// Rows of a GAF or GPAD file that say what is *not* known and so are no annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Rows with the qualifier `NOT`.
    pub negated: u64,
    /// Rows with evidence `ND` (no biological data available).
    pub no_data: u64,
}

/// Reads annotations one after another from a CAFA table (`EntryID term aspect`: two or three columns, with or without
/// a header), a GAF file (1.0 to 2.2) or a GPAD file (1.1 to 2.0); which of them, the first lines tell.
pub struct AnnotationReader {
    lines: Lines,
    layout: Option<Layout>,
    /// Whether the current line of `lines` is still to be read.
    pending: bool,
    skipped: Skipped,
    rows: u64,
}

impl AnnotationReader {
    /// Opens a file of annotations, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    /// [`FormatError::Read`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self::resume(Lines::open(path)?, false))
    }

    /// Goes on where `lines` stands; with its current line if that is `pending`.
    pub(super) fn resume(lines: Lines, pending: bool) -> Self {
        Self {
            lines,
            layout: None,
            pending,
            skipped: Skipped::default(),
            rows: 0,
        }
    }

    /// Rows passed over so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The next annotation; `None` at the end of the file.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] for a line of another form, [`FormatError::Empty`] for a file without any row,
    /// [`FormatError::Read`].
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
            let layout = *self.layout.get_or_insert_with(|| layout_of(line));
            if layout == Layout::Table && self.lines.number() == 1 && is_header(self.lines.text()?)
            {
                continue;
            }
            self.rows += 1;
            match fate(&self.lines, layout)? {
                Fate::Negated => self.skipped.negated += 1,
                Fate::NoData => self.skipped.no_data += 1,
                Fate::Kept => return row(&self.lines, layout).map(Some),
            }
        }
        if self.rows == 0 {
            return Err(FormatError::Empty {
                path: self.lines.path().to_owned(),
                what: "annotation",
            });
        }
        Ok(None)
    }
}

fn fate(lines: &Lines, layout: Layout) -> Result<Fate, FormatError> {
    match layout {
        Layout::Table => Ok(Fate::Kept),
        Layout::Gaf => columns::gaf_fate(lines),
        Layout::GpadOne | Layout::GpadTwo => columns::gpad_fate(lines, layout),
    }
}

fn row(lines: &Lines, layout: Layout) -> Result<AnnotationRow<'_>, FormatError> {
    match layout {
        Layout::Table => table_row(lines),
        Layout::Gaf => columns::gaf_row(lines),
        Layout::GpadOne | Layout::GpadTwo => columns::gpad_row(lines, layout),
    }
}

/// What `!gaf-version: 2.2` or `!gpa-version: 1.1` says.
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
                    "version {} of the format is not known",
                    excerpt(version.as_bytes())
                ),
                "give GAF 1.0 to 2.2 or GPAD 1.1 to 2.0",
            ));
        }
        _ => return Ok(None),
    };
    Ok(Some(layout))
}

/// What a file is that does not state it, by its first row.
fn layout_of(line: &[u8]) -> Layout {
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

/// Whether a file of taxa or annotations has the columns of GAF, by its first line.
pub(super) fn looks_like_gaf(line: &[u8]) -> bool {
    line.starts_with(b"!") || layout_of(line) != Layout::Table
}

/// A header's second column is a word ("term"); a row's is a term, and terms have a colon.
fn is_header(line: &str) -> bool {
    !table_words(line)
        .nth(1)
        .is_some_and(|word| word.contains(':'))
}

/// Columns are separated by tabs; a file without any tab by blanks, as cafaeval reads it.
fn table_words(line: &str) -> impl Iterator<Item = &str> {
    let tabbed = line.contains('\t');
    line.split(move |c: char| if tabbed { c == '\t' } else { c.is_whitespace() })
        .map(str::trim)
        .filter(move |w| tabbed || !w.is_empty())
}

fn table_row(lines: &Lines) -> Result<AnnotationRow<'_>, FormatError> {
    const REMEDY: &str =
        "give 'accession<tab>term<tab>aspect' (the aspect may be left out), a GAF or a GPAD file";
    let mut words = table_words(lines.text()?);
    let (Some(word), Some(term), third, None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(lines.malformed(
            format!("{} has not two or three columns", excerpt(lines.line())),
            REMEDY,
        ));
    };
    let aspect = match third {
        None | Some("") => None,
        Some(text) => Some(text.parse::<Aspect>().map_err(|_| {
            lines.malformed(
                format!("{} is no aspect", excerpt(text.as_bytes())),
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
