//! Making a frozen dataset from the files people have.

mod annotations;
mod arrow_write;
mod embeddings;
mod proteins;
mod publish;
mod report;
mod request;

pub use publish::freeze;
pub use report::{FreezeProgress, FreezeReport, FreezeStep, Tally, Watch, unwatched};

pub(super) use arrow_write::TableWriter;
pub(super) use embeddings::{embedding_field, embedding_item};
pub(super) use publish::write_manifest;

use report::tell;
pub use request::{EmbeddingSource, FreezeRequest};

/// Names of a dataset's files.
pub(super) mod names {
    pub(crate) const ONTOLOGY: &str = "ontology.obo";
    pub(crate) const PROTEINS: &str = "proteins.arrow";
    pub(crate) const ANNOTATIONS: &str = "annotations.arrow";
    pub(crate) const INFORMATION_ACCRETION: &str = "ia.tsv";
    pub(crate) const KNOWN: &str = "known.tsv";
}
