//! The header of a dataset: its shape, the type of its elements and their layout.

use super::{
    error::{Hdf5Error, damaged, unsupported},
    filters::Filter,
    object::{Object, message},
    storage::{Fields, Storage},
};
use crate::dtype::MatrixType;

/// The header of a dataset.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Number of elements along each dimension.
    pub dims: Vec<u64>,
    /// Largest size of each dimension; `None` if it is unlimited.
    pub limits: Vec<Option<u64>>,
    /// The type of the elements.
    pub kind: Kind,
    /// Size of one element in bytes.
    pub element_size: usize,
    pub(super) layout: Layout,
    pub(super) filters: Vec<Filter>,
}

/// The type of the elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// IEEE 754 numbers of 16, 32 or 64 bits.
    Float {
        /// The number type, which gives the width.
        dtype: MatrixType,
        /// Whether the most significant byte comes first.
        big_endian: bool,
    },
    /// Strings of fixed length.
    FixedString,
    /// Strings of variable length.
    VariableString,
    /// Any other type, described for a message.
    Other(String),
}

#[derive(Debug, Clone)]
pub(super) enum Layout {
    Compact(Vec<u8>),
    Contiguous { at: Option<u64>, size: u64 },
    Chunked(Chunked),
}

#[derive(Debug, Clone)]
pub(super) struct Chunked {
    /// Number of elements of a chunk along each dimension.
    pub dims: Vec<u64>,
    /// Whether chunks that extend beyond the dataset are stored without filters.
    pub plain_edges: bool,
    pub index: Index,
    pub at: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    TreeOne,
    Single { size: Option<(u64, u32)> },
    Implicit,
    FixedArray,
    ExtensibleArray,
    TreeTwo,
}

impl Dataset {
    pub(super) fn read(storage: &Storage, object: &Object) -> Result<Self, Hdf5Error> {
        let missing = |part| damaged(format!("a dataset has no {part}"));
        let space = object
            .get(message::DATASPACE)
            .ok_or_else(|| missing("shape"))?;
        let datatype = object
            .get(message::DATATYPE)
            .ok_or_else(|| missing("type"))?;
        let layout = object
            .get(message::LAYOUT)
            .ok_or_else(|| missing("layout"))?;
        if object.get(message::EXTERNAL_FILES).is_some() {
            return Err(unsupported("stores values in another file"));
        }
        let (dims, limits) = parse_dataspace(space, storage.length_size)?;
        let (kind, element_size) = parse_datatype(datatype)?;
        let layout = parse_layout(layout, storage, dims.len(), element_size)?;
        let filters = match object.get(message::FILTERS) {
            Some(pipeline) => super::filters::parse(pipeline)?,
            None => Vec::new(),
        };
        Ok(Self {
            dims,
            limits,
            kind,
            element_size,
            layout,
            filters,
        })
    }

    /// Total number of elements; `None` on overflow.
    pub fn elements(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }

    /// Total number of bytes; `None` on overflow.
    pub fn bytes(&self) -> Option<u64> {
        self.elements()?.checked_mul(self.element_size as u64)
    }

    /// The shape and type for a message: `300 × 32 f16`.
    pub fn describe(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(u64::to_string).collect();
        let kind = match &self.kind {
            Kind::Float { dtype, .. } => dtype.name(),
            Kind::FixedString | Kind::VariableString => "string",
            Kind::Other(words) => words,
        };
        if dims.is_empty() {
            format!("a single {kind}")
        } else {
            format!("{} {kind}", dims.join(" × "))
        }
    }
}

type Dimensions = (Vec<u64>, Vec<Option<u64>>);

pub(super) fn parse_dataspace(
    mut space: Fields<'_>,
    length_size: usize,
) -> Result<Dimensions, Hdf5Error> {
    let version = space.byte()?;
    let rank = usize::from(space.byte()?);
    let flags = space.byte()?;
    match version {
        1 => space.bytes(5)?,
        2 => space.bytes(1)?,
        _ => return Err(damaged(format!("a dataspace has version {version}"))),
    };
    if rank > 32 {
        return Err(damaged(format!("a dataset has {rank} dimensions")));
    }
    let dims = (0..rank)
        .map(|_| space.uint(length_size))
        .collect::<Result<Vec<_>, _>>()?;
    let unlimited = u64::MAX >> (64 - 8 * length_size as u32);
    let limits = if flags & 1 != 0 {
        (0..rank)
            .map(|_| Ok(Some(space.uint(length_size)?).filter(|&limit| limit != unlimited)))
            .collect::<Result<Vec<_>, Hdf5Error>>()?
    } else {
        dims.iter().copied().map(Some).collect()
    };
    if dims
        .iter()
        .zip(&limits)
        .any(|(&size, limit)| limit.is_some_and(|limit| limit < size))
    {
        return Err(damaged("a dataset is larger than its own limit"));
    }
    Ok((dims, limits))
}

