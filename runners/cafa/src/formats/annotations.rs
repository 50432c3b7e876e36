//! Annotations of proteins with terms: CAFA tables and GAF 2.

use std::path::Path;

use super::error::excerpt;
use super::lines::Lines;
use super::{FormatError, accession};
use crate::ontology::Aspect;

/// One annotation as the file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnotationRow<'a> {
    /// The protein.
    pub accession: &'a str,
    /// The term, such as `GO:0005515`; not looked up in an ontology here.
    pub term: &'a str,
    /// The aspect the file gives.
    pub aspect: Option<Aspect>,
    /// The evidence code, such as `IDA`; only GAF has it.
    pub evidence: Option<&'a str>,
}

/// Rows of a GAF file that say what is *not* known and so are no annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Rows with the qualifier `NOT`.
    pub negated: u64,
    /// Rows with evidence `ND` (no biological data available).
    pub no_data: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    Table,
    Gaf,
}

/// Reads annotations one after another from a CAFA table (`EntryID term aspect`: two or three columns, with or without
/// a header) or a GAF 2 file; which of them, the first line tells.
pub struct AnnotationReader {
    lines: Lines,
    layout: Option<Layout>,
    skipped: Skipped,
    rows: u64,
}

impl AnnotationReader {
    /// Opens a file of annotations, plain or gzip-compressed.
    ///
    /// # Errors
    /// [`FormatError::Read`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self {
            lines: Lines::open(path)?,
            layout: None,
            skipped: Skipped::default(),
            rows: 0,
        })
    }

    /// Rows passed over so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The next annotation; `None` at the end of the file.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] for a line of another form, [`FormatError::Empty`] for a file without any row,
    /// [`FormatError::Read`].
    pub fn next_row(&mut self) -> Result<Option<AnnotationRow<'_>>, FormatError> {
        while self.lines.advance()? {
            let line = self.lines.line();
            if line.trim_ascii().is_empty() {
                continue;
            }
            let layout = *self.layout.get_or_insert_with(|| layout_of(line));
            let keep = match layout {
                Layout::Gaf => gaf_is_annotation(&self.lines, &mut self.skipped, &mut self.rows)?,
                Layout::Table => self.lines.number() > 1 || !is_header(self.lines.text()?),
            };
            if keep {
                self.rows += u64::from(layout == Layout::Table);
                let row = match layout {
                    Layout::Gaf => gaf_row(&self.lines)?,
                    Layout::Table => table_row(&self.lines)?,
                };
                return Ok(Some(row));
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

fn layout_of(line: &[u8]) -> Layout {
    let columns = line.iter().filter(|&&b| b == b'\t').count() + 1;
    if line.starts_with(b"!") || columns >= 15 {
        Layout::Gaf
    } else {
        Layout::Table
    }
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
        "give 'accession<tab>term<tab>aspect' (the aspect may be left out), or a GAF file";
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
    row(lines, word, term, aspect, None, REMEDY)
}

fn gaf_columns(line: &str) -> [&str; 17] {
    let mut columns = [""; 17];
    for (column, text) in columns.iter_mut().zip(line.split('\t')) {
        *column = text.trim();
    }
    columns
}

fn gaf_is_annotation(
    lines: &Lines,
    skipped: &mut Skipped,
    rows: &mut u64,
) -> Result<bool, FormatError> {
    if lines.line().starts_with(b"!") {
        return Ok(false);
    }
    *rows += 1;
    let columns = gaf_columns(lines.text()?);
    if columns[3]
        .split('|')
        .any(|qualifier| qualifier.eq_ignore_ascii_case("NOT"))
    {
        skipped.negated += 1;
        return Ok(false);
    }
    if columns[6] == "ND" {
        skipped.no_data += 1;
        return Ok(false);
    }
    Ok(true)
}

fn gaf_row(lines: &Lines) -> Result<AnnotationRow<'_>, FormatError> {
    const REMEDY: &str = "a GAF 2 line has 17 columns separated by tabs (object in 2, term in 5, evidence in 7, aspect in 9)";
    let columns = gaf_columns(lines.text()?);
    let aspect = columns[8].parse::<Aspect>().map_err(|_| {
        lines.malformed(
            format!(
                "column 9 is {}, which is no aspect",
                excerpt(columns[8].as_bytes())
            ),
            REMEDY,
        )
    })?;
    let evidence = columns[6];
    if evidence.is_empty() || evidence.len() > 16 {
        return Err(lines.malformed(
            format!(
                "column 7 is {}, which is no evidence code",
                excerpt(evidence.as_bytes())
            ),
            REMEDY,
        ));
    }
    row(
        lines,
        columns[1],
        columns[4],
        Some(aspect),
        Some(evidence),
        REMEDY,
    )
}

fn row<'a>(
    lines: &Lines,
    word: &'a str,
    term: &'a str,
    aspect: Option<Aspect>,
    evidence: Option<&'a str>,
    remedy: &'static str,
) -> Result<AnnotationRow<'a>, FormatError> {
    let accession = accession::from_word(word).ok_or_else(|| {
        lines.malformed(
            format!("{} is no accession", excerpt(word.as_bytes())),
            remedy,
        )
    })?;
    let is_term = term.len() <= 64
        && term
            .split_once(':')
            .is_some_and(|(prefix, id)| !prefix.is_empty() && !id.is_empty())
        && !term.contains(char::is_whitespace);
    if !is_term {
        return Err(lines.malformed(format!("{} is no term", excerpt(term.as_bytes())), remedy));
    }
    Ok(AnnotationRow {
        accession,
        term,
        aspect,
        evidence,
    })
}
