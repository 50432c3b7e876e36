//! The search for neighbours: for training proteins among the other folds, for queries among all
//! references.

use std::sync::{Mutex, PoisonError};

use protea_cafa::{
    assessment::embedding_rows,
    dataset::FrozenDataset,
    neighbours::{
        Index, Labels, NeighbourSearchError, Neighbours, RowBlock, SearchOptions, Values,
    },
};
use protea_contracts::prelude::*;

use crate::{folds::Folds, references::References, spec::LightGbmSpec};

/// The neighbours of every training protein from the other folds.
///
/// # Errors
///
/// [`RunnerError::Cancelled`], [`RunnerError::Failed`].
pub(crate) fn out_of_fold(
    references: &References<'_>,
    folds: &Folds,
    spec: &LightGbmSpec,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let options = SearchOptions {
        // The label is the fold: a reference with the query's label is never its neighbour.
        labels: Some(Labels {
            queries: &folds.fold,
            references: &folds.fold,
        }),
        ..SearchOptions::nearest(spec.k as usize)
    };
    let index = references.index(spec.metric)?;
    search(
        &index,
        &embedding_rows(references.dataset())?,
        &options,
        emit,
    )
}

/// The neighbours of some consecutive queries among all references except the query itself.
///
/// # Errors
///
/// [`RunnerError::Cancelled`], [`RunnerError::Failed`].
pub(crate) fn among_all(
    references: &References<'_>,
    queries: &FrozenDataset,
    proteins: std::ops::Range<usize>,
    spec: &LightGbmSpec,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let itself: Vec<Option<u32>> = proteins
        .clone()
        .map(|query| references.dataset().index_of(queries.accession(query)))
        .map(|row| row.and_then(|row| u32::try_from(row).ok()))
        .collect();
    let options = SearchOptions {
        exclude: Some(&itself),
        ..SearchOptions::nearest(spec.k as usize)
    };
    let width = queries.embedding_width().unwrap_or_default();
    let blocks = part(&embedding_rows(queries)?, width, proteins);
    let index = references.index(spec.metric)?;
    search(&index, &blocks, &options, emit)
}

/// Some consecutive rows of a matrix, renumbered from 0.
fn part<'r>(
    blocks: &[RowBlock<'r>],
    width: usize,
    wanted: std::ops::Range<usize>,
) -> Vec<RowBlock<'r>> {
    let cut = |block: &RowBlock<'r>| {
        let first = wanted.start.max(block.first_row);
        let last = wanted.end.min(block.first_row + block.rows);
        (first < last).then(|| {
            let range = (first - block.first_row) * width..(last - block.first_row) * width;
            RowBlock {
                first_row: first - wanted.start,
                rows: last - first,
                values: match block.values {
                    Values::F32(values) => Values::F32(&values[range]),
                    Values::F16(values) => Values::F16(&values[range]),
                },
            }
        })
    };
    blocks.iter().filter_map(cut).collect()
}

fn search(
    index: &Index<'_>,
    queries: &[RowBlock<'_>],
    options: &SearchOptions<'_>,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    // Threads report in any order; the emitted progress never falls.
    let reported = Mutex::new(0);
    let report = |done, total| {
        let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
        if done > *reported {
            *reported = done;
            emit.progress(done, total);
        }
        !emit.is_cancelled()
    };
    let found = index.search(queries, options, &report);
    found.map_err(|error| match error {
        NeighbourSearchError::Cancelled => RunnerError::Cancelled,
        error => RunnerError::failed(format!("the neighbour search failed: {error}")),
    })
}
