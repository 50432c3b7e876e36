//! A dataset: its shape, the type of its elements, and where they are.

use super::error::{Hdf5Error, broken, unsupported};
use super::filters::Filter;
use super::object::{Object, message};
use super::storage::{Fields, Storage};
use crate::dtype::MatrixType;

/// What a dataset says of itself.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Elements along each dimension.
    pub dims: Vec<u64>,
    /// What they may grow to; `None` for no limit.
    pub limits: Vec<Option<u64>>,
    /// The type of its elements.
    pub kind: Kind,
    /// Bytes of one element.
    pub element_size: usize,
    pub(super) layout: Layout,
    pub(super) filters: Vec<Filter>,
}

/// The type of the elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A number of 16, 32 or 64 bits.
    Float {
        /// How many bits.
        dtype: MatrixType,
        /// Whether the most significant byte comes first.
        big_endian: bool,
    },
    /// Text of fixed length.
    Text,
    /// Text of varying length.
    VaryingText,
    /// Anything else, in words.
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
    /// Elements of a chunk along each dimension.
    pub dims: Vec<u64>,
    /// Whether chunks that stick out over the edge are stored without filters.
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
        let missing = |what| broken(format!("a dataset has no {what}"));
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
            return Err(unsupported("keeps values in another file"));
        }
        let (dims, limits) = dataspace(space, storage.length_size)?;
        let (kind, element_size) = datatype_of(datatype)?;
        let layout = layout_of(layout, storage, dims.len(), element_size)?;
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

    /// Elements in all.
    pub fn elements(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }

    /// Bytes in all.
    pub fn bytes(&self) -> Option<u64> {
        self.elements()?.checked_mul(self.element_size as u64)
    }

    /// The shape and type, as a message shows them: `300 × 32 f16`.
    pub fn shown(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(u64::to_string).collect();
        let kind = match &self.kind {
            Kind::Float { dtype, .. } => dtype.name(),
            Kind::Text | Kind::VaryingText => "text",
            Kind::Other(words) => words,
        };
        match dims.len() {
            0 => format!("a single {kind}"),
            _ => format!("{} {kind}", dims.join(" × ")),
        }
    }
}

type Dimensions = (Vec<u64>, Vec<Option<u64>>);

fn dataspace(mut space: Fields<'_>, length_size: usize) -> Result<Dimensions, Hdf5Error> {
    let version = space.byte()?;
    let rank = usize::from(space.byte()?);
    let flags = space.byte()?;
    match version {
        1 => space.bytes(5)?,
        2 => space.bytes(1)?,
        _ => return Err(broken(format!("a dataspace of version {version}"))),
    };
    if rank > 32 {
        return Err(broken(format!("a dataset of {rank} dimensions")));
    }
    let dims = (0..rank)
        .map(|_| space.uint(length_size))
        .collect::<Result<Vec<_>, _>>()?;
    let unlimited = u64::MAX >> (64 - 8 * length_size as u32);
    let limits = if flags & 1 != 0 {
        (0..rank)
            .map(|_| Ok(Some(space.uint(length_size)?).filter(|&most| most != unlimited)))
            .collect::<Result<Vec<_>, Hdf5Error>>()?
    } else {
        dims.iter().copied().map(Some).collect()
    };
    if dims
        .iter()
        .zip(&limits)
        .any(|(&d, most)| most.is_some_and(|most| most < d))
    {
        return Err(broken("a dataset is larger than it may be"));
    }
    Ok((dims, limits))
}

fn datatype_of(mut datatype: Fields<'_>) -> Result<(Kind, usize), Hdf5Error> {
    let class = datatype.byte()? & 0x0f;
    let bits = datatype.uint(3)?;
    let size = datatype.uint(4)? as usize;
    if size == 0 {
        return Err(broken("a dataset of elements without size"));
    }
    let kind = match class {
        1 => float(datatype, bits, size)?,
        3 => Kind::Text,
        9 if bits & 0x0f == 1 => Kind::VaryingText,
        0 => Kind::Other(format!("{}-bit integer", size.saturating_mul(8))),
        6 => Kind::Other("compound".into()),
        7 => Kind::Other("reference".into()),
        8 => Kind::Other("enumeration".into()),
        9 => Kind::Other("list of varying length".into()),
        other => Kind::Other(format!("type of class {other}")),
    };
    Ok((kind, size))
}

/// Only the layouts of IEEE 754 are numbers that are understood here. bfloat16 has the size of a half, but is none.
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
                "{}-bit float of its own kind",
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

fn layout_of(
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
        3 => Err(unsupported("has a virtual dataset, made of others")),
        other => Err(broken(format!("a data layout of class {other}"))),
    }
}

fn chunked(
    mut layout: Fields<'_>,
    storage: &Storage,
    version: u8,
    rank: usize,
    element_size: usize,
) -> Result<Chunked, Hdf5Error> {
    let (flags, width) = if version == 3 {
        (0, 4)
    } else {
        (layout.byte()?, 0)
    };
    let count = usize::from(layout.byte()?);
    let mut at = if version == 3 {
        storage.address(&mut layout)?
    } else {
        None
    };
    let width = if version == 3 {
        width
    } else {
        usize::from(layout.byte()?)
    };
    // The last dimension is the element.
    if count != rank + 1 || rank == 0 {
        return Err(broken("chunks have another rank than their dataset"));
    }
    let mut dims = (0..count)
        .map(|_| layout.uint(width))
        .collect::<Result<Vec<_>, _>>()?;
    let element = dims.pop();
    if element != Some(element_size as u64) || dims.contains(&0) {
        return Err(broken("chunks do not fit their dataset"));
    }
    let mut index = Index::TreeOne;
    if version > 3 {
        index = match layout.byte()? {
            1 if flags & 2 != 0 => {
                // A length until version 4, as wide as an address since.
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
            other => return Err(unsupported(format!("finds its chunks by index {other}"))),
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
