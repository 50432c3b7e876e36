//! Averages embeddings of residues.

use half::f16;
use protea_hdf5::MatrixType;

/// How embeddings of residues become one embedding of their protein.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pool {
    /// The mean over the residues, summed in double precision. Means of f16 and f32 are f32, those of
    /// f64 are f64.
    Mean,
}

impl Pool {
    /// The type of the result.
    pub(super) fn result(self, dtype: MatrixType) -> MatrixType {
        match (self, dtype) {
            (Self::Mean, MatrixType::F16 | MatrixType::F32) => MatrixType::F32,
            (Self::Mean, MatrixType::F64) => MatrixType::F64,
        }
    }
}

/// The sum of the rows of a matrix.
pub(super) struct Mean {
    dtype: MatrixType,
    sums: Vec<f64>,
    numbers: u64,
    /// Bytes of a number that is not complete yet.
    rest: Vec<u8>,
}

impl Mean {
    pub fn new(dtype: MatrixType, width: usize) -> Self {
        Self {
            dtype,
            sums: vec![0.0; width],
            numbers: 0,
            rest: Vec::new(),
        }
    }

    /// Adds little-endian numbers in the order of the rows.
    pub fn push(&mut self, mut bytes: &[u8]) {
        let size = self.dtype.bytes();
        while !self.rest.is_empty() && !bytes.is_empty() {
            let (first, more) = bytes.split_at(1);
            self.rest.extend_from_slice(first);
            bytes = more;
            if self.rest.len() == size {
                let whole = std::mem::take(&mut self.rest);
                self.add(&whole);
            }
        }
        let whole = bytes.len() - bytes.len() % size;
        self.add(&bytes[..whole]);
        self.rest.extend_from_slice(&bytes[whole..]);
    }

    fn add(&mut self, bytes: &[u8]) {
        let width = self.sums.len();
        let mut column = (self.numbers % width as u64) as usize;
        for number in bytes.chunks_exact(self.dtype.bytes()) {
            self.sums[column] += match *number {
                [a, b] => f16::from_le_bytes([a, b]).to_f64(),
                [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
                [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
                _ => f64::NAN,
            };
            column += 1;
            if column == width {
                column = 0;
            }
        }
        self.numbers += (bytes.len() / self.dtype.bytes()) as u64;
    }

    /// The mean, little-endian; `None` without a complete row.
    pub fn finish(self) -> Option<Vec<u8>> {
        let width = self.sums.len() as u64;
        let rows = self.numbers / width;
        if rows == 0 || !self.numbers.is_multiple_of(width) || !self.rest.is_empty() {
            return None;
        }
        let means = self.sums.iter().map(|sum| sum / rows as f64);
        Some(match Pool::Mean.result(self.dtype) {
            MatrixType::F64 => means.flat_map(f64::to_le_bytes).collect(),
            MatrixType::F16 | MatrixType::F32 => {
                means.flat_map(|mean| (mean as f32).to_le_bytes()).collect()
            }
        })
    }
}
