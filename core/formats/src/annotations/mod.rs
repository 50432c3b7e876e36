//! Reads annotations of proteins with terms: CAFA tables, GAF, GPAD, and tables of NCBI, QuickGO and
//! UniProt.

mod detection;
mod eco;
mod gaf_gpad;
mod layout;
mod named;
mod row;
mod table;

use std::{ops::Range, path::Path};

use protea_ontology::{
    Reading,
    score_columns::{Header, is_header},
};

use super::{
    accession,
    defects::{Defects, OnDefect},
    error::FormatError,
    lines::Lines,
};
use detection::{detect_layout, stated_layout};
use layout::{Columns, Layout};
use row::{Located, Parsed, Problem};

pub(super) use layout::names_terms_of_uniprot;
pub use row::AnnotationRow;

/// Number of skipped rows that state what is *not* known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Rows with the qualifier `NOT`. [`AnnotationReader::next_wanted`] returns them if it is
    /// asked to.
    pub negated: u64,
    /// Rows with evidence `ND` (no biological data available).
    pub no_data: u64,
}

/// Which rows and fields of a file matter to the caller.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// Whether a damaged row matters that is about this protein. Others are counted only.
    pub protein: &'w dyn Fn(&str) -> bool,
    /// Whether an invalid taxon makes a row damaged. Otherwise the row has none.
    pub taxa: bool,
    /// Whether an invalid date makes a row damaged. Otherwise the row has none.
    pub dates: bool,
    /// Whether rows with the qualifier `NOT` are returned.
    pub negated: bool,
    /// What to do with a damaged row that matters.
    pub on_defect: OnDefect,
}

impl Default for Wanted<'_> {
    /// Everything matters, and rows with `NOT` are skipped.
    fn default() -> Self {
        Self {
            protein: &|_| true,
            taxa: true,
            dates: true,
            negated: false,
            on_defect: OnDefect::Stop,
        }
    }
}

/// Reads annotations one by one. The format is detected from the first lines:
///
/// | format | content |
/// |---|---|
/// | CAFA table | `EntryID term aspect`: two or three columns, with or without a header; a row may have a list of terms |
/// | GAF | 1.0 to 2.2 |
/// | GPAD | 1.1 to 2.0 |
/// | gene2go | the table of NCBI; proteins are GeneIDs |
/// | QuickGO | a download with the columns `GENE PRODUCT ID` and `GO TERM` |
/// | UniProt | a download with the columns `Entry` and `Gene Ontology …`; `idmapping_selected.tab` |
/// | InterProScan | its TSV, with the terms in column 14 |
/// | other tables | a header that names the columns of accessions and terms, as eggNOG-mapper, BioMart and pandas write it |
///
/// Blank lines and comments, which start with `!` or `#`, are ignored.
pub struct AnnotationReader {
    lines: Lines,
    layout: Option<Layout>,
    /// Whether the current line of `lines` is not yet parsed.
    pending: bool,
    /// The last row of the current line and where the rest of its terms are, in reverse order.
    unfinished: Option<(Located, Vec<Range<usize>>)>,
    skipped: Skipped,
    damaged_rows: Defects,
    damaged_fields: Defects,
    /// Once a first line was seen that may be a header: whether it starts like JSON.
    past_header: Option<bool>,
    rows: u64,
}

