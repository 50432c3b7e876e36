//! Inspects tables of predictions.

use std::{io::Read, path::Path};

use protea_ontology::{
    compressed::open_decompressed,
    score_columns::{Header, ScoreColumns},
};

use super::{Inspection, MOST_ROWS};
use crate::{FormatError, Lines, lines::unquoted};

/// Bytes in which the header of a table is looked for.
const START_BYTES: u64 = 64 << 10;

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
    let places = match header.columns {
        ScoreColumns::Named(places) => places,
        _ => [0, 1, 2],
    };
    let mut further = 0;
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    while lines.advance()? {
        let line = lines.text()?;
        let fields = line.split(['\t', ',', ';', ' ']).map(unquoted);
        let fields: Vec<&str> = fields.collect();
        let field = |place: usize| fields.get(places[place]).copied();
        let (Some(protein), Some(_), Some(score)) = (field(0), field(1), field(2)) else {
            continue;
        };
        let Ok(score) = fast_float2::parse::<f64, _>(score.trim()) else {
            if lines.number() > 1 {
                inspection.drop_row("rows without a score", &format!("line {}", lines.number()));
            }
            continue;
        };
        further += u64::from(header.named.is_none() && fields.len() > 3);
        inspection.example(protein);
        if score.is_finite() {
            lowest = lowest.min(score);
            highest = highest.max(score);
        }
        if !(0.0..=1.0).contains(&score) {
            inspection.drop_row(
                "scores that are not from 0 to 1",
                &format!("{protein} {score}"),
            );
        }
        if !inspection.count_row(MOST_ROWS) {
            break;
        }
    }
    if further > 0 {
        let note =
            format!("{further} rows have more than three columns, of which the third is the score");
        inspection.notes.push(note);
    }
    if lowest <= highest {
        inspection
            .notes
            .push(format!("scores from {lowest} to {highest}"));
    }
    Ok(())
}
