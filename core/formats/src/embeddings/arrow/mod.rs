//! Reads embeddings and predictions from Arrow IPC: Feather version 2, files and streams.
//!
//! The memory that it takes is that of the largest record batch of the file. pandas and pyarrow write
//! 65,536 rows a batch.

mod messages;

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileDecoder;
use arrow_schema::ArrowError;
use protea_ontology::compressed::max_decompressed;

use super::{
    FormatError, OpenOptions, Opened, TakeScoredTerms,
    columnar::{ScoredTerms, Table, catch, select},
};
use messages::Contents;

/// Whether a file with these first bytes is an Arrow file or stream.
pub(super) fn is_arrow(start: &[u8]) -> bool {
    start.starts_with(messages::MAGIC) || start.starts_with(&messages::CONTINUATION)
}

fn damaged(path: &Path, problem: impl std::fmt::Display) -> FormatError {
    FormatError::matrix(
        path,
        format!("the Arrow file cannot be read: {problem}"),
        "copy it again, or write it again with pyarrow.feather.write_feather",
    )
}

/// What is said if the decoder panics: it does not check all lengths.
const CONTRADICTION: &str = "its buffers contradict its schema";

/// Opens an Arrow file and reads the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    catch(|| embeddings(path, file, options)).unwrap_or_else(|| Err(damaged(path, CONTRADICTION)))
}

fn embeddings(
    path: &Path,
    mut file: File,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
    let length = file
        .metadata()
        .map_err(FormatError::unreadable(path))?
        .len();
    let contents = Contents::survey(path, &mut file)?;
    let selection = select(&contents.schema, contents.rows, options)?;
    let mut table = Table::new(options, &selection, max_decompressed(length))?;
    batches(path, &mut file, &contents, &selection.roots, &mut |batch| {
        table.add(batch, &selection).map(|()| true)
    })?;
    table.finish(&selection)
}

/// Reads predictions. Ends early if `take` returns false.
pub(super) fn read_scored_terms<'t>(
    path: &'t Path,
    file: File,
    take: &'t mut TakeScoredTerms<'t>,
) -> Result<(), FormatError> {
    catch(|| scored_terms(path, file, take)).unwrap_or_else(|| Err(damaged(path, CONTRADICTION)))
}

fn scored_terms<'t>(
    path: &'t Path,
    mut file: File,
    take: &'t mut TakeScoredTerms<'t>,
) -> Result<(), FormatError> {
    let contents = Contents::survey(path, &mut file)?;
    let mut rows = ScoredTerms::find(path, &contents.schema, take)?;
    let roots = rows.roots.clone();
    batches(path, &mut file, &contents, &roots, &mut |batch| {
        rows.add(batch)
    })
}

/// Receives a record batch. Returns whether to go on.
type TakeBatch<'t> = dyn FnMut(&RecordBatch) -> Result<bool, FormatError> + 't;

/// Decodes the columns `roots` of all record batches, one after the other.
fn batches(
    path: &Path,
    file: &mut File,
    contents: &Contents,
    roots: &[usize],
    take: &mut TakeBatch<'_>,
) -> Result<(), FormatError> {
    let failed = |error: ArrowError| damaged(path, error);
    let schema = Arc::new(contents.schema.clone());
    let mut decoder = FileDecoder::new(schema, contents.version).with_projection(roots.to_vec());
    for message in &contents.messages {
        let buffer = message.load(file).map_err(FormatError::unreadable(path))?;
        if message.is_dictionary {
            decoder
                .read_dictionary(&message.block, &buffer)
                .map_err(failed)?;
            continue;
        }
        let batch = decoder
            .read_record_batch(&message.block, &buffer)
            .map_err(failed)?;
        let batch = batch.ok_or_else(|| damaged(path, "a record batch is empty"))?;
        if !take(&batch)? {
            break;
        }
    }
    Ok(())
}
