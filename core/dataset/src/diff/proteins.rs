//! Compares proteins.

use std::ops::ControlFlow;

use serde::Serialize;

use super::progress::report;
use crate::{DatasetError, EmbeddingBlock, EmbeddingValues, FrozenDataset};

/// Differences of the proteins.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct ProteinDiff {
    /// Accessions that only the second dataset has, in its order.
    pub added: Vec<String>,
    /// Accessions that only the first dataset has, in its order.
    pub removed: Vec<String>,
    /// Proteins of both datasets with differences.
    pub changed: Vec<ProteinChange>,
    /// Whether the common proteins are in a different order.
    pub reordered: bool,
    /// The result of comparing the embeddings.
    pub embeddings: EmbeddingDiff,
}

/// The result of comparing all embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmbeddingDiff {
    /// The embeddings of all common proteins are identical bit for bit, or neither dataset has
    /// embeddings.
    #[default]
    Same,
    /// The embeddings of some proteins differ.
    Changed,
    /// The embeddings have a different width or type, or only one dataset has them. They were not
    /// compared.
    OtherKind,
}

/// A protein of both datasets with differences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProteinChange {
    /// Accession of the protein.
    pub accession: String,
    /// Whether the sequences differ.
    pub sequence: bool,
    /// The taxa in the first and the second dataset; `None` if they are equal.
    pub taxon: Option<[Option<u32>; 2]>,
    /// Whether the embeddings differ in any bit.
    pub embedding: bool,
}

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<ProteinDiff, DatasetError> {
    let mut found = ProteinDiff::default();
    let kind = |dataset: &FrozenDataset| dataset.embedding_width().zip(dataset.embedding_dtype());
    let embeddings = match (kind(from), kind(to)) {
        (None, None) => None,
        (one, other) if one == other => Some((from.embedding_blocks()?, to.embedding_blocks()?)),
        _ => {
            found.embeddings = EmbeddingDiff::OtherKind;
            None
        }
    };
    let mut last = None;
    for protein in 0..from.len() {
        report(watch, protein, from.len())?;
        let accession = from.accession(protein);
        let Some(other) = to.index_of(accession) else {
            found.removed.push(accession.to_owned());
            continue;
        };
        found.reordered |= last.replace(other).is_some_and(|last| last > other);
        let taxa = [from.taxon(protein), to.taxon(other)];
        let change = ProteinChange {
            accession: accession.to_owned(),
            sequence: from.sequence(protein) != to.sequence(other),
            taxon: (taxa[0] != taxa[1]).then_some(taxa),
            embedding: embeddings.as_ref().is_some_and(|(one, another)| {
                let one = EmbeddingBlock::row(one, protein);
                !same_bits(one, EmbeddingBlock::row(another, other))
            }),
        };
        if change.embedding {
            found.embeddings = EmbeddingDiff::Changed;
        }
        if change.sequence || change.taxon.is_some() || change.embedding {
            found.changed.push(change);
        }
    }
    found.added = (0..to.len())
        .map(|protein| to.accession(protein))
        .filter(|accession| from.index_of(accession).is_none())
        .map(str::to_owned)
        .collect();
    Ok(found)
}

fn same_bits(one: EmbeddingValues<'_>, other: EmbeddingValues<'_>) -> bool {
    match (one, other) {
        (EmbeddingValues::F32(one), EmbeddingValues::F32(other)) => {
            let bits = other.iter().map(|value| value.to_bits());
            one.iter().map(|value| value.to_bits()).eq(bits)
        }
        (EmbeddingValues::F16(one), EmbeddingValues::F16(other)) => {
            let bits = other.iter().map(|value| value.to_bits());
            one.iter().map(|value| value.to_bits()).eq(bits)
        }
        _ => false,
    }
}
