//! The features of a candidate: a protein and a term that its neighbours suggest.
//!
//! | file | content |
//! |---|---|
//! | `table` | the features: name, required data, and computation |
//! | `schema` | [`Schema`]: the features of a model, in order |
//! | `tally` | the sums over the neighbours that vote for a term |
//! | `taxa` | the distance between taxa |
//! | `alignments` | how well a protein aligns with its neighbours |
//! | `candidates` | [`Candidates`]: the terms of a protein with their features |

mod alignments;
mod candidates;
mod schema;
mod table;
mod tally;
mod taxa;

pub(crate) use alignments::Alignments;
pub(crate) use candidates::{Candidates, Extractor, Query};
pub(crate) use schema::{Schema, SchemaError, embedding_source, is_file_name};
pub(crate) use table::{FEATURES, Needs};
