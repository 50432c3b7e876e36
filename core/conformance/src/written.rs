//! The predictions that a runner wrote.

use std::{collections::HashMap, fs, io, path::Path};

use protea_cafa::prediction::PREDICTIONS;

use crate::{Verdict, subject::cannot_write};

/// Scores by protein and term.
pub(crate) type Written = HashMap<String, HashMap<String, f64>>;

/// The predictions in an output directory. `None` if there is no such file.
pub(crate) fn predictions_in(output: &Path) -> Result<Option<Written>, Verdict> {
    let path = output.join(PREDICTIONS);
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(parse(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot_write(error)),
    }
}

/// The predictions in a file.
pub(crate) fn predictions_of(file: &Path) -> Result<Written, Verdict> {
    let text = fs::read_to_string(file).map_err(cannot_write)?;
    Ok(parse(&text))
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
