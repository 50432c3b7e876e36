//! Freezes a dataset from input files.

mod accretion;
mod annotations;
mod arrow_write;
mod corpus;
mod embedding_errors;
mod embedding_field;
mod embeddings;
mod lineages;
mod negated;
mod obsolete;
mod other_names;
mod proteins;
mod publish;
mod report;
mod request;
mod string_numbers;
mod tally;

pub use accretion::{AccretionTable, ComputeAccretion};
pub use corpus::{Corpus, CorpusRequest};
pub use lineages::LineageReport;
pub use publish::freeze;
pub use report::{
    FreezeProgress, FreezeReport, FreezeStep, MatchedNames, NoEmbedding, Watch, WithoutEmbedding,
    unwatched,
};

pub(super) use arrow_write::TableWriter;
pub(super) use embedding_field::{embedding_field, embedding_item};

use report::report_progress;

pub use request::{EmbeddingSource, FreezeRequest};
pub use tally::Tally;
