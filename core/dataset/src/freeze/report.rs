//! What freezing tells while it works and when it is done.

use std::{ops::ControlFlow, path::PathBuf};

use serde::Serialize;

use crate::{DatasetError, Manifest};

/// The steps of freezing, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FreezeStep {
    /// Reading ids, taxonomy and the matrix's header; copying ontology and information accretion.
    Prepare,
    /// Writing proteins and embeddings.
    Proteins,
    /// Reading, sorting and writing annotations.
    Annotations,
    /// Computing hashes, writing the manifest, publishing.
    Publish,
}

/// Where freezing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreezeProgress {
    /// The step under way.
    pub step: FreezeStep,
    /// Units of it done: proteins, annotation rows, files.
    pub done: u64,
    /// Units in all, where known beforehand.
    pub total: Option<u64>,
}

/// Is told where freezing stands, and says whether it goes on.
pub type Watch<'w> = dyn FnMut(FreezeProgress) -> ControlFlow<()> + 'w;

/// For those who do not watch: `freeze(&request, &mut unwatched)`.
pub fn unwatched(_: FreezeProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Tells the watcher, and ends freezing if that is its wish.
pub(super) fn tell(watch: &mut Watch<'_>, progress: FreezeProgress) -> Result<(), DatasetError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    }
}

/// A dataset was frozen, and what was left out of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FreezeReport {
    /// The dataset.
    pub directory: PathBuf,
    /// Its identity: SHA-256 of `dataset.json`.
    pub sha256: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Rows of annotations read.
    pub annotation_rows: u64,
    /// Annotations dropped because their protein is not in the FASTA file; the examples are accessions.
    pub without_sequence: Tally,
    /// Annotations dropped because their term is unknown to the ontology or obsolete there; the examples are terms.
    pub unknown_terms: Tally,
    /// Annotations whose aspect was not that of their term in the ontology, and was replaced by it; the examples are
    /// terms.
    pub other_aspect: Tally,
    /// Annotations dropped because they repeat another row.
    pub repeated: u64,
    /// GAF or GPAD rows dropped because they have the qualifier `NOT`.
    pub negated: u64,
    /// GAF or GPAD rows dropped because their evidence is `ND` (no data).
    pub no_data: u64,
    /// Proteins without any annotation; the examples are accessions.
    pub without_annotation: Tally,
    /// Embeddings left out because their protein is not in the FASTA file, from a file that names its rows itself; the examples
    /// are accessions.
    pub unused_embeddings: Tally,
}

/// How many, and a few of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Up to five different ones, in order of appearance.
    pub examples: Vec<String>,
}

impl Tally {
    const EXAMPLES: usize = 5;

    pub(crate) fn add(&mut self, example: &str) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES
            && !self.examples.iter().any(|known| known == example)
        {
            self.examples.push(example.to_owned());
        }
    }
}
