//! What the trees see of a candidate: a protein and a term that its neighbours suggest.
//!
//! | file | what it holds |
//! |---|---|
//! | `table` | the features: name, what each needs, and how it is computed |
//! | `schema` | [`Schema`]: which features a model has, in which order |
//! | `tally` | what the neighbours of a protein say for each term |
//! | `alignments` | how well a protein aligns with its neighbours |
//! | `candidates` | [`Candidates`]: the terms of a protein with their features |

mod alignments;
mod candidates;
mod schema;
mod table;
mod tally;

pub use alignments::Alignments;
pub use candidates::{Candidates, Extractor, Query};
pub(crate) use schema::embedding_source;
pub use schema::{Schema, SchemaError};
pub use table::{FEATURES, Feature, Needs};
