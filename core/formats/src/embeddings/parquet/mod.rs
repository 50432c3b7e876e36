//! Reads embeddings from Parquet: a column of strings and a column of lists of numbers.

mod caught;
mod header;
mod pages;

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{
    Array as _, ArrayRef,
    cast::AsArray,
    types::{Float16Type, Float32Type, Float64Type},
};
use arrow_schema::{DataType, Field, Schema};
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
use protea_hdf5::MatrixType;
use protea_ontology::compressed::max_decompressed;

use super::{
    FormatError, OpenOptions, Opened, Rows, checked_shape,
    choice::{Array, ArrayGroup, ArrayKind, Choice, choose},
    scratch::ScratchRows,
};
use pages::Guarded;

/// Largest number of rows decoded at a time.
const BATCH: u64 = 64;
/// Largest number of values decoded at a time.
const BATCH_NUMBERS: u64 = 4 << 20;

/// Opens a Parquet file and reads the embeddings in it.
pub(super) fn open(
    path: &Path,
    file: File,
    options: &OpenOptions<'_>,
) -> Result<Opened, FormatError> {
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
    let group = group(builder.schema(), rows);
    let choice = choose(path, &[group], options.names, options.has_id_list)?;
    let Choice::Matrix(matrix, ids) = choice else {
        return Err(FormatError::matrix(
            path,
            "the embeddings are a column of single numbers, not of lists",
            "give the embeddings as one column of lists of numbers",
        ));
    };
    let dtype = match matrix.kind {
        ArrayKind::Float(dtype) => dtype,
        ArrayKind::Text | ArrayKind::Other(_) => {
            return Err(damaged(path, "the embeddings are not numbers"));
        }
    };
    let claimed = claimed_width(path, builder.metadata(), builder.parquet_schema(), &matrix)?;
    let batch = (BATCH_NUMBERS / claimed).clamp(1, BATCH);
    let roots = [Some(matrix.handle), ids.as_ref().map(|ids| ids.handle)];
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.into_iter().flatten());
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
        table.add_numbers(column(&matrix.name)?)?;
        if let Some(ids) = &ids {
            table.add_accessions(column(&ids.name)?)?;
        }
        table.rows += batch.num_rows();
    }
    let shape = checked_shape(path, table.rows as u64, table.width.unwrap_or(0) as u64)?;
    Ok(Opened {
        rows: Rows::Matrix(table.unpacked.finish(path, shape, dtype)?),
        accessions: ids.map(|_| table.accessions),
    })
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
            push(&vector, &mut self.unpacked).map_err(FormatError::unreadable(path))?;
        }
        Ok(())
    }

    fn add_accessions(&mut self, names: &ArrayRef) -> Result<(), FormatError> {
        for row in 0..names.len() {
            let name = text(names, row).ok_or_else(|| {
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

/// Describes the columns as arrays: a column of lists is a matrix. Its width is known only after
/// the rows are read.
fn group(schema: &Schema, rows: u64) -> ArrayGroup<usize> {
    let arrays: Vec<Array<usize>> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(handle, field)| column(handle, field, rows))
        .collect();
    ArrayGroup {
        name: String::new(),
        total: arrays.len(),
        arrays,
        handle: 0,
    }
}

fn column(handle: usize, field: &Field, rows: u64) -> Array<usize> {
    let float = |item: &Field| match item.data_type() {
        DataType::Float16 => Some(MatrixType::F16),
        DataType::Float32 => Some(MatrixType::F32),
        DataType::Float64 => Some(MatrixType::F64),
        _ => None,
    };
    let mut dims = vec![rows];
    let kind = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(ArrayKind::Text),
        DataType::List(item) | DataType::LargeList(item) => {
            dims.push(0);
            float(item).map(ArrayKind::Float)
        }
        DataType::FixedSizeList(item, width) => {
            dims.push(u64::try_from(*width).unwrap_or(0));
            float(item).map(ArrayKind::Float)
        }
        // A column of single numbers is not a vector, whatever its type.
        _ => None,
    };
    Array {
        name: field.name().clone(),
        dims,
        kind: kind.unwrap_or_else(|| ArrayKind::Other(field.data_type().to_string())),
        handle,
    }
}

fn list(column: &ArrayRef, row: usize) -> Option<ArrayRef> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        DataType::LargeList(_) => column.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => column.as_fixed_size_list().value(row),
        _ => return None,
    })
}

fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row),
        DataType::Utf8View => column.as_string_view().value(row),
        _ => return None,
    })
}

fn push(vector: &ArrayRef, unpacked: &mut ScratchRows) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(vector.len() * 8);
    match vector.data_type() {
        DataType::Float16 => {
            let numbers = vector.as_primitive::<Float16Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
        DataType::Float32 => {
            let numbers = vector.as_primitive::<Float32Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
        _ => {
            let numbers = vector.as_primitive::<Float64Type>().values();
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        }
    }
    unpacked.push(&bytes)
}
