//! Inspects tables of predictions.

use std::{io::Read, path::Path};

use protea_ontology::{
    compressed::open_decompressed,
    score_columns::{Header, ScoreColumns, is_remark, named_columns},
};

use serde_json::Value;

use super::{Inspection, MOST_ROWS};
use crate::{FormatError, Lines, lines::unquoted};

/// Bytes in which the header of a table is looked for.
const START_BYTES: u64 = 64 << 10;

/// What the rows that were read so far have.
struct Seen<'i> {
    inspection: &'i mut Inspection,
    lowest: f64,
    highest: f64,
}

impl<'i> Seen<'i> {
    fn new(inspection: &'i mut Inspection) -> Self {
        Self {
            inspection,
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
        }
    }

    /// Counts a row; `false` at the limit.
    fn add(&mut self, protein: &str, score: f64) -> bool {
        self.inspection.example(protein);
        if score.is_finite() {
            self.lowest = self.lowest.min(score);
            self.highest = self.highest.max(score);
        }
        if !(0.0..=1.0).contains(&score) {
            self.inspection.drop_row(
                "scores that are not from 0 to 1",
                &format!("{protein} {score}"),
            );
        }
        self.inspection.count_row(MOST_ROWS)
    }

    fn finish(self) {
        if self.lowest <= self.highest {
            let note = format!("scores from {} to {}", self.lowest, self.highest);
            self.inspection.notes.push(note);
        }
    }
}

/// Counts the rows, and tells which columns are read.
pub(super) fn predictions(path: &Path, inspection: &mut Inspection) -> Result<(), FormatError> {
    let mut lines = Lines::open(path)?;
    let mut start = Vec::new();
    open_decompressed(path)
        .and_then(|reader| reader.take(START_BYTES).read_to_end(&mut start))
        .map_err(FormatError::unreadable(path))?;
    let header = Header::of_start(&start, protea_ontology::Reading::Specification);
    if let Some(columns) = &header.named {
        let note = format!("read by its header: {columns}");
        inspection.notes.push(note);
    }
    if let Some(column) = &header.doubtful {
        let note = format!("the third column is read as the score, but is called {column:?}");
        inspection.notes.push(note);
    }
    let mut further = 0;
    let mut is_first = true;
    let mut seen = Seen::new(inspection);
    while lines.advance()? {
        let line = lines.line();
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row = match header.columns {
            ScoreColumns::Named(places) => {
                named_columns(line, places).map(|field| String::from_utf8_lossy(field).into_owned())
            }
            _ => {
                let line = lines.text()?;
                let fields: Vec<&str> = if line.contains('\t') {
                    line.split('\t')
                        .map(|field| unquoted(field.trim()))
                        .collect()
                } else {
                    let words = line.split([',', ';', ' ']);
                    words
                        .filter(|word| !word.is_empty())
                        .map(unquoted)
                        .collect()
                };
                further += u64::from(fields.len() > 3);
                [0, 1, 2].map(|place| fields.get(place).copied().unwrap_or_default().to_owned())
            }
        };
        let [protein, term, score] = &row;
        let is_header = std::mem::take(&mut is_first);
        match fast_float2::parse::<f64, _>(score.trim()) {
            Ok(score) => {
                if !seen.add(protein, score) {
                    break;
                }
            }
            Err(_) if is_remark(protein.as_bytes()) || term.eq_ignore_ascii_case("Text") => {}
            Err(_) if is_header => {}
            Err(_) => seen
                .inspection
                .drop_row("rows without a score", &format!("line {}", lines.number())),
        }
    }
    seen.finish();
    if further > 0 {
        let note =
            format!("{further} rows have more than three columns, of which the third is the score");
        inspection.notes.push(note);
    }
    Ok(())
}

/// Inspects predictions in JSON: an object per protein and line. Returns whether it is a file of them.
pub(super) fn json_lines(path: &Path, inspection: &mut Inspection) -> Result<bool, FormatError> {
    let mut lines = Lines::open(path)?;
    let mut seen = Seen::new(inspection);
    let mut is_first = true;
    while lines.advance()? {
        let line = lines.line();
        if line.trim_ascii().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_slice(line).unwrap_or_default();
        let terms = match &value["terms"] {
            Value::Array(terms) => terms.as_slice(),
            _ => std::slice::from_ref(&value),
        };
        let scored = |term: &Value| term["term"].is_string() && term["score"].is_number();
        let accession = value["accession"].as_str();
        let Some(accession) = accession.filter(|_| terms.iter().all(scored)) else {
            if std::mem::take(&mut is_first) {
                return Ok(false);
            }
            let place = format!("line {}", lines.number());
            seen.inspection
                .drop_row("lines that are not predictions", &place);
            continue;
        };
        is_first = false;
        let mut scores = terms.iter().filter_map(|term| term["score"].as_f64());
        if !scores.all(|score| seen.add(accession, score)) {
            break;
        }
    }
    seen.finish();
    inspection.kind = "predictions in JSON lines".into();
    inspection.reading = Some(super::Reading::Predictions);
    Ok(true)
}

/// Inspects Parquet or Feather as predictions; `None` if it does not have their columns.
#[cfg(feature = "parquet")]
pub(super) fn columnar(path: &Path, kind: &str) -> Option<Inspection> {
    let kind = kind.strip_prefix("embeddings in ")?;
    let mut inspection = Inspection::new(path, format!("predictions in {kind}"));
    inspection.reading = Some(super::Reading::Predictions);
    let mut seen = Seen::new(&mut inspection);
    let read = crate::read_scored_terms(path, &mut |rows| {
        rows.iter()
            .all(|(protein, _, score)| seen.add(protein, *score))
    });
    read.ok()?;
    seen.finish();
    Some(inspection)
}

#[cfg(not(feature = "parquet"))]
pub(super) fn columnar(_path: &Path, _kind: &str) -> Option<Inspection> {
    None
}
