//! The predictions that a runner wrote.

use std::{collections::HashMap, path::Path};

use protea_cafa::prediction::PREDICTIONS;
use protea_files::Links;

use crate::{Verdict, subject::cannot_write};

/// Scores by protein and term.
pub(crate) type Written = HashMap<String, HashMap<String, f64>>;

/// The largest file of predictions in bytes: the suite's datasets are small.
const LARGEST: u64 = 1 << 30;

/// The predictions in an output directory. `None` if there is no such file.
pub(crate) fn predictions_in(output: &Path) -> Result<Option<Written>, Verdict> {
    match protea_files::read_text(&output.join(PREDICTIONS), Links::Refuse, LARGEST) {
        Ok(text) => Ok(Some(parse(&text))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(cannot_write(error.into())),
    }
}

/// The predictions in a file.
pub(crate) fn predictions_of(file: &Path) -> Result<Written, Verdict> {
    let text = protea_files::read_text(file, Links::Refuse, LARGEST);
    Ok(parse(&text.map_err(|error| cannot_write(error.into()))?))
}

/// The bytes of a file of predictions.
pub(crate) fn bytes_of(file: &Path) -> Result<Vec<u8>, Verdict> {
    protea_files::read(file, Links::Refuse, LARGEST).map_err(|error| cannot_write(error.into()))
}

fn parse(text: &str) -> Written {
    let mut written = Written::new();
    for line in text.lines() {
        let mut columns = line.split('\t');
        let (protein, term, score) = (columns.next(), columns.next(), columns.next());
        if let (Some(protein), Some(term), Some(score)) =
            (protein, term, score.and_then(|score| score.parse().ok()))
        {
            let terms = written.entry(protein.to_owned()).or_default();
            terms.insert(term.to_owned(), score);
        }
    }
    written
}
