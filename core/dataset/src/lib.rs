//! The frozen dataset: proteins, annotations and ontology in a directory that never changes.
//!
//! | file | content |
//! |---|---|
//! | `dataset.json` | the [`Manifest`]: name, version, licence, counts, embedding, size and SHA-256 of every file |
//! | `ontology.obo` | the ontology, byte for byte as it was given; OBO Graphs JSON is written as OBO |
//! | `proteins.arrow` | `accession` Utf8, `sequence` Utf8, `taxon` Int32, `embedding` FixedSizeList of Float32 or Float16 |
//! | `annotations.arrow` | `accession`, `term`, `aspect` (`MFO`, `BPO`, `CCO`), `evidence`, all Utf8 |
//! | `ia.tsv` | information accretion of terms, if given |
//!
//! The tables are [Arrow IPC files](https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format), uncompressed,
//! with buffers aligned to 64 bytes: `pyarrow`, `polars` and `duckdb` open them, and [`FrozenDataset`] maps them and
//! hands out embeddings as slices of the map. [`freeze()`] makes one from the files people have, [`folds()`], [`split()`] and
//! [`split_by_time()`] several from one or two; [`diff()`] compares two.
//!
//! | module | what it holds |
//! |---|---|
//! | [`features`] | vectors for proteins that have no embeddings |
//! | [`propagated`] | the annotations of a dataset with all their ancestors |
//!
//! This is the only reader of `dataset.json`. It knows neither scores nor the search for neighbours, and no runner.

pub mod features;
pub mod propagated;

mod annotation_table;
mod arrow_file;
mod diff;
mod error;
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
pub use folds::{FoldPlace, Folds, FoldsRequest, Grouping, folds};
pub use freeze::{
    EmbeddingSource, FreezeProgress, FreezeReport, FreezeRequest, FreezeStep, Tally, Watch, freeze,
    unwatched,
};
pub use frozen::FrozenDataset;
pub use manifest::{Counts, EmbeddingInfo, EmbeddingType, Manifest};
pub use names::{MANIFEST_FILE, SCHEMA_VERSION};
pub use protein_table::{EmbeddingBlock, EmbeddingValues};
pub use splits::{
    Accessions, EXPERIMENTAL, Evidence, Knowledge, Part, PartPlace, Shares, Split, SplitRequest,
    SplitRule, Targets, TimeSplit, TimeSplitRequest, split, split_by_time,
};
