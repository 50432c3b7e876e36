//! Reads the parts of HDF5 that files of embeddings use, without the C library.
//!
//! We wrote our own reader because the existing crates fall short: `hdf5-metno` needs the C library
//! or CMake, and an older library cannot read chunks written with `libver="latest"`. `hdf5-pure`
//! 0.47 silently returns nothing for a dataset of half-precision numbers. `hdf5-reader` 0.12 fails
//! on groups of more than about ten thousand links written with `libver="latest"`, does not support
//! LZF, and uses about 4 KB of memory for each dataset of a group; UniProt's file of Swiss-Prot has
//! 570,000.
//!
//! This crate reads a group in one pass and a dataset on request. It supports:
//!
//! | part | supported |
//! |---|---|
//! | superblock | versions 0 to 3, with or without a user block |
//! | groups | symbol tables, links in the header, links in a fractal heap; hard links, and soft links within the file |
//! | attributes | those with one string |
//! | types | IEEE 754 floats of 16, 32 and 64 bits in either byte order; strings of fixed and of variable length |
//! | layouts | compact, contiguous, chunked with each of the six indices (versions 3 to 5) |
//! | filters | deflate, shuffle, Fletcher's checksum, LZF |
//!
//! Anything else is an error that names the unsupported feature. Sizes and addresses in the file
//! are not trusted: reads stay within the file, damaged trees cannot cause endless loops, chunks
//! above 256 MiB (stored or decompressed) are rejected, and names and strings take no more memory
//! than the length of the file.
//!
//! Format: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html>.
//!
//! This crate must not know proteins, other formats or other crates of this workspace.

mod arrays;
mod attributes;
mod chunk;
mod chunks;
mod dataset;
mod dtype;
mod error;
mod file;
mod filters;
mod heap;
mod link_targets;
mod links;
mod object;
mod storage;
mod tree;

pub use dataset::{Dataset, Kind};
pub use dtype::MatrixType;
pub use error::Hdf5Error;
pub use file::{Hdf5, Node};
pub use object::is_hdf5;
