//! Readers of the files people have: FASTA, embeddings (`.npy`, `.npz`, HDF5, Parquet), lists of accessions,
//! annotations (CAFA tables, GAF, GPAD), taxonomies, clusters and information accretion.
//!
//! What a file is, and whether it is compressed with gzip or Zstandard, its first bytes tell, not its name. Text files
//! are read line by line, in memory that does not grow with their size; embeddings stay in their file, or in a scratch
//! file. Every error names the file, the line or row, and what to do about it.
//!
//! The readers know files and rows only: no frozen dataset, no score, no runner. The features `parquet` and `zstd` add
//! those two formats.

mod accession;
mod annotations;
mod clusters;
mod embeddings;
mod error;
mod fasta;
mod ids;
mod information_accretion;
mod lines;
mod npy;
mod npy_header;
mod partial_read;
mod taxonomy;

pub use annotations::{AnnotationReader, AnnotationRow, Skipped};
pub use clusters::read_clusters;
pub use embeddings::{ArrayNames, EmbeddingReader};
pub use error::FormatError;
pub use fasta::{FastaReader, FastaRecord};
pub use ids::read_ids;
pub use information_accretion::check_information_accretion;
pub use lines::Lines;
pub use npy::{MatrixReader, WIDEST};
pub use protea_hdf5::MatrixType;
pub use taxonomy::read_taxonomy;
