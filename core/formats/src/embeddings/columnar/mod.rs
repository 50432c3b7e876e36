//! What Parquet and Arrow files have in common: which columns are read, and how their values are taken
//! out of record batches.
//!
//! This module must not know how batches are stored in a file.

mod caught;
mod columns;
mod scored_terms;
mod selection;
mod table;

pub(super) use caught::catch;
pub(super) use scored_terms::ScoredTerms;
pub use scored_terms::TakeScoredTerms;
pub(super) use selection::{Selection, select};
pub(super) use table::Table;
