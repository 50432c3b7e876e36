//! Tensors of PyTorch and safetensors: numbers in a storage, with an offset and strides. They are
//! copied into a scratch file row by row.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use protea_hdf5::MatrixType;
use protea_ontology::compressed::max_decompressed;

use super::{
    FormatError, OpenOptions, Opened, Pool, Rows, arrays::ArrayKind, checked_shape, pool::Mean,
    scratch::ScratchRows,
};
use crate::npy::swap;

const PIECE: usize = 256 << 10;
/// The largest part of a storage that is read into memory for a tensor that is not contiguous.
const LARGEST_SPAN: u64 = 256 << 20;

/// The type of the numbers of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NumberType {
    Float(MatrixType),
    /// The upper half of an f32.
    Bf16,
    /// Any other type: its name and size in bytes.
    Other(String, u64),
}

impl NumberType {
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Float(dtype) => dtype.bytes() as u64,
            Self::Bf16 => 2,
            Self::Other(_, bytes) => *bytes,
        }
    }

    /// The type as which the numbers are read.
    pub fn kind(&self) -> ArrayKind {
        match self {
            Self::Float(dtype) => ArrayKind::Float(*dtype),
            Self::Bf16 => ArrayKind::Float(MatrixType::F32),
            Self::Other(name, _) => ArrayKind::Other(name.clone()),
        }
    }
}

/// A tensor: where its numbers are in a storage, counted in elements.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub dtype: NumberType,
    pub offset: u64,
    pub dims: Vec<u64>,
    pub strides: Vec<u64>,
}

impl Tensor {
    /// A tensor whose numbers follow one another; `None` if it has too many.
    pub fn contiguous(dtype: NumberType, dims: Vec<u64>) -> Option<Self> {
        let mut strides = vec![0; dims.len()];
        let mut step = 1u64;
        for (stride, &size) in strides.iter_mut().zip(&dims).rev() {
            *stride = step;
            step = step.checked_mul(size.max(1))?;
        }
        Some(Self {
            dtype,
            offset: 0,
            dims,
            strides,
        })
    }

    /// Number of elements; `None` on overflow.
    pub fn elements(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }

    /// Number of elements of the storage from the first to the last of the tensor; `None` on
    /// overflow.
    pub fn span(&self) -> Option<u64> {
        if self.dims.contains(&0) {
            return Some(0);
        }
        let steps = self.dims.iter().zip(&self.strides);
        steps.into_iter().try_fold(1u64, |span, (&size, &stride)| {
            span.checked_add((size - 1).checked_mul(stride)?)
        })
    }

    fn is_contiguous(&self) -> bool {
        let mut step = 1u64;
        for (&size, &stride) in self.dims.iter().zip(&self.strides).rev() {
            if size != 1 && stride != step {
                return false;
            }
            step = step.saturating_mul(size);
        }
        true
    }
}

/// The bytes of a storage in a file.
pub(super) struct Storage<'f> {
    pub file: &'f mut File,
    pub at: u64,
    pub bytes: u64,
    pub big_endian: bool,
}

impl Storage<'_> {
    /// Calls `take` with the numbers of a tensor, little-endian and in the order of its rows. bfloat16
    /// becomes f32.
    fn read(
        &mut self,
        tensor: &Tensor,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), Problem> {
        let size = tensor.dtype.bytes();
        let span = tensor
            .span()
            .and_then(|span| span.checked_add(tensor.offset)?.checked_mul(size))
            .filter(|&end| end <= self.bytes)
            .map(|end| end - tensor.offset * size)
            .ok_or_else(|| Problem::invalid("a tensor is outside its storage"))?;
        self.file
            .seek(SeekFrom::Start(self.at + tensor.offset * size))?;
        let mut numbers = Vec::new();
        let mut emit = |bytes: &mut Vec<u8>| -> io::Result<()> {
            if self.big_endian {
                swap(bytes, size as usize);
            }
            match tensor.dtype {
                NumberType::Bf16 => take(&widen(bytes)),
                NumberType::Float(_) | NumberType::Other(..) => take(bytes),
            }
        };
        if tensor.is_contiguous() {
            let mut left = span;
            while left > 0 {
                numbers.resize(left.min(PIECE as u64) as usize, 0);
                self.file.read_exact(&mut numbers)?;
                emit(&mut numbers)?;
                left -= numbers.len() as u64;
            }
            return Ok(());
        }
        if span > LARGEST_SPAN {
            return Err(Problem::invalid(
                "a large tensor is a view that is not stored row by row",
            ));
        }
        let mut whole = vec![0; span as usize];
        self.file.read_exact(&mut whole)?;
        let size = size as usize;
        let mut index = vec![0u64; tensor.dims.len()];
        loop {
            let places = index.iter().zip(&tensor.strides);
            let at = places.map(|(i, stride)| i * stride).sum::<u64>() as usize * size;
            numbers.extend_from_slice(&whole[at..at + size]);
            if numbers.len() >= PIECE {
                emit(&mut numbers)?;
                numbers.clear();
            }
            // Counts up, the last dimension fastest.
            let Some(dim) = (0..index.len())
                .rev()
                .find(|&d| index[d] + 1 < tensor.dims[d])
            else {
                break;
            };
            index[dim] += 1;
            index[dim + 1..].fill(0);
        }
        emit(&mut numbers)?;
        Ok(())
    }
}

