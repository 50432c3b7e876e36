//! Reads predictions: the columns `accession`, `term` and `score`.

use std::path::Path;

use arrow_array::{
    Array as _, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{Float16Type, Float32Type, Float64Type},
};
use arrow_schema::{DataType, Schema};

use super::{super::FormatError, columns::Strings};

/// The names that a column may have.
const ACCESSION: [&str; 4] = ["accession", "protein", "protein_id", "EntryID"];
const TERM: [&str; 3] = ["term", "term_id", "go_id"];
const SCORE: [&str; 3] = ["score", "confidence", "probability"];

/// Receives the accession, the term and the score of consecutive rows. Returns whether to go on.
pub type TakeScoredTerms<'t> = dyn FnMut(&[(&str, &str, f64)]) -> bool + 't;

/// The three columns of a table of predictions, and who receives their rows.
pub(in super::super) struct ScoredTerms<'t> {
    path: &'t Path,
    /// The columns that are read, in the order of the schema.
    pub roots: Vec<usize>,
    /// The places of accession, term and score among them.
    places: [usize; 3],
    /// Name of the column of scores.
    score: String,
    /// Rows that were passed on.
    rows: usize,
    take: &'t mut TakeScoredTerms<'t>,
}

impl<'t> ScoredTerms<'t> {
    /// Finds the columns by their names.
    pub fn find(
        path: &'t Path,
        schema: &Schema,
        take: &'t mut TakeScoredTerms<'t>,
    ) -> Result<Self, FormatError> {
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let find = |known: &[&str]| {
            let is_known = |name: &&str| known.iter().any(|k| k.eq_ignore_ascii_case(name));
            names.iter().position(is_known).ok_or_else(|| {
                FormatError::matrix(
                    path,
                    format!("it has no column {}, only {}", known[0], names.join(", ")),
                    "name the columns accession, term and score",
                )
            })
        };
        let columns = [find(&ACCESSION)?, find(&TERM)?, find(&SCORE)?];
        let mut roots = columns.to_vec();
        roots.sort_unstable();
        let place = |column: usize| roots.partition_point(|&other| other < column);
        Ok(Self {
            path,
            places: columns.map(place),
            score: names[columns[2]].to_owned(),
            roots,
            rows: 0,
            take,
        })
    }

    /// Passes on the rows of a batch that has only the columns that are read. Returns whether to go on.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<bool, FormatError> {
        let column = |place: usize| {
            batch.columns().get(place).ok_or_else(|| {
                FormatError::matrix(
                    self.path,
                    "a column is missing in a part of the file",
                    "copy the file again, or write it again with pyarrow",
                )
            })
        };
        let [accession, term, score] = self.places;
        let (accessions, terms) = (
            Strings::new(column(accession)?),
            Strings::new(column(term)?),
        );
        let scores = scores(column(score)?, self.path, &self.score)?;
        let mut rows = Vec::with_capacity(batch.num_rows());
        for (row, &score) in scores.iter().enumerate() {
            let (Some(accession), Some(term)) = (accessions.get(row), terms.get(row)) else {
                return Err(FormatError::matrix(
                    self.path,
                    format!(
                        "row {}: the accession or the term is not text",
                        self.rows + row
                    ),
                    "write accessions and terms as strings, without nulls",
                ));
            };
            rows.push((accession, term, score));
        }
        self.rows += batch.num_rows();
        Ok((self.take)(&rows))
    }
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
        DataType::Float16 => Ok(column
            .as_primitive::<Float16Type>()
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
