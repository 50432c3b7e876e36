//! Features, row after row.

/// Rows of numbers in single precision; what is not a number is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// A matrix without rows.
    ///
    /// # Panics
    ///
    /// When there are no columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        assert!(columns > 0, "a matrix has columns");
        Self {
            columns,
            values: Vec::new(),
        }
    }

    /// Numbers in each row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// All numbers, row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One row.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When it has not as many numbers as the others.
    pub fn push(&mut self, row: impl IntoIterator<Item = f32>) {
        let before = self.values.len();
        self.values.extend(row);
        assert_eq!(self.values.len() - before, self.columns, "a whole row");
    }

    /// Adds the rows of another matrix of the same width.
    ///
    /// # Panics
    ///
    /// When its width is another.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.columns, other.columns, "rows of one width");
        self.values.extend_from_slice(&other.values);
    }
}
