//! The progress and the report of freezing.

use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

use protea_contracts::Sha256;
use serde::Serialize;

use super::{LineageReport, tally::Tally};
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

/// The progress of freezing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FreezeProgress {
    /// The current step.
    pub step: FreezeStep,
    /// Units of the step that are done: proteins, rows of annotations or files.
    pub done: u64,
    /// Total number of units, if it is known.
    pub total: Option<u64>,
}

/// Receives the progress of freezing. `Break` cancels it.
pub type Watch<'w> = dyn FnMut(FreezeProgress) -> ControlFlow<()> + 'w;

/// Ignores the progress: `freeze(&request, &mut unwatched)`.
pub fn unwatched(_: FreezeProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Reports progress. Returns [`DatasetError::Cancelled`] if `watch` returns `Break`.
pub(super) fn report_progress(
    watch: &mut Watch<'_>,
    progress: FreezeProgress,
) -> Result<(), DatasetError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    }
}

/// The frozen dataset, and what was left out of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FreezeReport {
    /// Directory of the dataset.
    pub directory: PathBuf,
    /// Identity of the dataset: SHA-256 of `dataset.json`.
    pub sha256: Sha256,
    /// The manifest of the dataset.
    pub manifest: Manifest,
    /// Number of rows of annotations read.
    pub annotation_rows: u64,
    /// Annotations skipped because their protein is not in the FASTA file; the examples are
    /// accessions.
    pub without_sequence: Tally,
    /// Annotations skipped because the ontology does not have their term or it is obsolete; the
    /// examples are terms.
    pub unknown_terms: Tally,
    /// Annotations whose aspect was replaced by that of their term in the ontology; the examples
    /// are terms.
    pub other_aspect: Tally,
    /// Annotations skipped because their evidence code does not count.
    pub other_evidence: u64,
    /// By evidence code, how many annotations the dataset has. Annotations without a code are not
    /// counted.
    pub evidence_codes: BTreeMap<String, u64>,
    /// Why a record of where the information accretion comes from was not used, if there is one.
    pub accretion_record: Option<String>,
    /// Terms of the annotations, and their ancestors, without a value of information accretion. They
    /// weigh 0.
    pub accretion_missing: Tally,
    /// Terms with several different values of information accretion, of which the last counts.
    pub accretion_conflicting: Tally,
    /// Terms with a negative value of information accretion, which counts as 0.
    pub accretion_negative: Tally,
    /// Terms of the table of information accretion that are not in the ontology.
    pub accretion_unknown: Tally,
    /// Proteins that the FASTA file has again with the same sequence; they are read once. The examples
    /// have both lines.
    pub repeated_proteins: Tally,
    /// Proteins that the taxonomy has under another form of their accession.
    pub respelled_taxa: Tally,
    /// Proteins that the taxonomy, if there is one, does not have.
    pub without_taxon: Tally,
    /// The first three accessions of the taxonomy, by name.
    pub taxonomy_names: Vec<String>,
    /// Rows of the taxonomy that have no taxon: it is missing, `NA` or 0.
    pub unknown_taxa: Tally,
    /// Means over another number of rows than the sequence has residues; the examples have both
    /// numbers.
    pub averaged_lengths: Tally,
    /// Arrays beside the embeddings that are single values, such as the number of a layer, and were not
    /// read.
    pub left_out_arrays: Tally,
    /// Annotations skipped because they repeat another row.
    pub repeated: u64,
    /// Rows with the qualifier `NOT`. Those of proteins in the FASTA file are kept apart from the
    /// annotations.
    pub negated: u64,
    /// Annotations skipped because the protein has `NOT` for their term or for one of its
    /// ancestors; the examples are accessions and terms.
    pub contradicted: Tally,
    /// Of the unknown terms, those that are obsolete; the examples name what replaces them.
    pub obsolete_terms: Tally,
    /// Annotations with an obsolete term that was replaced; the examples are `old -> new`.
    pub mapped_terms: Tally,
    /// Annotations with a term that is written in another form, such as `GO_0008150`.
    pub respelled_terms: Tally,
    /// Annotations whose accession is written otherwise than in the FASTA file; the examples are
    /// `there -> here`.
    pub respelled_accessions: Tally,
    /// Damaged rows of annotations that were left out; the examples name line and problem.
    pub damaged_rows: Tally,
    /// Invalid fields of annotations that play no part; the examples name line and problem.
    pub damaged_fields: Tally,
    /// Damaged rows of the taxonomy that were left out, and headers of FASTA with an invalid taxon.
    pub damaged_taxa: Tally,
    /// The lineages of the taxa, if they were given.
    pub lineages: Option<LineageReport>,
    /// Damaged proteins of the FASTA file that were left out.
    pub damaged_proteins: Tally,
    /// What the reader of the ontology left out or read otherwise than it is written.
    pub ontology_notes: Vec<String>,
    /// GAF or GPAD rows skipped because their evidence is `ND` (no data).
    pub no_data: u64,
    /// Proteins without annotations; the examples are accessions.
    pub without_annotation: Tally,
    /// Embeddings whose name is not the accession itself, by the rule that matched them.
    pub matched_names: Vec<MatchedNames>,
    /// Embeddings of a file that names its own rows, skipped because their protein is not in the
    /// FASTA file; the examples are accessions.
    pub unused_embeddings: Tally,
    /// Embeddings in which every number is 0. They are kept; the examples are accessions.
    pub zero_embeddings: Tally,
    /// Proteins that were left out because there is no embedding for them, in their order in the
    /// FASTA file. Only if the request asks for it.
    pub without_embedding: Vec<WithoutEmbedding>,
}

/// A protein for which there is no embedding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WithoutEmbedding {
    /// The protein.
    pub accession: String,
    /// Why.
    pub reason: NoEmbedding,
}

/// Why there is no embedding for a protein.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoEmbedding {
    /// The file has none for it.
    Missing,
    /// Its sequence has fewer than three residues.
    TooShort,
    /// Its sequence does not contain three consecutive residues of the twenty amino acids.
    NoResidues,
}

impl NoEmbedding {
    /// The reason in a few words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Missing => "no vector in the file of embeddings",
            Self::TooShort => "the sequence is too short: it has fewer than 3 residues",
            Self::NoResidues => {
                "no vector: the sequence does not contain 3 consecutive residues of the 20 amino acids"
            }
        }
    }
}

/// Embeddings that were matched with their proteins by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MatchedNames {
    /// What the rule compares.
    pub rule: &'static str,
    /// The number of embeddings; the examples are accessions of the FASTA file.
    #[serde(flatten)]
    pub proteins: Tally,
}
