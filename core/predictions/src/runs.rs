//! Reads the rows of a file in runs.

use protea_ontology::Reading;
use protea_scoring::table::{Block, Lines, parse_named_blocks};

use crate::{
    error::PredictionsError,
    layout::{Format, parse_line},
    names::{Scored, Terms},
    run_builder::{Extent, LineProblem, RunBuilder, Tally},
    session::Session,
    source::Source,
};

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
    if matches!(source.format(), Format::Parquet | Format::Feather) {
        return read_columns(source, session, extent, take);
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
fn read_columns(
    source: &Source,
    _: &mut Session<'_>,
    _: Extent,
    _: &mut TakeRun<'_>,
) -> Result<Tally, PredictionsError> {
    Err(PredictionsError::NotBuilt {
        file: source.name().to_owned(),
        format: source.format().name(),
    })
}

#[cfg(feature = "parquet")]
fn read_columns(
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
