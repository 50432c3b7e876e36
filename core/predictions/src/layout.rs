//! The formats of files of predictions, and how one line of each is read.

use protea_ontology::{Aspect, Reading, spelling};
use protea_scoring::table::{
    self, Header, ScoreColumns, columns, float, is_header, is_remark, other_separator,
};
use serde_json::Value;

use crate::run_builder::{LineProblem, RunBuilder};

/// Lines that are looked at to recognise a format.
const LINES: usize = 20;
/// The least number of columns of GAF.
const GAF_COLUMNS: usize = 15;
const THREE_COLUMNS: &str = "write accession, term and score, separated by tabs";

/// The format of a file of predictions, recognised by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Accession, term, score: the format of CAFA, with or without its header.
    Columns,
    /// Tab-separated with a header that names the columns.
    Table {
        /// The column of the accession, from 0.
        accession: usize,
        /// The column of the term.
        term: usize,
        /// The column of the score.
        score: usize,
    },
    /// GAF. It has no scores.
    Gaf,
    /// Accession, then its terms separated by commas, as for topGO. It has no scores.
    TopGo,
    /// One JSON object per protein and line.
    JsonLines,
    /// Parquet.
    Parquet,
    /// Feather: Arrow IPC, a file or a stream.
    Feather,
}

impl Format {
    /// The format of a file that starts with these bytes.
    #[must_use]
    pub fn recognize(start: &[u8]) -> Self {
        if start.starts_with(b"PAR1") {
            return Self::Parquet;
        }
        if start.starts_with(b"ARROW1") || start.starts_with(&[0xff; 4]) {
            return Self::Feather;
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let text = String::from_utf8_lossy(text);
        let mut lines: Vec<&str> = text.split(['\n', '\r']).collect();
        // The last line may be cut.
        if lines.len() > 1 {
            lines.pop();
        }
        lines.retain(|line| !line.trim().is_empty());
        lines.truncate(LINES);
        let Some(first) = lines.first() else {
            return Self::Columns;
        };
        // A list is not read, but the error says how JSON is written.
        if first.trim_start().starts_with(['{', '[']) {
            return Self::JsonLines;
        }
        if first.starts_with("!gaf-version") {
            return Self::Gaf;
        }
        // The same reading of a header as that of `protea cafa`.
        if let ScoreColumns::Named([accession, term, score]) =
            Header::of_start(text.as_bytes(), Reading::Specification).columns
        {
            return Self::Table {
                accession,
                term,
                score,
            };
        }
        lines.retain(|line| !line.starts_with(['!', '#']));
        let all = |test: &dyn Fn(&str) -> bool| !lines.is_empty() && lines.iter().all(|l| test(l));
        if all(&is_gaf) {
            return Self::Gaf;
        }
        if all(&is_mapping) {
            return Self::TopGo;
        }
        Self::Columns
    }

    /// Whether the format has no scores, so that every prediction has the score 1.
    #[must_use]
    pub fn has_no_scores(&self) -> bool {
        matches!(self, Self::Gaf | Self::TopGo)
    }

    /// What the file is, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Columns => "a table `accession term score`",
            Self::Table { .. } => "a table with a header",
            Self::Gaf => "GAF",
            Self::TopGo => "a map of proteins to terms",
            Self::JsonLines => "JSON lines",
            Self::Parquet => "Parquet",
            Self::Feather => "Feather",
        }
    }
}

/// Whether a line has the columns of GAF. A matrix with a column for each term can have as many.
fn is_gaf(line: &str) -> bool {
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    columns.len() >= GAF_COLUMNS
        && spelling::canonical(columns[4]).is_some()
        && columns[8].parse::<Aspect>().is_ok()
}

/// Whether a line is an accession and a list of terms.
fn is_mapping(line: &str) -> bool {
    let mut columns = line.split('\t');
    let (Some(_), Some(terms), None) = (columns.next(), columns.next(), columns.next()) else {
        return false;
    };
    let is_term = |term: &str| spelling::canonical(term.trim()).is_some();
    terms.split(',').all(is_term)
}

/// Adds what a line says. `is_first`: no row precedes it, so it may be a header.
pub(crate) fn parse_line(
    format: &Format,
    line: &[u8],
    is_first: bool,
    runs: &mut RunBuilder,
) -> Result<(), LineProblem> {
    match format {
        Format::Columns => three_columns(line, is_first, runs),
        Format::Table {
            accession,
            term,
            score,
        } => named_columns(line, [*accession, *term, *score], runs),
        Format::Gaf => gaf(line, runs),
        Format::TopGo => mapping(line, runs),
        Format::JsonLines => json(line, runs),
        Format::Parquet | Format::Feather => Ok(()),
    }
}

