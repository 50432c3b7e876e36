//! What LightGBM predicts, and the numbers of a matrix as it takes them.

use super::LightGbmError;

/// The kind of a prediction, `C_API_PREDICT_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prediction {
    /// A probability.
    Normal = 0,
    /// The sum of the trees: log odds.
    Sum = 1,
    /// The contribution of each feature to the log odds, followed by the expected log odds.
    Contributions = 3,
}

/// The numbers of a matrix, row by row.
pub(super) struct Numbers<'m> {
    pub(super) rows: i32,
    pub(super) columns: i32,
    /// `rows` × `columns` numbers.
    pub(super) values: &'m [f32],
}

impl<'m> Numbers<'m> {
    pub(super) fn new(
        rows: usize,
        columns: usize,
        values: &'m [f32],
    ) -> Result<Self, LightGbmError> {
        let too_large = |_| LightGbmError::TooLarge { rows, columns };
        assert_eq!(
            rows.checked_mul(columns),
            Some(values.len()),
            "rows × columns numbers"
        );
        Ok(Self {
            rows: i32::try_from(rows).map_err(too_large)?,
            columns: i32::try_from(columns).map_err(too_large)?,
            values,
        })
    }
}
