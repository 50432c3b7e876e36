//! Reads embeddings from Parquet: a column of strings and a column of lists of numbers.

mod caught;
mod columns;
mod header;
mod pages;
mod scored_terms;

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{Array as _, ArrayRef, cast::AsArray};
use arrow_schema::DataType;
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
    FormatError, OpenOptions, Opened, Rows,
    arrays::{Array, ArrayKind},
    checked_shape,
    choice::{Choice, choose},
    scratch::ScratchRows,
};
use columns::{COLUMNS, columns, list, push, text};
use pages::Guarded;

pub use scored_terms::{TakeScoredTerms, read_scored_terms};

/// Largest number of rows decoded at a time.
const BATCH: u64 = 64;
/// Largest number of values decoded at a time.
const BATCH_NUMBERS: u64 = 4 << 20;

/// Opens a Parquet file and reads the embeddings in it.
pub(super) fn open(file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    // The `parquet` crate does not check all lengths and panics on some damaged pages.
    caught::catch(|| read(path, file, options))
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
    let found = columns(builder.schema(), rows);
    let has_matrix = found.group.arrays.iter().any(Array::is_matrix);
    if let Some(name) = found.residues.filter(|_| !has_matrix) {
        return Err(FormatError::matrix(
            path,
            format!("column {name} has lists of lists: these are embeddings of residues"),
            "average them first: df[column] = [numpy.mean(list(m), axis=0) for m in df[column]]",
        ));
    }
    let choice = choose(&[found.group], options)?;
    let Choice::Matrix(matrix, ids) = choice else {
        return Err(FormatError::matrix(
            path,
            "the embeddings are a column of single numbers, not of lists",
            "give the embeddings as one column of lists of numbers",
        ));
    };
    let ArrayKind::Float(dtype) = matrix.kind else {
        return Err(damaged(path, "the embeddings are not numbers"));
    };
    let is_columns = matrix.name == COLUMNS;
    if let Some(name) = found.odd.filter(|_| is_columns) {
        return Err(FormatError::matrix(
            path,
            format!(
                "column {name} is not numbered like the others, so it may not belong to the embedding"
            ),
            "remove the columns that are not dimensions, or write one column of lists",
        ));
    }
    let claimed = claimed_width(path, builder.metadata(), builder.parquet_schema(), &matrix)?;
    let batch = (BATCH_NUMBERS / claimed).clamp(1, BATCH);
    let mut roots = if is_columns {
        found.dimensions
    } else {
        vec![matrix.handle]
    };
    let names: Vec<String> = roots
        .iter()
        .map(|&at| builder.schema().field(at).name().clone())
        .collect();
    roots.extend(ids.as_ref().map(|ids| ids.handle));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
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

    let mut table = Table {
        path,
        unpacked: ScratchRows::create(path, options.scratch)?,
        accessions: Vec::new(),
        width: None,
        rows: 0,
        number_bytes: dtype.bytes(),
        most,
    };
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, error))?;
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .ok_or_else(|| damaged(path, format!("column {name} is missing")))
        };
        if is_columns {
            let numbers = names.iter().map(|name| column(name));
            let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
            table.add_columns(&numbers)?;
        } else {
            table.add_numbers(column(&matrix.name)?)?;
        }
        if let Some(ids) = &ids {
            table.add_accessions(column(&ids.name)?)?;
        }
        table.rows += batch.num_rows();
    }
    let shape = checked_shape(path, table.rows as u64, table.width.unwrap_or(0) as u64)?;
    Ok(Opened::new(
        Rows::Matrix(table.unpacked.finish(path, shape, dtype)?),
        ids.map(|_| table.accessions),
    ))
}

/// The rows that were read so far.
struct Table<'p> {
    path: &'p Path,
    unpacked: ScratchRows,
    accessions: Vec<String>,
    /// Number of values in the first row.
    width: Option<usize>,
    /// Number of rows before the current batch.
    rows: usize,
    number_bytes: usize,
    /// Limit of the decompressed numbers, in bytes.
    most: u64,
}

