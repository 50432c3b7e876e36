//! Features in rows.

/// Rows of single-precision numbers; NaN means missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Matrix {
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// A matrix without rows.
    ///
    /// # Panics
    ///
    /// When `columns` is 0.
    pub(crate) fn new(columns: usize) -> Self {
        assert!(columns > 0, "a matrix has columns");
        Self {
            columns,
            values: Vec::new(),
        }
    }

    /// A matrix without rows, with memory for this many.
    ///
    /// # Panics
    ///
    /// When `columns` is 0.
    pub(crate) fn with_rows(columns: usize, rows: usize) -> Self {
        let mut matrix = Self::new(columns);
        matrix.values.reserve_exact(rows * columns);
        matrix
    }

    /// The number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// All numbers, row by row.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// One row.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When it does not have one number per column.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = f32>) {
        let before = self.values.len();
        self.values.extend(row);
        assert_eq!(
            self.values.len() - before,
            self.columns,
            "one number per column"
        );
    }

    /// Adds the rows of another matrix of the same width.
    ///
    /// # Panics
    ///
    /// When its width differs.
    pub(crate) fn append(&mut self, other: &Self) {
        assert_eq!(self.columns, other.columns, "rows of the same width");
        self.values.extend_from_slice(&other.values);
    }
}
