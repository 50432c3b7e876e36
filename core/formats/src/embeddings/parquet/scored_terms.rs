//! Reads predictions: the columns `accession`, `term` and `score`.

use std::{path::Path, sync::Arc};

use arrow_array::{
    Array as _, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{Float32Type, Float64Type},
};
use arrow_schema::DataType;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
        parquet_to_arrow_field_levels,
    },
    errors::ParquetError,
};
use protea_ontology::compressed::open_input;

use super::{caught, check_codecs, check_places, columns::text, damaged, pages::Guarded};
use crate::FormatError;

/// The names that a column may have.
const ACCESSION: [&str; 4] = ["accession", "protein", "protein_id", "EntryID"];
const TERM: [&str; 3] = ["term", "term_id", "go_id"];
const SCORE: [&str; 3] = ["score", "confidence", "probability"];
/// Rows that are decoded at a time.
const BATCH: usize = 1 << 14;

/// Receives the accession, the term and the score of consecutive rows. Returns whether to go on.
pub type TakeScoredTerms<'t> = dyn FnMut(&[(&str, &str, f64)]) -> bool + 't;

/// Reads predictions in Parquet, in bounded memory: the columns `accession`, `term` and `score`, in any
/// order, among others. Ends early if `take` returns false.
///
/// # Errors
///
/// [`FormatError::Read`] if the file cannot be read; [`FormatError::Matrix`] if it is damaged, lacks a
/// column or has a null; [`FormatError::NotBuilt`] for pages in Zstandard in a build without it.
pub fn read_scored_terms(path: &Path, take: &mut TakeScoredTerms<'_>) -> Result<(), FormatError> {
    // The `parquet` crate does not check all lengths and panics on some damaged pages.
    caught::catch(|| read(path, take))
        .unwrap_or_else(|| Err(damaged(path, "its pages contradict its footer")))
}

fn read(path: &Path, take: &mut TakeScoredTerms<'_>) -> Result<(), FormatError> {
    let failed = |error: ParquetError| damaged(path, error);
    let unreadable = FormatError::unreadable(path);
    let file = open_input(path).map_err(&unreadable)?;
    let length = file.metadata().map_err(&unreadable)?.len();
    let again = file.try_clone().map_err(&unreadable)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    check_codecs(path, builder.metadata())?;
    check_places(path, builder.metadata(), length)?;
    let names: Vec<String> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let find = |known: &[&str]| {
        let is_known = |name: &String| known.iter().any(|k| k.eq_ignore_ascii_case(name));
        names.iter().position(is_known).ok_or_else(|| {
            FormatError::matrix(
                path,
                format!("it has no column {}, only {}", known[0], names.join(", ")),
                "name the columns accession, term and score",
            )
        })
    };
    let roots = [find(&ACCESSION)?, find(&TERM)?, find(&SCORE)?];
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let fields = builder.schema().fields();
    let levels = parquet_to_arrow_field_levels(builder.parquet_schema(), mask, Some(fields))
        .map_err(failed)?;
    let pages = Guarded {
        file: Arc::new(again),
        metadata: Arc::clone(builder.metadata()),
        widest: 1,
    };
    let reader = ParquetRecordBatchReader::try_new_with_row_groups(&levels, &pages, BATCH, None)
        .map_err(failed)?;
    let mut before = 0;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(path, error))?;
        let column = |place: usize| column(&batch, &names[place], path);
        let (accessions, terms) = (column(roots[0])?, column(roots[1])?);
        let scores = scores(column(roots[2])?, path, &names[roots[2]])?;
        let mut rows = Vec::with_capacity(batch.num_rows());
        for (row, &score) in scores.iter().enumerate() {
            let (Some(accession), Some(term)) = (text(accessions, row), text(terms, row)) else {
                return Err(FormatError::matrix(
                    path,
                    format!(
                        "row {}: the accession or the term is not text",
                        before + row
                    ),
                    "write accessions and terms as strings, without nulls",
                ));
            };
            rows.push((accession, term, score));
        }
        before += batch.num_rows();
        if !take(&rows) {
            break;
        }
    }
    Ok(())
}

fn column<'b>(
    batch: &'b RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'b ArrayRef, FormatError> {
    batch
        .column_by_name(name)
        .ok_or_else(|| damaged(path, format!("column {name} is missing")))
}

/// The scores; a null is not a number.
fn scores(column: &ArrayRef, path: &Path, name: &str) -> Result<Vec<f64>, FormatError> {
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    match column.data_type() {
        DataType::Float64 => Ok(column
            .as_primitive::<Float64Type>()
            .iter()
            .map(or_nan)
            .collect()),
        DataType::Float32 => Ok(column
            .as_primitive::<Float32Type>()
            .iter()
            .map(|value| or_nan(value.map(f64::from)))
            .collect()),
        other => Err(FormatError::matrix(
            path,
            format!("column {name} is {other}, not numbers"),
            "write the scores as float64 or float32",
        )),
    }
}
