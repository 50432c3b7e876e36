//! Matrices as borrowed blocks of rows.

use half::{f16, slice::HalfFloatSliceExt};

use crate::{error::NeighbourSearchError, kernels::prefetch};

/// The values of a block, row by row.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Half precision. Every value is converted, without loss, to single precision.
    F16(&'a [f16]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F16(values) => values.len(),
        }
    }
}

/// Consecutive rows of a matrix, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct RowBlock<'a> {
    /// Number of the first row within the whole matrix, counted from 0.
    pub first_row: usize,
    /// Number of rows.
    pub rows: usize,
    /// `rows` times width values, row by row.
    pub values: Values<'a>,
}

/// One row in its stored precision.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
}

impl<'a> Row<'a> {
    /// The row in single precision. A row in half precision is converted into `scratch`.
    pub(super) fn as_f32<'s>(self, scratch: &'s mut Vec<f32>) -> &'s [f32]
    where
        'a: 's,
    {
        match self {
            Row::F32(values) => values,
            Row::F16(values) => {
                scratch.resize(values.len(), 0.0);
                values.convert_to_f32_slice(scratch);
                scratch
            }
        }
    }
}

/// A whole matrix: checked blocks with access to any row.
#[derive(Debug, Clone)]
pub(super) struct Matrix<'a> {
    width: usize,
    rows: usize,
    blocks: Vec<RowBlock<'a>>,
}

impl<'a> Matrix<'a> {
    pub(super) fn new(
        width: usize,
        blocks: Vec<RowBlock<'a>>,
    ) -> Result<Self, NeighbourSearchError> {
        if width == 0 {
            return Err(NeighbourSearchError::NoColumns);
        }
        let mut rows = 0_usize;
        for (number, block) in blocks.iter().enumerate() {
            if block.first_row != rows {
                return Err(NeighbourSearchError::BlockOrder {
                    block: number,
                    expected: rows,
                    found: block.first_row,
                });
            }
            if block.rows.checked_mul(width) != Some(block.values.len()) {
                return Err(NeighbourSearchError::BlockShape {
                    block: number,
                    first_row: block.first_row,
                    rows: block.rows,
                    width,
                    expected: block.rows.saturating_mul(width),
                    found: block.values.len(),
                });
            }
            rows += block.rows;
        }
        // `rows` itself must also fit into 32 bits.
        if rows > u32::MAX as usize {
            return Err(NeighbourSearchError::TooManyRows {
                rows,
                max: u32::MAX as usize,
            });
        }
        let blocks = blocks.into_iter().filter(|block| block.rows > 0).collect();
        Ok(Self {
            width,
            rows,
            blocks,
        })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn row(&self, row: usize) -> Row<'a> {
        let block = match &self.blocks[..] {
            [only] => only,
            blocks => &blocks[blocks.partition_point(|block| block.first_row <= row) - 1],
        };
        let start = (row - block.first_row) * self.width;
        match block.values {
            Values::F32(values) => Row::F32(&values[start..start + self.width]),
            Values::F16(values) => Row::F16(&values[start..start + self.width]),
        }
    }

    /// Starts to load a row into the cache.
    pub(super) fn prefetch(&self, row: usize) {
        match self.row(row) {
            Row::F32(values) => prefetch(values),
            Row::F16(values) => prefetch(values),
        }
    }
}
