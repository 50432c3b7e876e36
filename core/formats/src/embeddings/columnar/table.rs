//! Collects the rows of record batches: the numbers in a scratch file, the accessions in memory.

use std::path::Path;

use arrow_array::{Array as _, ArrayRef, RecordBatch};

use super::{
    super::{FormatError, OpenOptions, Opened, Rows, checked_shape, scratch::ScratchRows},
    Selection,
    columns::{Strings, list, push},
};

/// The longest accepted name of a row, in bytes. Rows can share the bytes of a name in the file, but not
/// in memory.
const LONGEST_NAME: usize = 4096;
const COPY_AGAIN: &str = "copy the file again, or write it again with pyarrow";

/// The rows that were read so far.
pub(in super::super) struct Table<'p> {
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

impl<'p> Table<'p> {
    /// `most`: the limit of the decompressed numbers, in bytes.
    pub fn new(
        options: &OpenOptions<'p>,
        selection: &Selection,
        most: u64,
    ) -> Result<Self, FormatError> {
        Ok(Self {
            path: options.path,
            unpacked: ScratchRows::create(options.path, options.scratch)?,
            accessions: Vec::new(),
            width: None,
            rows: 0,
            number_bytes: selection.dtype.bytes(),
            most,
        })
    }

    /// Adds the rows of a batch that has only the columns of `selection`.
    pub fn add(&mut self, batch: &RecordBatch, selection: &Selection) -> Result<(), FormatError> {
        let numbers = selection.numbers(batch).unwrap_or_default();
        match numbers.as_slice() {
            _ if selection.by_dimension => self.add_columns(&numbers)?,
            [lists] => self.add_numbers(lists)?,
            _ => {
                return Err(FormatError::matrix(
                    self.path,
                    "a column is missing in a part of the file",
                    COPY_AGAIN,
                ));
            }
        }
        if let Some(names) = selection.ids(batch) {
            self.add_accessions(names)?;
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    /// The embeddings, after all batches were added.
    pub fn finish(self, selection: &Selection) -> Result<Opened, FormatError> {
        let path = self.path;
        let shape = checked_shape(path, self.rows as u64, self.width.unwrap_or(0) as u64)?;
        Ok(Opened::new(
            Rows::Matrix(self.unpacked.finish(path, shape, selection.dtype)?),
            selection.has_ids().then_some(self.accessions),
        ))
    }

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
                return Err(self.implausible());
            }
            let mut bytes = Vec::with_capacity(vector.len() * 8);
            push(&vector, &mut bytes);
            self.unpacked
                .push(&bytes)
                .map_err(FormatError::unreadable(path))?;
        }
        Ok(())
    }

    fn implausible(&self) -> FormatError {
        FormatError::matrix(
            self.path,
            "decompressed, it is hundreds of times as large, which is not plausible for embeddings",
            COPY_AGAIN,
        )
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
            return Err(self.implausible());
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
        let names = Strings::new(names);
        for row in 0..names.rows() {
            let name = names.get(row).ok_or_else(|| {
                FormatError::matrix(
                    self.path,
                    format!("row {}: the accession is null", self.rows + row),
                    "give every embedding its accession",
                )
            })?;
            if name.len() > LONGEST_NAME {
                return Err(FormatError::matrix(
                    self.path,
                    format!(
                        "row {}: the name has {} bytes, so it is not an accession",
                        self.rows + row,
                        name.len()
                    ),
                    "give the accessions as a column of strings",
                ));
            }
            self.accessions.push(name.to_owned());
        }
        Ok(())
    }
}
