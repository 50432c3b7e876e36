//! Information accretion computed from annotations, with a record of what it was computed from.
//!
//! It knows datasets and scoring. It must not know runners or files.

use std::error::Error;

use crate::{
    dataset::{AccretionInfo, AccretionTable, Evidence},
    ontology::Ontology,
    scoring::{GroundTruth, InformationAccretion},
};

/// Computes the information accretion of every term of `ontology` from pairs of accession and term,
/// which may repeat, as
/// [`InformationAccretion::from_annotations`] defines it. `evidence` is what they were selected by,
/// for the record. It is a [`ComputeAccretion`](crate::dataset::ComputeAccretion).
///
/// # Errors
///
/// [`ScoringError`](crate::scoring::ScoringError) if no pair has a term of the ontology.
pub fn compute_accretion(
    ontology: &Ontology,
    pairs: &[(&str, &str)],
    evidence: &Evidence,
) -> Result<AccretionTable, Box<dyn Error + Send + Sync>> {
    let corpus = GroundTruth::from_annotations(ontology, "the corpus", pairs.iter().copied())?;
    Ok(AccretionTable {
        text: InformationAccretion::from_annotations(&corpus).table(),
        info: AccretionInfo::new(ontology, pairs, evidence),
    })
}
