//! Collects rows in runs: consecutive rows of one protein.

use std::ops::Range;

use serde::Serialize;

use crate::{
    error::PredictionsError,
    examples::Examples,
    names::{Scored, TermKey},
};

/// Longest accepted name of a protein or term, in bytes.
const LONGEST_NAME: usize = 4096;

/// What was read, and what is not a prediction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// Predictions: rows with a score above 0.
    pub rows: u64,
    /// Headers, comments, and the lines of CAFA about the team and the model.
    pub remarks: u64,
    /// Lines `MODEL` of CAFA's header. More than one: the file has the predictions of several models.
    pub models: u64,
    /// Descriptions in words, as CAFA 6 takes them (`Text` in the second column).
    pub texts: u64,
    /// Rows with the qualifier `NOT`.
    pub negated: u64,
    /// Rows whose score is zero, negative or not a number. They are not predictions.
    pub not_positive: Examples,
    /// Rows whose score is above 1.
    pub above_one: Examples,
}

impl Tally {
    pub(crate) fn merge(&mut self, later: Tally) {
        self.rows += later.rows;
        self.remarks += later.remarks;
        self.models += later.models;
        self.texts += later.texts;
        self.negated += later.negated;
        self.not_positive.merge(later.not_positive);
        self.above_one.merge(later.above_one);
    }
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct LineProblem {
    problem: String,
    remedy: &'static str,
}

impl LineProblem {
    pub fn new(problem: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            problem: problem.into(),
            remedy,
        }
    }
}

impl LineProblem {
    pub fn at(self, file: &str, line: u64) -> PredictionsError {
        PredictionsError::Line {
            file: file.to_owned(),
            line,
            problem: self.problem,
            remedy: self.remedy,
        }
    }
}

/// What to read of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Everything,
    /// The accessions only, to find out whether each protein has its rows in one place.
    Accessions,
}

/// Collects the runs of a block.
pub(crate) struct RunBuilder {
    pub tally: Tally,
    extent: Extent,
    pub names: String,
    pub runs: Vec<(Range<usize>, Range<usize>)>,
    pub rows: Vec<Scored>,
    /// Terms that are not `GO:NNNNNNN`. Their keys are places in this list.
    pub others: Vec<String>,
}

impl RunBuilder {
    pub fn new(extent: Extent) -> Self {
        Self {
            tally: Tally::default(),
            extent,
            names: String::new(),
            runs: Vec::new(),
            rows: Vec::new(),
            others: Vec::new(),
        }
    }

    /// For rows that are checked elsewhere.
    pub fn everything() -> Self {
        Self::new(Extent::Everything)
    }

    fn last_name(&self) -> Option<&[u8]> {
        let (name, _) = self.runs.last()?;
        Some(&self.names.as_bytes()[name.clone()])
    }

    /// Adds a row.
    pub fn add(&mut self, accession: &[u8], term: &[u8], score: f64) -> Result<(), LineProblem> {
        if self.last_name() != Some(accession) {
            let start = self.names.len();
            self.names.push_str(name(accession, "accession")?);
            let rows = self.rows.len();
            self.runs.push((start..self.names.len(), rows..rows));
        }
        if self.extent == Extent::Accessions {
            return Ok(());
        }
        let term = match TermKey::of_go(term) {
            Some(key) => key,
            None => self.other(name(term, "term")?),
        };
        if score > 0.0 {
            self.rows.push(Scored { term, score });
            self.tally.rows += 1;
            if let Some((_, rows)) = self.runs.last_mut() {
                rows.end += 1;
            }
            if score > 1.0 {
                self.tally.above_one.add(|| score.to_string());
            }
        } else {
            self.tally.not_positive.add(|| score.to_string());
        }
        Ok(())
    }

    fn other(&mut self, id: &str) -> TermKey {
        if self.others.last().is_none_or(|last| last != id) {
            self.others.push(id.to_owned());
        }
        TermKey::other(self.others.len() - 1)
    }
}

fn name<'n>(name: &'n [u8], what: &str) -> Result<&'n str, LineProblem> {
    let problem = if name.is_empty() {
        format!("the {what} is empty")
    } else if name.len() > LONGEST_NAME {
        format!("the {what} is longer than {LONGEST_NAME} bytes")
    } else {
        match std::str::from_utf8(name) {
            Ok(name) if !name.contains(['\t', '\n', '\r']) => return Ok(name),
            Ok(_) => format!("the {what} has a tab or a line break"),
            Err(_) => format!("the {what} is not UTF-8"),
        }
    };
    Err(LineProblem::new(
        problem,
        "write accession, term and score in UTF-8",
    ))
}