/// Why a tensor could not be read.
enum Problem {
    Io(io::Error),
    Invalid(&'static str),
}

impl Problem {
    fn invalid(problem: &'static str) -> Self {
        Self::Invalid(problem)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// bfloat16 as f32.
fn widen(numbers: &[u8]) -> Vec<u8> {
    let numbers = numbers.as_chunks::<2>().0.iter();
    numbers.flat_map(|&[low, high]| [0, 0, low, high]).collect()
}

/// Copies tensors into a scratch file: one matrix, or one vector per protein.
pub(super) struct Unpacker<'o> {
    options: &'o OpenOptions<'o>,
    pool: Option<Pool>,
    unpacked: ScratchRows,
    /// Width and type of the rows.
    first: Option<(usize, MatrixType)>,
    rows: usize,
    /// For each averaged row, how many rows it had.
    residues: Vec<u64>,
    bytes: u64,
    limit: u64,
}

impl<'o> Unpacker<'o> {
    /// `pool` is for tensors with one row per residue. `file_bytes` is the size of the input, which
    /// limits that of the output: a view can repeat its numbers.
    pub fn new(
        options: &'o OpenOptions<'o>,
        pool: Option<Pool>,
        file_bytes: u64,
    ) -> Result<Self, FormatError> {
        Ok(Self {
            options,
            pool,
            unpacked: ScratchRows::create(options.path, options.scratch)?,
            first: None,
            rows: 0,
            residues: Vec::new(),
            bytes: 0,
            limit: max_decompressed(file_bytes),
        })
    }

    /// Adds the rows of a tensor.
    pub fn add(
        &mut self,
        name: &str,
        tensor: &Tensor,
        storage: &mut Storage<'_>,
    ) -> Result<(), FormatError> {
        let path = self.options.path;
        let ArrayKind::Float(stored) = tensor.dtype.kind() else {
            return Err(FormatError::matrix(
                path,
                format!("{name} has no f16, bf16, f32 or f64 numbers"),
                "convert it: tensor.float()",
            ));
        };
        let (rows, width) = match (self.pool, tensor.dims.as_slice()) {
            (_, &[width]) => (1, width),
            (_, &[rows, width]) | (Some(_), &[1, rows, width]) => (rows, width),
            _ => {
                return Err(FormatError::matrix(
                    path,
                    format!("{name} has {} dimension(s)", tensor.dims.len()),
                    "give vectors of one width and one type, one per protein",
                ));
            }
        };
        let (rows, width) = checked_shape(path, rows, width)?;
        let (rows, dtype) = match self.pool {
            Some(pool) => {
                let is_vector = tensor.dims.len() == 1;
                self.residues.push(if is_vector { 0 } else { rows as u64 });
                (1, pool.result(stored))
            }
            None => (rows, stored),
        };
        let (width_of_first, dtype_of_first) = *self.first.get_or_insert((width, dtype));
        if (width, dtype) != (width_of_first, dtype_of_first) {
            return Err(FormatError::matrix(
                path,
                format!(
                    "{name} has {width} {}, but the first has {width_of_first} {}",
                    dtype.name(),
                    dtype_of_first.name()
                ),
                "give vectors of one width and one type, one per protein",
            ));
        }
        let bytes = (rows as u64).saturating_mul((width * dtype.bytes()) as u64);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limit {
            return Err(FormatError::matrix(
                path,
                "its tensors are hundreds of times as large as the file, which is not plausible \
                 for embeddings",
                "save them with tensor.contiguous()",
            ));
        }
        self.rows += rows;
        let unpacked = &mut self.unpacked;
        let mut mean = self.pool.map(|_| Mean::new(stored, width));
        let read = storage.read(tensor, &mut |numbers| match &mut mean {
            Some(mean) => {
                mean.push(numbers);
                Ok(())
            }
            None => unpacked.push(numbers),
        });
        match read {
            Ok(()) => {}
            Err(Problem::Io(source)) => return Err(FormatError::unreadable(path)(source)),
            Err(Problem::Invalid(problem)) => {
                return Err(FormatError::matrix(
                    path,
                    format!("{name}: {problem}"),
                    "copy the file again, or save tensor.contiguous()",
                ));
            }
        }
        if let Some(mean) = mean {
            let mean = mean.finish().unwrap_or_default();
            self.unpacked
                .push(&mean)
                .map_err(FormatError::unreadable(path))?;
        }
        Ok(())
    }

    /// The rows that were added, with their names.
    pub fn finish(self, accessions: Option<Vec<String>>) -> Result<Opened, FormatError> {
        let path = self.options.path;
        let Some((width, dtype)) = self.first else {
            return Err(FormatError::Empty {
                path: path.to_owned(),
                expected: "row of embeddings",
            });
        };
        let reader = self.unpacked.finish(path, (self.rows, width), dtype)?;
        Ok(Opened {
            residues: self.residues,
            ..Opened::new(Rows::Matrix(reader), accessions)
        })
    }
}
