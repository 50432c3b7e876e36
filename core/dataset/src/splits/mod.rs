//! Splits a frozen dataset into parts, which are frozen datasets too.
//!
//! ```text
//! <out>/
//!   split.json           what was split, by which rule, and the identity of every part
//!   split.tsv            accession and part of every protein, and its group where groups were assigned
//!   train/               a frozen dataset
//!   validation/          a frozen dataset, if requested
//!   test/                a frozen dataset
//! ```
//!
//! The directory is published atomically. The same dataset, rule and seed give the same bytes: each
//! part has the creation time of the dataset and names it as the parent. Information accretion is
//! copied unchanged, as in [folds](super::folds()).
//!
//! [`split_by_time`] compares two releases of annotations instead.

mod by_list;
mod knowledge;
mod part;
mod shares;
mod split;
mod targets;
mod time;

pub use by_list::Accessions;
pub use knowledge::Knowledge;
pub use part::{Part, PartPlace};
pub use shares::Shares;
pub use split::{Split, SplitRequest, SplitRule, split};
pub use time::{Targets, TimeSplit, TimeSplitRequest, split_by_time};
