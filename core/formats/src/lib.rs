//! Readers of input files: FASTA, embeddings (`.npy`, `.npz`, HDF5, Parquet, Feather, PyTorch,
//! safetensors, CSV, TSV), lists of accessions, annotations (CAFA tables, GAF, GPAD), taxonomies,
//! clusters and information accretion.
//!
//! The format and the compression (gzip or Zstandard) are detected from the content, not from the
//! file name. Text files are read line by line in constant memory. Embeddings stay in their file or
//! in a scratch file. Every error names the file, the line or row, and the remedy.
//!
//! This crate must not know frozen datasets, scores or runners. The cargo feature `parquet`
//! adds Parquet and Feather, `zstd` adds Zstandard.

mod accession;
mod annotations;
mod clusters;
mod defects;
mod embeddings;
mod error;
mod fasta;
mod ids;
mod information_accretion;
mod inspect;
mod lineages;
mod lines;
mod npy;
mod npy_header;
mod npy_strings;
mod partial_read;
mod recognize;
mod taxonomy;

pub use annotations::{AnnotationReader, AnnotationRow, Skipped, Wanted};
pub use clusters::read_clusters;
pub use defects::{Defects, OnDefect};
pub use embeddings::{ArrayNames, EmbeddingOptions, EmbeddingReader, FoundRow, NameRule, Pool};
#[cfg(feature = "parquet")]
pub use embeddings::{TakeScoredTerms, read_scored_terms};
pub use error::FormatError;
pub use fasta::{FastaReader, FastaRecord};
pub use ids::read_ids;
pub use information_accretion::{
    AccretionFile, check_information_accretion, read_information_accretion,
};
pub use inspect::{Dropped, Inspection, Reading, inspect};
pub use lineages::{Lineages, NoLineage, read_lineages};
pub use lines::Lines;
pub use npy::{MatrixReader, WIDEST};
pub use protea_hdf5::MatrixType;
pub use recognize::{Content, Recognized, Separator, recognize, recognize_file};
pub use taxonomy::{Taxonomy, read_taxonomy, read_taxonomy_of, read_taxonomy_with};