impl AnnotationReader {
    /// Opens a file of annotations, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if the file cannot be opened, [`FormatError::Foreign`] if it is not
    /// text.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self::resume(Lines::open(path)?, false))
    }

    /// Continues from the position of `lines`, starting with its current line if `pending`.
    pub(super) fn resume(lines: Lines, pending: bool) -> Self {
        Self {
            lines,
            layout: None,
            pending,
            unfinished: None,
            skipped: Skipped::default(),
            damaged_rows: Defects::default(),
            damaged_fields: Defects::default(),
            past_header: None,
            rows: 0,
        }
    }

    /// Number of rows skipped so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Damaged rows that were left out so far.
    pub fn damaged_rows(&self) -> &Defects {
        &self.damaged_rows
    }

    /// Invalid fields so far, of rows that were read without them.
    pub fn damaged_fields(&self) -> &Defects {
        &self.damaged_fields
    }

    /// Whether the file is gene2go of NCBI, so that proteins are GeneIDs.
    pub fn names_genes(&self) -> bool {
        matches!(&self.layout, Some(Layout::Named(columns)) if columns.names_genes())
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
        self.next_wanted(&Wanted::default())
    }

    /// Reads the next annotation like [`next_row`](Self::next_row), but leaves out damaged rows that
    /// do not matter.
    ///
    /// # Errors
    ///
    /// Those of [`next_row`](Self::next_row); [`FormatError::Malformed`] only for lines that matter.
    pub fn next_wanted(
        &mut self,
        wanted: &Wanted<'_>,
    ) -> Result<Option<AnnotationRow<'_>>, FormatError> {
        if let Some(located) = self.next_term() {
            return Ok(Some(located.row(self.lines.line())));
        }
        while std::mem::take(&mut self.pending) || self.lines.advance()? {
            if self.is_remark()? {
                continue;
            }
            let line = self.lines.line();
            let layout = match &self.layout {
                Some(layout) => layout,
                None => {
                    let layout = detect_layout(line);
                    if names_scores(line) && !matches!(layout, Layout::Gaf) {
                        return Err(self.lines.malformed(
                            "the header names a column of scores: these are predictions, not annotations",
                            "give annotations; or remove the column of scores, if each row is an annotation",
                        ));
                    }
                    let is_header = matches!(&layout, Layout::Named(columns) if columns.has_header);
                    let layout = self.layout.insert(layout);
                    if is_header {
                        continue;
                    }
                    layout
                }
            };
            if *layout == Layout::Table && self.rows == 0 {
                if let Some(separator) = table::other_separator(line) {
                    return Err(self.lines.malformed(
                        format!("the columns are separated by {separator}"),
                        "separate them by tabs, or give a GAF or a GPAD file",
                    ));
                }
                let is_json = matches!(line.first(), Some(b'{' | b'['));
                if self.past_header.replace(is_json).is_none() && table::is_header(line) {
                    continue;
                }
            }
            self.rows += 1;
            match examine(line, layout, wanted) {
                Ok(Step::Row(located, more, invalid)) => {
                    if let Some(problem) = invalid {
                        let error = self.lines.malformed(problem.text, problem.remedy);
                        self.damaged_fields.add(&error);
                    }
                    self.skipped.negated += u64::from(located.is_negated());
                    self.unfinished = (!more.is_empty()).then(|| (located.clone(), more));
                    return Ok(Some(located.row(self.lines.line())));
                }
                Ok(Step::Negated) => self.skipped.negated += 1,
                Ok(Step::NoData) => self.skipped.no_data += 1,
                Ok(Step::Nothing) => {}
                Err(problem) => {
                    let matters = matters(line, layout, wanted);
                    let error = self.lines.malformed(problem.text, problem.remedy);
                    if matters && wanted.on_defect == OnDefect::Stop {
                        return Err(error);
                    }
                    self.damaged_rows.add(&error);
                }
            }
        }
        if self.rows == self.damaged_rows.count && self.past_header == Some(true) {
            return Err(self.lines.malformed(
                "this is a JSON document, not a table",
                "download the file again, or give a table, GAF or GPAD",
            ));
        }
        if self.rows == 0 {
            return Err(FormatError::Empty {
                path: self.lines.path().to_owned(),
                expected: "annotation",
            });
        }
        if self.rows == self.damaged_rows.count
            && let Some(first) = self.damaged_rows.examples.first()
        {
            return Err(FormatError::NoUsableRow {
                path: self.lines.path().to_owned(),
                rows: self.rows,
                expected: "annotation",
                first: first.clone(),
            });
        }
        Ok(None)
    }

    /// The next of several terms in the current line.
    fn next_term(&mut self) -> Option<Located> {
        let (located, mut more) = self.unfinished.take()?;
        let line = self.lines.line();
        while let Some(cell) = more.pop() {
            // The cell was checked when the row was parsed.
            let text = std::str::from_utf8(line.get(cell.clone())?).ok()?;
            let found = match self.layout {
                Some(Layout::Table) => table::next_term(text),
                _ => named::next_term(text),
            };
            let Some((term, rest)) = found else { continue };
            let start = cell.start + (text.len() - rest.len() - term.len());
            let end = start + term.len();
            let located = located.with_term(start..end);
            more.push(end..cell.end);
            self.unfinished = Some((located.clone(), more));
            return Some(located);
        }
        None
    }

    /// Whether the current line is blank or a comment. A comment may state the format.
    fn is_remark(&mut self) -> Result<bool, FormatError> {
        let line = self.lines.line();
        match line.first() {
            Some(b'!') => {
                if let Some(layout) = stated_layout(&self.lines)? {
                    self.layout = Some(layout);
                }
                Ok(true)
            }
            Some(b'#') => {
                if self.layout.is_none() {
                    self.layout = Columns::of_header(line).map(Layout::Named);
                }
                Ok(true)
            }
            _ => Ok(line.trim_ascii().is_empty()),
        }
    }
}

