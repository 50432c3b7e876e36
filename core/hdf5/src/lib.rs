//! Reads HDF5 files, as far as embeddings need them, without the C library.
//!
//! A reader of our own. Of the crates tried, `hdf5-metno` needs the C library or CMake, and with an older library cannot
//! read chunks written with `libver="latest"`; `hdf5-pure` 0.47 gives nothing for a dataset of half-precision numbers, and
//! says nothing of it; `hdf5-reader` 0.12 fails on groups of more than some ten thousand links written with `libver="latest"`,
//! has no LZF, and keeps some 4 KB of memory for each dataset of a group, where UniProt's file of Swiss-Prot has 570,000.
//! What is here reads groups in one sweep, a dataset when it is asked for, and nothing else:
//!
//! | part | read |
//! |---|---|
//! | superblock | versions 0 to 3, behind a user block or not |
//! | groups | symbol tables, links in the header, links in a fractal heap |
//! | types | IEEE 754 floats of 16, 32 and 64 bits in either byte order; texts of fixed and of varying length |
//! | layouts | compact, contiguous, chunked with each of the six indices (versions 3 to 5) |
//! | filters | deflate, shuffle, Fletcher's checksum, LZF |
//!
//! All else is an error that says what it is. No size or address of the file is trusted: pieces are read only where
//! the file has them, trees come to an end, no chunk above 256 MiB is taken into memory, whether as it is stored or as it is
//! meant, and names and texts take no more memory than the file is long.
//!
//! Format: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html>.
//!
//! This crate knows HDF5 alone: no proteins, no other format, no crate of this workspace.

mod arrays;
mod chunk;
mod chunks;
mod dataset;
mod dtype;
mod error;
mod file;
mod filters;
mod heap;
mod links;
mod object;
mod storage;
mod tree;

pub use dataset::{Dataset, Kind};
pub use dtype::MatrixType;
pub use error::Hdf5Error;
pub use file::{Hdf5, Node};
pub use object::is_hdf5;
