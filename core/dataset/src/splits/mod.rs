//! Splits of a frozen dataset into parts that are frozen datasets of their own.
//!
//! ```text
//! <out>/
//!   split.json           what was split, by which rule, and the identity of every part
//!   split.tsv            accession and part of every protein, and its group where groups were dealt
//!   train/               a frozen dataset
//!   validation/          a frozen dataset, if asked for
//!   test/                a frozen dataset
//! ```
//!
//! The directory appears whole or not at all. The same dataset, rule and seed make the same bytes: each part has the time of
//! the dataset that it is of, and names that one as its parent. Information accretion is that of the dataset, unchanged, as in
//! [folds](super::folds()).
//!
//! [`split_by_time`] compares two releases of annotations instead; see there.

mod by_list;
mod knowledge;
mod part;
mod shares;
mod split;
mod targets;
mod time;

pub use by_list::Accessions;
pub use knowledge::{EXPERIMENTAL, Evidence, Knowledge};
pub use part::{Part, PartPlace};
pub use shares::Shares;
pub use split::{Split, SplitRequest, SplitRule, split};
pub use time::{Targets, TimeSplit, TimeSplitRequest, split_by_time};
