//! Chooses the columns of a table that are read.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;
use protea_hdf5::MatrixType;

use super::{
    super::{
        FormatError, OpenOptions,
        arrays::{Array, ArrayKind},
        choice::{Choice, choose},
    },
    columns::{COLUMNS, columns},
};

/// The columns with the embeddings and the accessions.
pub(in super::super) struct Selection {
    /// The matrix. Its handle is the first of its columns.
    pub matrix: Array<usize>,
    pub dtype: MatrixType,
    /// The columns that are read, in the order of the schema.
    pub roots: Vec<usize>,
    /// Whether there is one column per dimension.
    pub by_dimension: bool,
    /// The places of the numbers among the columns that are read.
    numbers: Vec<usize>,
    /// The place of the accessions among the columns that are read.
    ids: Option<usize>,
}

impl Selection {
    /// The columns of numbers of a batch that has only the columns that are read: one column of lists, or
    /// one per dimension.
    pub fn numbers<'b>(&self, batch: &'b RecordBatch) -> Option<Vec<&'b ArrayRef>> {
        let places = self.numbers.iter();
        places.map(|&place| batch.columns().get(place)).collect()
    }

    /// The column of accessions, if the file has one.
    pub fn ids<'b>(&self, batch: &'b RecordBatch) -> Option<&'b ArrayRef> {
        batch.columns().get(self.ids?)
    }

    pub fn has_ids(&self) -> bool {
        self.ids.is_some()
    }
}

/// Chooses the columns of a table of `rows` rows.
pub(in super::super) fn select(
    schema: &Schema,
    rows: u64,
    options: &OpenOptions<'_>,
) -> Result<Selection, FormatError> {
    let path = options.path;
    let found = columns(schema, rows);
    let has_matrix = found.group.arrays.iter().any(Array::is_matrix);
    if let Some(name) = found.residues.filter(|_| !has_matrix) {
        return Err(FormatError::matrix(
            path,
            format!("column {name} has lists of lists: these are embeddings of residues"),
            "average them first: df[column] = [numpy.mean(list(m), axis=0) for m in df[column]]",
        ));
    }
    let Choice::Matrix(matrix, ids) = choose(&[found.group], options)? else {
        return Err(FormatError::matrix(
            path,
            "the embeddings are a column of single numbers, not of lists",
            "give the embeddings as one column of lists of numbers",
        ));
    };
    let ArrayKind::Float(dtype) = matrix.kind else {
        return Err(FormatError::matrix(
            path,
            "the embeddings are not numbers",
            "give the embeddings as one column of lists of numbers",
        ));
    };
    let by_dimension = matrix.name == COLUMNS;
    if let Some(name) = found.odd.filter(|_| by_dimension) {
        return Err(FormatError::matrix(
            path,
            format!(
                "column {name} is not numbered like the others, so it may not belong to the embedding"
            ),
            "remove the columns that are not dimensions, or write one column of lists",
        ));
    }
    let numbers = if by_dimension {
        found.dimensions
    } else {
        vec![matrix.handle]
    };
    let ids = ids.map(|ids| ids.handle);
    let mut roots: Vec<usize> = numbers.iter().copied().chain(ids).collect();
    roots.sort_unstable();
    roots.dedup();
    let place = |root: usize| roots.partition_point(|&other| other < root);
    Ok(Selection {
        matrix,
        dtype,
        by_dimension,
        numbers: numbers.into_iter().map(place).collect(),
        ids: ids.map(place),
        roots,
    })
}
