//! Files of predictions as things to work on: [`merge`] several, [`Propagator`] and [`Cutter`]
//! change the terms of a protein, [`validate`] finds what a challenge would refuse, [`diff`] and
//! [`Statistics`] compare and count.
//!
//! A [`Source`] is a file in one of the [`Format`]s that are recognised by their content.
//! [`for_each_protein`] reads it protein by protein, whatever the order of its rows. Memory is bounded:
//! rows that do not fit into [`Session::memory`] are sorted in a temporary file. What grows with the
//! input are the names of its proteins and of its terms.
//!
//! Scores are read as cafaeval reads them: a score that is NaN, zero or negative is not a prediction,
//! and of several scores of a protein for a term the highest counts. Both are counted, see [`Tally`].
//!
//! This crate knows predictions and the ontology. It must not know frozen datasets, runners or the
//! contract.
//!
//! The cargo feature `parquet` reads and writes Parquet and reads Feather, `zstd` reads Zstandard.

mod challenge;
mod cut;
mod diff;
mod error;
mod examples;
mod groups;
mod layout;
mod merge;
mod names;
#[cfg(feature = "parquet")]
mod parquet_file;
mod propagate;
mod resolver;
mod run_builder;
mod runs;
mod session;
mod source;
mod spool;
mod statistics;
mod validate;
mod write;

pub use challenge::{Challenge, Rule, Severity};
pub use cut::{CutCounts, CutOptions, Cutter};
pub use diff::{AspectDifference, DiffOptions, Difference, diff};
pub use error::PredictionsError;
pub use examples::Examples;
pub use groups::for_each_protein;
pub use layout::Format;
pub use merge::{Absent, MergeMethod, MergeOptions, Merged, MergedFile, MergedProtein, merge};
pub use names::{Scored, TermKey, Terms};
#[cfg(feature = "parquet")]
pub use parquet_file::{ParquetColumns, ParquetWriter};
pub use propagate::{PropagatedCounts, Propagator};
pub use run_builder::Tally;
pub use session::Session;
pub use source::Source;
pub use statistics::{AspectStatistics, Quantiles, Statistics};
pub use validate::{Finding, ValidateOptions, Validation, validate};
pub use write::{
    CafaHeader, KAGGLE_TERMS, KaggleLeftOut, format_score, sort_for_output, three_figures,
    write_cafa_rows, write_kaggle_rows, write_rows,
};