fn three_columns(line: &[u8], is_first: bool, runs: &mut RunBuilder) -> Result<(), LineProblem> {
    let [accession, term, score] = columns(line, Reading::Specification);
    if accession.is_empty() {
        return Ok(());
    }
    let number = if score.is_empty() { None } else { float(score) };
    if let Some(number) = number {
        return runs.add(accession, term, number);
    }
    if is_remark(accession) || (is_first && is_header(line)) {
        runs.tally.remarks += 1;
        runs.tally.models += u64::from(accession == b"MODEL");
        return Ok(());
    }
    if term.eq_ignore_ascii_case(b"Text") {
        runs.tally.texts += 1;
        return Ok(());
    }
    Err(match other_separator(line).filter(|_| score.is_empty()) {
        Some(separator) => LineProblem::new(
            format!("the columns are separated by {separator}"),
            "separate accession, term and score by tabs",
        ),
        None if score.is_empty() => {
            let found = if term.is_empty() { 1 } else { 2 };
            LineProblem::new(
                format!("the line has {found} of the three columns"),
                THREE_COLUMNS,
            )
        }
        None => not_a_number(score),
    })
}

fn not_a_number(score: &[u8]) -> LineProblem {
    let score = String::from_utf8_lossy(&score[..score.len().min(40)]);
    LineProblem::new(
        format!("the score {score:?} is not a number"),
        "write a decimal number such as 0.83",
    )
}

fn named_columns(
    line: &[u8],
    places: [usize; 3],
    runs: &mut RunBuilder,
) -> Result<(), LineProblem> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let [accession, term, score] = table::named_columns(line, places);
    // A comment, unless it is a row of a protein whose accession begins so.
    let is_row = || float(score).is_some() && !term.is_empty();
    if line.starts_with(b"#") && !is_row() {
        return Ok(());
    }
    match float(score) {
        Some(number) => runs.add(accession, term, number),
        // The header, which may be repeated where files were put one behind the other.
        None if is_header(line) => {
            runs.tally.remarks += 1;
            Ok(())
        }
        None if score.is_empty() => Err(LineProblem::new(
            "the line has no score",
            "write the columns that the header names, separated by tabs",
        )),
        None => Err(not_a_number(score)),
    }
}

fn gaf(line: &[u8], runs: &mut RunBuilder) -> Result<(), LineProblem> {
    if line.trim_ascii().is_empty() || line.starts_with(b"!") {
        return Ok(());
    }
    let fields: Vec<&[u8]> = line
        .split(|&b| b == b'\t')
        .map(<[u8]>::trim_ascii)
        .collect();
    let (Some(accession), Some(qualifier), Some(term)) =
        (fields.get(1), fields.get(3), fields.get(4))
    else {
        return Err(LineProblem::new(
            format!("the line has {} columns", fields.len()),
            "a GAF line has 17 columns separated by tabs (object in 2, term in 5)",
        ));
    };
    if qualifier.split(|&b| b == b'|').any(|word| word == b"NOT") {
        runs.tally.negated += 1;
        return Ok(());
    }
    runs.add(accession, term, 1.0)
}

fn mapping(line: &[u8], runs: &mut RunBuilder) -> Result<(), LineProblem> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let mut fields = line.splitn(2, |&b| b == b'\t');
    let accession = fields.next().unwrap_or(b"").trim_ascii();
    let terms = fields.next().unwrap_or(b"");
    if terms.is_empty() {
        return Err(LineProblem::new(
            "the line has an accession and no terms",
            "write the accession, a tab, and the terms separated by commas",
        ));
    }
    for term in terms.split(|&b| b == b',') {
        runs.add(accession, term.trim_ascii(), 1.0)?;
    }
    Ok(())
}

fn json(line: &[u8], runs: &mut RunBuilder) -> Result<(), LineProblem> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    const REMEDY: &str =
        "write one object per line: {\"accession\": …, \"terms\": [{\"term\": …, \"score\": …}]}";
    if line.trim_ascii_start().starts_with(b"[") {
        return Err(LineProblem::new("the line starts a JSON list", REMEDY));
    }
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| LineProblem::new(format!("the line is not JSON: {error}"), REMEDY))?;
    let missing = |what: &str| LineProblem::new(format!("the object has no {what}"), REMEDY);
    let accession = value["accession"]
        .as_str()
        .ok_or_else(|| missing("string `accession`"))?;
    let mut add = |prediction: &Value| {
        let term = prediction["term"]
            .as_str()
            .ok_or_else(|| missing("string `term`"))?;
        let score = prediction["score"]
            .as_f64()
            .ok_or_else(|| missing("number `score`"))?;
        runs.add(accession.as_bytes(), term.as_bytes(), score)
    };
    match value["terms"].as_array() {
        Some(terms) => terms.iter().try_for_each(add),
        None if value.get("term").is_some() => add(&value),
        None => Err(missing("list `terms`")),
    }
}
