//! Where the queries of a planned prediction are, and which of them each part has.

use std::{fs, ops::Range, path::Path};

use protea_cafa::dataset::FrozenDataset;
use protea_core::{
    contracts::{ReferenceShard, Sha256},
    engine::TaskDataset,
    store,
};

use crate::{exit::Exit, failure::Failure, output::display_path};

/// The directory, below that of the queries, of all queries if they were given as sequences.
pub(super) const ALL: &str = "all";

/// The queries of a part.
pub(super) struct QueryPart {
    pub(super) dataset: TaskDataset,
    pub(super) rows: Range<usize>,
}

/// The rows of each part.
pub(super) fn ranges(len: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    // Queries are split as references are.
    (0..parts).map(move |index| {
        ReferenceShard {
            index,
            count: parts,
        }
        .rows(len)
    })
}

/// Writes each part of the queries as a frozen dataset below `staged`, which will be renamed to `place`.
pub(super) fn write_parts(
    queries: &FrozenDataset,
    parts: usize,
    staged: &Path,
    place: &Path,
) -> Result<Vec<QueryPart>, Failure> {
    fs::create_dir_all(staged).map_err(|error| {
        Failure::new(
            Exit::Output,
            format!("{} cannot be written: {error}", display_path(staged)),
        )
    })?;
    let mut written = Vec::with_capacity(parts);
    let mut twin = None;
    for (index, rows) in ranges(queries.len(), parts).enumerate() {
        let directory = format!("{index:05}");
        let name = format!("{} {}-{}", queries.manifest().name, rows.start, rows.end);
        let out = staged.join(&directory);
        let sha256 = queries.write_rows(rows.clone(), &name, twin.as_deref(), &out)?;
        written.push(QueryPart {
            dataset: task_dataset(name, &place.join(directory), sha256)?,
            rows,
        });
        twin.get_or_insert(out);
    }
    Ok(written)
}

/// A dataset in a directory, which need not be there yet.
pub(super) fn task_dataset(
    name: String,
    directory: &Path,
    sha256: Sha256,
) -> Result<TaskDataset, Failure> {
    let uri = store::uri_of(directory)?;
    Ok(TaskDataset { name, uri, sha256 })
}
