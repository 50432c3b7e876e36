//! Reads a file protein by protein.

use crate::{
    error::PredictionsError,
    names::{Names, Scored, Terms},
    run_builder::Tally,
    runs::{read_accessions, read_runs},
    session::Session,
    source::Source,
    spool::{Spool, keep_highest},
};

/// Rows of a protein from which repeated terms are removed while they are collected.
const MANY_ROWS: usize = 1 << 20;

/// Receives the accession and the terms of a protein: each once with its highest score, in the order
/// of the ids if these are ids of GO.
pub(crate) type TakeProtein<'t> =
    dyn FnMut(&str, &mut Vec<Scored>, &mut Terms) -> Result<(), PredictionsError> + 't;

/// Calls `take` for each protein of a file, with all of its terms, in the order in which the proteins
/// first appear. Returns what was read and how many rows repeat a term of their protein.
///
/// If the rows of each protein are in one place, the file is read as a stream, after a first pass
/// that finds this out. Otherwise it is sorted with the memory of the session.
///
/// # Errors
///
/// Those of reading and of `take`; [`PredictionsError::Empty`] for a file without predictions.
pub fn for_each_protein(
    source: &Source,
    session: &mut Session<'_>,
    take: &mut TakeProtein<'_>,
) -> Result<(Tally, u64), PredictionsError> {
    let result = if is_grouped(source, session)? {
        stream(source, session, take)
    } else {
        sort(source, session, take)
    };
    let (tally, repeated) = result?;
    if tally.rows == 0 {
        return Err(PredictionsError::Empty {
            file: source.name().to_owned(),
        });
    }
    Ok((tally, repeated))
}

/// Whether the rows of each protein are in one place.
fn is_grouped(source: &Source, session: &mut Session<'_>) -> Result<bool, PredictionsError> {
    let mut names = Names::default();
    let (mut current, mut grouped) = (None, true);
    read_accessions(source, session, &mut |accession, _, _| {
        let known = names.len();
        let number = names.number(accession);
        grouped &= number as usize == known || Some(number) == current;
        current = Some(number);
        Ok(())
    })?;
    Ok(grouped)
}

/// Passes on each protein when the next one begins.
fn stream(
    source: &Source,
    session: &mut Session<'_>,
    take: &mut TakeProtein<'_>,
) -> Result<(Tally, u64), PredictionsError> {
    let (mut accession, mut rows) = (String::new(), Vec::new());
    let (mut repeated, mut compact_at) = (0, MANY_ROWS);
    let tally = read_runs(source, session, &mut |name, run, terms| {
        if name != accession {
            if !rows.is_empty() {
                repeated += keep_highest(&mut rows);
                take(&accession, &mut rows, terms)?;
                rows.clear();
            }
            accession.clear();
            accession.push_str(name);
        }
        rows.extend_from_slice(run);
        if rows.len() > compact_at {
            repeated += keep_highest(&mut rows);
            compact_at = MANY_ROWS.max(2 * rows.len());
        }
        Ok(())
    })?;
    if !rows.is_empty() {
        repeated += keep_highest(&mut rows);
        take(&accession, &mut rows, &mut session.terms)?;
    }
    Ok((tally, repeated))
}

fn sort(
    source: &Source,
    session: &mut Session<'_>,
    take: &mut TakeProtein<'_>,
) -> Result<(Tally, u64), PredictionsError> {
    let mut names = Names::default();
    let memory = session.memory;
    let (spool, tally) = collect(source, session, memory, &mut names)?;
    let scratch = session.scratch.clone();
    let unreadable = |source| PredictionsError::Scratch {
        directory: scratch.display().to_string(),
        source,
    };
    let mut reader = spool.reader().map_err(&unreadable)?;
    let (mut rows, mut repeated) = (Vec::new(), 0);
    while let Some(protein) = reader.peek() {
        repeated += reader.next(&mut rows).map_err(&unreadable)?;
        session.advance(0)?;
        if !rows.is_empty() {
            take(names.name(protein), &mut rows, &mut session.terms)?;
        }
    }
    Ok((tally, repeated))
}

/// Reads a whole file into a spool of `memory` bytes.
pub(crate) fn collect(
    source: &Source,
    session: &mut Session<'_>,
    memory: usize,
    names: &mut Names,
) -> Result<(Spool, Tally), PredictionsError> {
    let mut spool = Spool::new(memory);
    let scratch = session.scratch.clone();
    let tally = read_runs(source, session, &mut |name, run, _| {
        spool.push(names.number(name), run, &scratch)
    })?;
    spool.finish(&scratch)?;
    Ok((spool, tally))
}
