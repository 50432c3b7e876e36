//! Reads the rows of a file in runs: consecutive rows of one protein.

use std::ops::Range;

use protea_ontology::Reading;
use protea_scoring::table::{Block, Lines, parse_named_blocks};
use serde::Serialize;

use crate::{
    error::PredictionsError,
    examples::Examples,
    layout::{Format, parse_line},
    names::{Scored, TermKey, Terms},
    session::Session,
    source::Source,
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
    fn merge(&mut self, later: Tally) {
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
    fn at(self, file: &str, line: u64) -> PredictionsError {
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
enum Extent {
    Everything,
    /// The accessions only, to find out whether each protein has its rows in one place.
    Accessions,
}

/// Collects the runs of a block.
pub(crate) struct RunBuilder {
    pub tally: Tally,
    extent: Extent,
    names: String,
    runs: Vec<(Range<usize>, Range<usize>)>,
    rows: Vec<Scored>,
    /// Terms that are not `GO:NNNNNNN`. Their keys are places in this list.
    others: Vec<String>,
}

impl RunBuilder {
    fn new(extent: Extent) -> Self {
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

/// A block that was parsed.
struct Parsed {
    runs: RunBuilder,
    /// The line within the block, from 0.
    problem: Option<(u64, LineProblem)>,
}

fn parse(block: Block<'_>, format: &Format, extent: Extent) -> Parsed {
    let mut runs = RunBuilder::new(extent);
    let mut problem = None;
    for (number, line) in Lines::new(block.text) {
        // Comments may precede the header.
        let is_first = block.is_first && runs.runs.is_empty();
        if let Err(found) = parse_line(format, line, is_first, &mut runs) {
            problem = Some((number, found));
            break;
        }
    }
    Parsed { runs, problem }
}

/// Receives the rows of one protein that follow each other in a file.
pub(crate) type TakeRun<'t> =
    dyn FnMut(&str, &mut [Scored], &mut Terms) -> Result<(), PredictionsError> + 't;

/// Reads a file and passes its runs on, in the order of the file.
pub(crate) fn read_runs(
    source: &Source,
    session: &mut Session<'_>,
    take: &mut TakeRun<'_>,
) -> Result<Tally, PredictionsError> {
    read(source, session, Extent::Everything, take)
}

/// Like [`read_runs`], without the rows.
pub(crate) fn read_accessions(
    source: &Source,
    session: &mut Session<'_>,
    take: &mut TakeRun<'_>,
) -> Result<(), PredictionsError> {
    read(source, session, Extent::Accessions, take).map(drop)
}

fn read(
    source: &Source,
    session: &mut Session<'_>,
    extent: Extent,
    take: &mut TakeRun<'_>,
) -> Result<Tally, PredictionsError> {
    let mut tally = Tally::default();
    if *source.format() == Format::Parquet {
        return read_parquet(source, session, extent, take);
    }
    parse_named_blocks(
        source.path(),
        source.name(),
        "predictions",
        Reading::Specification,
        |block| parse(block, source.format(), extent),
        |line, parsed: Parsed| {
            let problem = parsed.problem;
            pass_on(source, session, parsed.runs, &mut tally, take)?;
            match problem {
                None => Ok(()),
                Some((at, problem)) => Err(problem.at(source.name(), line + at)),
            }
        },
    )?;
    Ok(tally)
}

/// Passes on the runs of a block.
pub(crate) fn pass_on(
    source: &Source,
    session: &mut Session<'_>,
    mut block: RunBuilder,
    tally: &mut Tally,
    take: &mut TakeRun<'_>,
) -> Result<(), PredictionsError> {
    if !block.others.is_empty() {
        // The keys are places in the list of the block.
        let keys = block
            .others
            .iter()
            .map(|id| session.terms.key(id, source.name()))
            .collect::<Result<Vec<_>, _>>()?;
        for row in &mut block.rows {
            if let Some(number) = row.term.other_number() {
                row.term = keys[number];
            }
        }
    }
    session.advance(block.rows.len() as u64)?;
    tally.merge(std::mem::take(&mut block.tally));
    for (name, rows) in block.runs {
        take(
            &block.names[name],
            &mut block.rows[rows],
            &mut session.terms,
        )?;
    }
    Ok(())
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(
    source: &Source,
    _: &mut Session<'_>,
    _: Extent,
    _: &mut TakeRun<'_>,
) -> Result<Tally, PredictionsError> {
    Err(PredictionsError::NotBuilt {
        file: source.name().to_owned(),
        format: "Parquet",
    })
}

#[cfg(feature = "parquet")]
fn read_parquet(
    source: &Source,
    session: &mut Session<'_>,
    extent: Extent,
    take: &mut TakeRun<'_>,
) -> Result<Tally, PredictionsError> {
    let mut tally = Tally::default();
    let mut row = 0;
    let mut failure = None;
    protea_formats::read_scored_terms(source.path(), &mut |batch| {
        let mut runs = RunBuilder::new(extent);
        for (accession, term, score) in batch {
            row += 1;
            if let Err(found) = runs.add(accession.as_bytes(), term.as_bytes(), *score) {
                failure = Some(found.at(source.name(), row));
                return false;
            }
        }
        failure = pass_on(source, session, runs, &mut tally, take).err();
        failure.is_none()
    })?;
    failure.map_or(Ok(tally), Err)
}