pub(super) fn parse_datatype(mut datatype: Fields<'_>) -> Result<(Kind, usize), Hdf5Error> {
    let class = datatype.byte()? & 0x0f;
    let bits = datatype.uint(3)?;
    let size = datatype.uint(4)? as usize;
    if size == 0 {
        return Err(damaged("a dataset has elements of size 0"));
    }
    let kind = match class {
        1 => float(datatype, bits, size)?,
        3 => Kind::FixedString,
        9 if bits & 0x0f == 1 => Kind::VariableString,
        0 => Kind::Other(format!("{}-bit integer", size.saturating_mul(8))),
        6 => Kind::Other("compound".into()),
        7 => Kind::Other("reference".into()),
        8 => Kind::Other("enumeration".into()),
        9 => Kind::Other("list of variable length".into()),
        other => Kind::Other(format!("type of class {other}")),
    };
    Ok((kind, size))
}

/// Accepts the layouts of IEEE 754 only. bfloat16 has the size of a half-precision number but
/// another layout.
fn float(mut datatype: Fields<'_>, bits: u64, size: usize) -> Result<Kind, Hdf5Error> {
    let found = (
        datatype.uint(2)?,
        datatype.uint(2)?,
        datatype.byte()?,
        datatype.byte()?,
        datatype.byte()?,
        datatype.byte()?,
        datatype.uint(4)?,
        (bits >> 8) & 0xff,
        (bits >> 4) & 3,
    );
    let dtype = match (size, found) {
        (2, (0, 16, 10, 5, 0, 10, 15, 15, 2)) => MatrixType::F16,
        (4, (0, 32, 23, 8, 0, 23, 127, 31, 2)) => MatrixType::F32,
        (8, (0, 64, 52, 11, 0, 52, 1023, 63, 2)) => MatrixType::F64,
        (2, (0, 16, 7, 8, 0, 7, 127, 15, 2)) => return Ok(Kind::Other("bfloat16".into())),
        _ => {
            return Ok(Kind::Other(format!(
                "{}-bit float that is not IEEE 754",
                size.saturating_mul(8)
            )));
        }
    };
    match bits & 0x41 {
        0 => Ok(Kind::Float {
            dtype,
            big_endian: false,
        }),
        1 => Ok(Kind::Float {
            dtype,
            big_endian: true,
        }),
        _ => Ok(Kind::Other("VAX float".into())),
    }
}

fn parse_layout(
    mut layout: Fields<'_>,
    storage: &Storage,
    rank: usize,
    element_size: usize,
) -> Result<Layout, Hdf5Error> {
    let version = layout.byte()?;
    if !(3..=5).contains(&version) {
        return Err(unsupported(format!(
            "has a data layout of version {version}"
        )));
    }
    match layout.byte()? {
        0 => {
            let size = layout.uint(2)? as usize;
            Ok(Layout::Compact(layout.bytes(size)?.to_vec()))
        }
        1 => Ok(Layout::Contiguous {
            at: storage.address(&mut layout)?,
            size: layout.uint(storage.length_size)?,
        }),
        2 => chunked(layout, storage, version, rank, element_size).map(Layout::Chunked),
        3 => Err(unsupported("has a virtual dataset")),
        other => Err(damaged(format!("a data layout has class {other}"))),
    }
}

fn chunked(
    mut layout: Fields<'_>,
    storage: &Storage,
    version: u8,
    rank: usize,
    element_size: usize,
) -> Result<Chunked, Hdf5Error> {
    let flags = if version == 3 { 0 } else { layout.byte()? };
    let count = usize::from(layout.byte()?);
    let mut at = if version == 3 {
        storage.address(&mut layout)?
    } else {
        None
    };
    let width = if version == 3 {
        4
    } else {
        usize::from(layout.byte()?)
    };
    // The last dimension is the size of an element.
    if count != rank + 1 || rank == 0 {
        return Err(damaged(
            "chunks have a different number of dimensions than their dataset",
        ));
    }
    let mut dims = (0..count)
        .map(|_| layout.uint(width))
        .collect::<Result<Vec<_>, _>>()?;
    let element = dims.pop();
    if element != Some(element_size as u64) || dims.contains(&0) {
        return Err(damaged("chunks do not match their dataset"));
    }
    let mut index = Index::TreeOne;
    if version > 3 {
        index = match layout.byte()? {
            1 if flags & 2 != 0 => {
                // The field is as wide as a length in version 4, and as wide as an address in
                // version 5.
                let width = if version == 4 {
                    storage.length_size
                } else {
                    storage.offset_size
                };
                Index::Single {
                    size: Some((layout.uint(width)?, layout.uint(4)? as u32)),
                }
            }
            1 => Index::Single { size: None },
            2 => Index::Implicit,
            3 => {
                layout.bytes(1)?;
                Index::FixedArray
            }
            4 => {
                layout.bytes(5)?;
                Index::ExtensibleArray
            }
            5 => {
                layout.bytes(6)?;
                Index::TreeTwo
            }
            other => return Err(unsupported(format!("has a chunk index of type {other}"))),
        };
        at = storage.address(&mut layout)?;
    }
    Ok(Chunked {
        dims,
        plain_edges: flags & 1 != 0,
        index,
        at,
    })
}
