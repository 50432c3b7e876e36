//! Frozen datasets: proteins, annotations and ontology in a directory that never changes.
//!
//! | file | content |
//! |---|---|
//! | `dataset.json` | the [`Manifest`]: name, version, licence, counts, embedding, size and SHA-256 of every file |
//! | `ontology.obo` | the ontology, an exact copy of the OBO input; OBO Graphs JSON is converted to OBO |
//! | `proteins.arrow` | `accession` Utf8, `sequence` Utf8, `taxon` Int32, `embedding` FixedSizeList of Float32 or Float16 |
//! | `annotations.arrow` | `accession`, `term`, `aspect` (`MFO`, `BPO`, `CCO`), `evidence`, all Utf8 |
//! | `ia.tsv` | information accretion of terms, if there is any |
//! | `lineages.tsv` | `taxon`, `parent` and `rank` of the taxa and their ancestors, if the dataset was frozen with lineages |
//!
//! The tables are [Arrow IPC
//! files](https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format), uncompressed, with
//! buffers aligned to 64 bytes: `pyarrow`, `polars` and `duckdb` open them, and [`FrozenDataset`]
//! maps them and returns embeddings as slices of the map. [`freeze()`] creates a dataset from input
//! files, [`folds()`] and [`split()`] divide one, [`split_by_time()`] divides the proteins of two
//! releases, and [`diff()`] compares two datasets.
//!
//! | module | content |
//! |---|---|
//! | [`features`] | vectors for proteins without embeddings |
//! | [`propagated`] | the annotations of a dataset with all their ancestors |
//!
//! This crate must not know scores, the search for neighbours or runners.

pub mod features;
pub mod propagated;

mod annotation_table;
mod arrow_file;
mod diff;
mod error;
mod evidence;
mod folds;
mod freeze;
mod frozen;
mod manifest;
mod mapped;
mod names;
mod protein_table;
mod splits;
mod staging;
mod subset;

pub use annotation_table::{Annotation, Annotations};
pub use diff::{
    AccretionDiff, AnnotationCount, AnnotationDiff, DatasetDiff, EmbeddingDiff, FieldChange, Moved,
    OntologyDiff, ProteinChange, ProteinDiff, Relations, Renamed, Side, diff,
};
pub use error::DatasetError;
pub use evidence::{EXPERIMENTAL, Evidence};
pub use folds::{FoldPlace, Folds, FoldsRequest, Grouping, folds};
pub use freeze::{
    AccretionTable, ComputeAccretion, Corpus, CorpusRequest, EmbeddingSource, FreezeProgress,
    FreezeReport, FreezeRequest, FreezeStep, LineageReport, MatchedNames, NoEmbedding, Tally,
    Watch, WithoutEmbedding, freeze, unwatched,
};
pub use frozen::FrozenDataset;
pub use manifest::{AccretionInfo, Counts, EmbeddingInfo, EmbeddingType, Manifest};
pub use mapped::map_computed;
pub use names::{MANIFEST_FILE, PROVENANCE_SUFFIX, SCHEMA_VERSION};
pub use protein_table::{EmbeddingBlock, EmbeddingValues};
pub use splits::{
    Accessions, Knowledge, Part, PartPlace, Shares, Split, SplitRequest, SplitRule, Targets,
    TimeSplit, TimeSplitRequest, split, split_by_time,
};
