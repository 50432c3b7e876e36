//! Where the queries of a planned prediction are, and which of them each part has.

use std::{fs, ops::Range, path::Path};

use protea_cafa::dataset::FrozenDataset;
use protea_core::{
    contracts::{ReferenceShard, Sha256},
    engine::{QUERIES, TaskDataset},
    store,
};
use protea_files::Links;

use crate::{exit::Exit, failure::Failure, output::display_path};

/// The directory, below that of the queries, of all queries if they were given as sequences.
pub(super) const ALL: &str = "all";
/// The file, below that of the queries, of the proteins without a vector: accession and reason.
const LEFT_OUT: &str = "left-out.tsv";
/// Its largest size in bytes.
const LEFT_OUT_LIMIT: u64 = 1 << 30;

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

/// Writes the proteins of the FASTA file that are not in the dataset, each with the reason, for
/// gathering.
pub(super) fn write_left_out(staged: &Path, left_out: &[(String, String)]) -> Result<(), Failure> {
    if left_out.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for (accession, reason) in left_out {
        text += &format!("{accession}\t{reason}\n");
    }
    let path = staged.join(LEFT_OUT);
    fs::write(&path, text).map_err(|error| {
        let message = format!("{} cannot be written: {error}", display_path(&path));
        Failure::new(Exit::Output, message)
    })
}

/// Reads them in the directory of a plan.
pub(super) fn read_left_out(plan: &Path) -> Result<Vec<(String, String)>, Failure> {
    let path = plan.join(QUERIES).join(LEFT_OUT);
    let text = match protea_files::read_text(&path, Links::Refuse, LEFT_OUT_LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(Failure::new(Exit::Input, error.reason())),
    };
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(rows
        .map(|(accession, reason)| (accession.to_owned(), reason.to_owned()))
        .collect())
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