/// Whether a line is a header that names columns of accessions, terms and scores.
fn names_scores(line: &[u8]) -> bool {
    is_header(line) && Header::of_start(line, Reading::Specification).is_complete
}

/// What a line gives.
enum Step {
    /// A row, where further terms of it are (in reverse order), and an invalid field that does not
    /// matter.
    Row(Located, Vec<Range<usize>>, Option<Problem>),
    Negated,
    NoData,
    /// A row without a term.
    Nothing,
}

fn examine(line: &[u8], layout: &Layout, wanted: &Wanted<'_>) -> Result<Step, Problem> {
    let parsed = parse(line, layout)?;
    let mut invalid = None;
    for (problem, matters) in [(parsed.taxon, wanted.taxa), (parsed.date, wanted.dates)] {
        match problem {
            // The row is left out anyway.
            Some(_) if parsed.row.negated && !wanted.negated => {}
            Some(problem) if matters => return Err(problem),
            Some(problem) => invalid = Some(problem),
            None => {}
        }
    }
    let row = &parsed.row;
    if row.negated && !wanted.negated {
        return Ok(Step::Negated);
    }
    if row.evidence == Some("ND") && !row.negated {
        return Ok(Step::NoData);
    }
    if row.term.is_empty() {
        return Ok(Step::Nothing);
    }
    let more = parsed.more_terms.iter().map(|more| {
        let start = more.as_ptr().addr() - line.as_ptr().addr();
        start..start + more.len()
    });
    let more = more.collect();
    Ok(Step::Row(Located::new(line, row), more, invalid))
}

fn parse<'a>(line: &'a [u8], layout: &Layout) -> Result<Parsed<'a>, Problem> {
    match layout {
        Layout::Table => table::row(line),
        Layout::Gaf => gaf_gpad::gaf_row(line),
        Layout::GpadOne | Layout::GpadTwo => gaf_gpad::gpad_row(line, layout),
        Layout::Named(columns) => named::row(line, columns),
    }
}

/// Whether a damaged row is about a protein that matters. A row without a protein matters only if
/// every row does.
fn matters(line: &[u8], layout: &Layout, wanted: &Wanted<'_>) -> bool {
    let is_wanted = |word: &str| (wanted.protein)(accession::from_word(word).unwrap_or(word));
    let object = match layout {
        Layout::Table => return is_wanted(table::accession_word(line).unwrap_or("")),
        Layout::Named(columns) => named::accession_word(line, columns)
            .and_then(|word| std::str::from_utf8(word).ok())
            .map(|word| ("UniProtKB", word.trim())),
        _ => gaf_gpad::object_of(line, layout),
    };
    let Some((database, identifier)) = object else {
        return is_wanted("");
    };
    let (entry, isoform) = gaf_gpad::object(database, identifier);
    is_wanted(entry) || isoform.is_some_and(is_wanted)
}

/// Whether a line is a header that names the columns of accessions and terms, or a row of a table
/// with such columns at fixed places.
pub(super) fn is_named_table(line: &[u8]) -> bool {
    matches!(detect_layout(line), Layout::Named(_))
}

/// Whether a line is that of a file of annotations, not of a table of two or three columns.
pub(super) fn looks_like_annotations(line: &[u8]) -> bool {
    line.starts_with(b"!")
        || detect_layout(line) != Layout::Table
        || (line.starts_with(b"#") && Columns::of_header(line).is_some())
}
