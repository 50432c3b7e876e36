//! Predictions in Parquet: the columns `accession`, `term` and `score`, and perhaps `name` and
//! `aspect`.

use std::{io, io::Write, sync::Arc};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError,
    file::properties::WriterProperties,
};

/// Rows that are collected before they are written.
const BATCH: usize = 1 << 16;
/// Rows of a row group.
const GROUP: usize = 1 << 20;

/// Writes predictions as Parquet, compressed with Snappy. Memory does not grow with the number of
/// rows.
pub struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: Arc<Schema>,
    accessions: Vec<String>,
    terms: Vec<String>,
    names: Option<Vec<(String, String)>>,
    scores: Vec<f64>,
}

/// Whether a file has the names and aspects of the terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParquetColumns {
    /// `accession`, `term`, `score`.
    Scores,
    /// `accession`, `term`, `name`, `aspect`, `score`.
    Names,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// Those of writing to `out`.
    pub fn new(out: W, columns: ParquetColumns) -> io::Result<Self> {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let mut fields = vec![text("accession"), text("term")];
        if columns == ParquetColumns::Names {
            fields.extend([text("name"), text("aspect")]);
        }
        fields.push(Field::new("score", DataType::Float64, false));
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let writer =
            ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(failed)?;
        Ok(Self {
            writer,
            schema,
            accessions: Vec::new(),
            terms: Vec::new(),
            names: (columns == ParquetColumns::Names).then(Vec::new),
            scores: Vec::new(),
        })
    }

    /// Adds a prediction. `name` and `aspect` are ignored in a file without them.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn add(
        &mut self,
        accession: &str,
        term: &str,
        name: &str,
        aspect: &str,
        score: f64,
    ) -> io::Result<()> {
        self.accessions.push(accession.to_owned());
        self.terms.push(term.to_owned());
        if let Some(names) = &mut self.names {
            names.push((name.to_owned(), aspect.to_owned()));
        }
        self.scores.push(score);
        if self.scores.len() >= BATCH {
            self.write_batch()?;
        }
        Ok(())
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let text =
            |values: &[String]| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
        let mut columns = vec![text(&self.accessions), text(&self.terms)];
        if let Some(names) = &mut self.names {
            let name = StringArray::from_iter_values(names.iter().map(|(name, _)| name));
            let aspect = StringArray::from_iter_values(names.iter().map(|(_, aspect)| aspect));
            columns.extend([Arc::new(name) as ArrayRef, Arc::new(aspect)]);
            names.clear();
        }
        columns.push(Arc::new(Float64Array::from(std::mem::take(
            &mut self.scores,
        ))));
        self.accessions.clear();
        self.terms.clear();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.writer.write(&batch).map_err(failed)
    }

    /// Writes what is left and the footer. Returns what the file was written to.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.scores.is_empty() {
            self.write_batch()?;
        }
        self.writer.into_inner().map_err(failed)
    }
}

/// The error of the file below, so that a full disk is recognised as one.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source.to_string()),
        },
        error => io::Error::other(error.to_string()),
    }
}
