//! Writes the predictions of `protea lafa`, each line checked by the rules of LAFA.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use super::inputs::Inputs;
use crate::{commands::predict::replace, exit::Exit, failure::Failure};

/// What was written.
pub(super) struct Written {
    /// Queries with at least one prediction.
    pub(super) proteins: u64,
    /// Lines.
    pub(super) predictions: u64,
}

/// Copies the predictions to `to`, which appears whole or not at all.
pub(super) fn write(from: &Path, to: &Path, inputs: &Inputs) -> Result<Written, Failure> {
    let mut lines = File::open(from)
        .map(|file| BufReader::with_capacity(1 << 17, file))
        .map_err(|error| {
            let message = format!("the predictions cannot be read again: {error}");
            Failure::new(Exit::Failed, message)
        })?;
    replace(to, |out| {
        let mut rules = Rules::new(inputs);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            rules
                .check(line.trim_end_matches('\n'))
                .map_err(|problem| {
                    let number = rules.written.predictions + 1;
                    let message = format!("prediction {number} breaks a rule of LAFA: {problem}");
                    io::Error::new(io::ErrorKind::InvalidData, message)
                })?;
            out.write_all(line.as_bytes())?;
            rules.written.predictions += 1;
            line.clear();
        }
        Ok(rules.written)
    })
}

/// The rules of a file of predictions. The lines of a query follow each other.
struct Rules<'i> {
    inputs: &'i Inputs,
    seen: HashSet<String>,
    query: String,
    terms: HashSet<String>,
    written: Written,
}

impl<'i> Rules<'i> {
    fn new(inputs: &'i Inputs) -> Self {
        Self {
            inputs,
            seen: HashSet::new(),
            query: String::new(),
            terms: HashSet::new(),
            written: Written {
                proteins: 0,
                predictions: 0,
            },
        }
    }

    fn check(&mut self, line: &str) -> Result<(), String> {
        let mut columns = line.split('\t');
        let (Some(query), Some(term), Some(score), None) = (
            columns.next(),
            columns.next(),
            columns.next(),
            columns.next(),
        ) else {
            return Err(format!("{line:?} does not have three columns"));
        };
        if query != self.query {
            if !self.inputs.queries.contains(query) {
                return Err(format!("{query} is not a query"));
            }
            if !self.seen.insert(query.to_owned()) {
                return Err(format!("the lines of {query} do not follow each other"));
            }
            query.clone_into(&mut self.query);
            self.terms.clear();
            self.written.proteins += 1;
        }
        if self.inputs.ontology.primary(term).is_none() {
            return Err(format!("{term} is not a term of the ontology"));
        }
        if !self.terms.insert(term.to_owned()) {
            return Err(format!("{query} has the term {term} twice"));
        }
        match score.parse::<f64>() {
            Ok(score) if score > 0.0 && score <= 1.0 => Ok(()),
            _ => Err(format!("the score {score} is not in (0, 1]")),
        }
    }
}