impl Table<'_> {
    fn add_numbers(&mut self, numbers: &ArrayRef) -> Result<(), FormatError> {
        let path = self.path;
        for row in 0..numbers.len() {
            let at = self.rows + row;
            let vector = list(numbers, row)
                .filter(|vector| vector.null_count() == 0)
                .ok_or_else(|| {
                    FormatError::matrix(
                        path,
                        format!("row {at}: the embedding is null or contains nulls"),
                        "give every protein an embedding, or remove the protein",
                    )
                })?;
            let expected = *self.width.get_or_insert(vector.len());
            if vector.len() != expected {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "row {at} has {} numbers, but the first has {expected}",
                        vector.len()
                    ),
                    "give embeddings of one width",
                ));
            }
            checked_shape(path, 1, expected as u64)?;
            let bytes = (at as u64 + 1).saturating_mul((expected * self.number_bytes) as u64);
            if bytes > self.most {
                return Err(damaged(
                    path,
                    "decompressed, it is hundreds of times as large, which is not plausible for \
                     embeddings",
                ));
            }
            let mut bytes = Vec::with_capacity(vector.len() * 8);
            push(&vector, &mut bytes);
            self.unpacked
                .push(&bytes)
                .map_err(FormatError::unreadable(path))?;
        }
        Ok(())
    }

    /// Adds the rows of a batch with one column per dimension.
    fn add_columns(&mut self, columns: &[&ArrayRef]) -> Result<(), FormatError> {
        let rows = columns.first().map_or(0, |column| column.len());
        self.width = Some(columns.len());
        let mut decoded = Vec::with_capacity(columns.len());
        for column in columns {
            if column.null_count() > 0 {
                return Err(FormatError::matrix(
                    self.path,
                    "a column of the embeddings contains nulls",
                    "give every protein an embedding, or remove the protein",
                ));
            }
            let mut bytes = Vec::with_capacity(rows * self.number_bytes);
            push(column, &mut bytes);
            decoded.push(bytes);
        }
        let bytes =
            ((self.rows + rows) as u64).saturating_mul((columns.len() * self.number_bytes) as u64);
        if bytes > self.most {
            return Err(damaged(
                self.path,
                "decompressed, it is hundreds of times as large",
            ));
        }
        let mut numbers = Vec::with_capacity(columns.len() * self.number_bytes);
        for row in 0..rows {
            numbers.clear();
            let place = row * self.number_bytes..(row + 1) * self.number_bytes;
            for column in &decoded {
                numbers.extend_from_slice(column.get(place.clone()).unwrap_or_default());
            }
            self.unpacked
                .push(&numbers)
                .map_err(FormatError::unreadable(self.path))?;
        }
        Ok(())
    }

    fn add_accessions(&mut self, names: &ArrayRef) -> Result<(), FormatError> {
        let (keys, names) = match names.data_type() {
            DataType::Dictionary(..) => {
                let dictionary = names.as_any_dictionary();
                let keys = (0..names.len()).map(|row| !dictionary.is_null(row));
                let keys: Vec<_> = keys.zip(dictionary.normalized_keys()).collect();
                (Some(keys), dictionary.values())
            }
            _ => (None, names),
        };
        let rows = keys.as_ref().map_or(names.len(), Vec::len);
        for row in 0..rows {
            let place = match &keys {
                Some(keys) => Some(keys[row].1).filter(|_| keys[row].0),
                None => Some(row),
            };
            let name = place.and_then(|place| text(names, place)).ok_or_else(|| {
                FormatError::matrix(
                    self.path,
                    format!("row {}: the accession is null", self.rows + row),
                    "give every embedding its accession",
                )
            })?;
            self.accessions.push(name.to_owned());
        }
        Ok(())
    }
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
