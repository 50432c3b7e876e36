//! Reads embeddings from Parquet: a column of strings and a column of lists of numbers.

mod header;
mod pages;
mod predictions;

use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
        parquet_to_arrow_field_levels,
    },
    basic::Compression,
    errors::ParquetError,
    file::metadata::ParquetMetaData,
    schema::types::SchemaDescriptor,
};
use protea_ontology::compressed::max_decompressed;

use super::{
    FormatError, OpenOptions, Opened,
    arrays::Array,
    checked_shape,
    columnar::{Table, catch, select},
};
use pages::Guarded;

pub(super) use predictions::read_scored_terms;

/// Largest number of rows decoded at a time.
const BATCH: u64 = 64;
/// Largest number of values decoded at a time.
const BATCH_NUMBERS: u64 = 4 << 20;

/// Opens a Parquet file and reads the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    // The `parquet` crate does not check all lengths and panics on some damaged pages.
    catch(|| read(path, file, options))
        .unwrap_or_else(|| Err(damaged(path, "its pages contradict its footer")))
}

fn damaged(path: &Path, problem: impl std::fmt::Display) -> FormatError {
    FormatError::matrix(
        path,
        format!("the Parquet file cannot be read: {problem}"),
        "copy it again, or write it again with pyarrow (uncompressed, snappy or zstd)",
    )
}

/// Rejects pages compressed with Zstandard if this build cannot read them.
fn check_codecs(path: &Path, metadata: &ParquetMetaData) -> Result<(), FormatError> {
    let mut columns = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    if !cfg!(feature = "zstd")
        && columns.any(|column| matches!(column.compression(), Compression::ZSTD(_)))
    {
        return Err(FormatError::NotBuilt {
            path: path.to_owned(),
            format: "Zstandard-compressed Parquet",
            feature: "zstd",
        });
    }
    Ok(())
}

/// Rejects a footer whose columns are not in the file. The `parquet` crate panics on a negative place
/// or length.
fn check_places(path: &Path, metadata: &ParquetMetaData, length: u64) -> Result<(), FormatError> {
    let columns = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    for column in columns {
        let start = column
            .dictionary_page_offset()
            .unwrap_or_else(|| column.data_page_offset());
        let places = [
            start,
            column.data_page_offset(),
            column.compressed_size(),
            column.uncompressed_size(),
            column.num_values(),
        ];
        let end = start.checked_add(column.compressed_size());
        let is_inside = end.is_some_and(|end| u64::try_from(end).is_ok_and(|end| end <= length));
        if places.iter().any(|number| *number < 0) || !is_inside {
            let problem = format!(
                "its footer places the column {} at byte {start} with {} bytes, outside of the file",
                column.column_path().string(),
                column.compressed_size()
            );
            return Err(damaged(path, problem));
        }
    }
    Ok(())
}

fn read(path: &Path, file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let failed = |error: ParquetError| damaged(path, error);
    let unreadable = FormatError::unreadable(path);
    let length = file.metadata().map_err(&unreadable)?.len();
    let most = max_decompressed(length);
    let again = file.try_clone().map_err(&unreadable)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    check_codecs(path, builder.metadata())?;
    check_places(path, builder.metadata(), length)?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let selection = select(builder.schema(), rows, options)?;
    let claimed = claimed_width(
        path,
        builder.metadata(),
        builder.parquet_schema(),
        &selection.matrix,
    )?;
    let batch = (BATCH_NUMBERS / claimed).clamp(1, BATCH);
    let mask = ProjectionMask::roots(builder.parquet_schema(), selection.roots.iter().copied());
    let fields = builder.schema().fields();
    let levels = parquet_to_arrow_field_levels(builder.parquet_schema(), mask, Some(fields))
        .map_err(failed)?;
    let pages = Guarded {
        file: Arc::new(again),
        metadata: Arc::clone(builder.metadata()),
        // Rows of different widths are reported when they are added. This limit only bounds memory.
        widest: claimed.max(BATCH_NUMBERS / batch),
    };
    let reader =
        ParquetRecordBatchReader::try_new_with_row_groups(&levels, &pages, batch as usize, None)
            .map_err(failed)?;

    let mut table = Table::new(options, &selection, most)?;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, error))?;
        table.add(&batch, &selection)?;
    }
    table.finish(&selection)
}

/// The largest number of values in a row according to the footer. The pages are checked against it.
fn claimed_width(
    path: &Path,
    metadata: &ParquetMetaData,
    schema: &SchemaDescriptor,
    matrix: &Array<usize>,
) -> Result<u64, FormatError> {
    // Rows of fixed width occupy their width even if they are null.
    let mut widest = matrix.dims.get(1).copied().unwrap_or(0).max(1);
    let leaf =
        (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == matrix.handle);
    for group in metadata.row_groups() {
        let chunk = leaf.and_then(|leaf| group.columns().get(leaf));
        let values = chunk.map_or(0, |chunk| {
            u64::try_from(chunk.num_values()).unwrap_or(u64::MAX)
        });
        let rows = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
        widest = widest.max(values.div_ceil(rows));
    }
    checked_shape(path, 1, widest)?;
    Ok(widest)
}
