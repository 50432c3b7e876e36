//! The reference set: who is in which index, and with which terms.

use protea_cafa::{
    assessment::open_ontology,
    dataset::{EmbeddingBlock, EmbeddingValues, FrozenDataset},
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

use crate::search::{RowBlock, Values};

/// The proteins whose annotations are transferred.
pub struct References<'d> {
    /// The dataset that they are in.
    pub dataset: &'d FrozenDataset,
    ontology: Ontology,
    terms: PropagatedTerms,
}

/// Which references each index holds.
pub struct Indices {
    /// Bit i of a reference's mask: it is in index i.
    pub masks: Vec<u8>,
    /// For each index, the namespaces of the ontology whose terms it transfers.
    pub namespaces: Vec<Vec<usize>>,
}

impl<'d> References<'d> {
    /// Reads ontology and annotations of the reference set.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when they cannot be read, or an embedding is not finite.
    pub fn open(dataset: &'d FrozenDataset, emit: &Emitter) -> Result<Self, RunnerError> {
        dataset
            .check_finite()
            .or_dataset("checking the references' embeddings")?;
        let ontology = open_ontology(dataset)?;
        let terms = PropagatedTerms::read(dataset, &ontology)
            .or_dataset("reading the references' annotations")?;
        if terms.unknown() > 0 {
            emit.warning(
                "runner.knn.unknown_terms",
                &format!(
                    "{} annotations of the references have terms unknown to the ontology and are not transferred",
                    terms.unknown()
                ),
                &json!({ "annotations": terms.unknown() }),
            );
        }
        Ok(Self {
            dataset,
            ontology,
            terms,
        })
    }

    /// The ontology of the reference set.
    #[must_use]
    pub fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// The terms of a reference, with all their ancestors.
    #[must_use]
    pub fn terms(&self, reference: usize) -> &[Term] {
        self.terms.of(reference)
    }

    /// Sorts the references into one index per aspect, or into one for all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the ontology has more namespaces than there can be indices.
    pub fn indices(&self, per_aspect: bool) -> Result<Indices, RunnerError> {
        let namespaces: Vec<usize> = (0..self.ontology.namespaces().len()).collect();
        let of_index: Vec<Vec<usize>> = if per_aspect {
            namespaces
                .into_iter()
                .map(|namespace| vec![namespace])
                .collect()
        } else {
            vec![namespaces]
        };
        if of_index.len() > 8 {
            return Err(RunnerError::Dataset {
                message: format!(
                    "its ontology has {} namespaces; set per_aspect to false for more than 8",
                    of_index.len()
                ),
            });
        }
        let masks = (0..self.dataset.len())
            .map(|reference| {
                self.terms(reference).iter().fold(0, |mask: u8, &term| {
                    let namespace = self.ontology.namespace_of(term);
                    mask | if per_aspect { 1 << namespace } else { 1 }
                })
            })
            .collect();
        Ok(Indices {
            masks,
            namespaces: of_index,
        })
    }
}

/// The embeddings of a dataset as the search takes them: borrowed, never copied.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when the dataset has none.
pub fn rows(dataset: &FrozenDataset) -> Result<Vec<RowBlock<'_>>, RunnerError> {
    let blocks = dataset
        .embedding_blocks()
        .or_dataset("looking for embeddings")?;
    Ok(blocks.into_iter().map(row_block).collect())
}

/// The embedding of one protein, as a matrix of one row.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when the dataset has none.
pub fn row(dataset: &FrozenDataset, protein: usize) -> Result<RowBlock<'_>, RunnerError> {
    let blocks = dataset
        .embedding_blocks()
        .or_dataset("looking for embeddings")?;
    let found = blocks.into_iter().find_map(|block| {
        let place = protein.checked_sub(block.first_row)?;
        let values = place * block.width..(place + 1) * block.width;
        (place < block.rows).then(|| RowBlock {
            first_row: 0,
            rows: 1,
            values: match block.values {
                EmbeddingValues::F32(all) => Values::F32(&all[values]),
                EmbeddingValues::F16(all) => Values::F16(&all[values]),
            },
        })
    });
    found.ok_or_else(|| RunnerError::Dataset {
        message: format!("the protein of number {protein} has no embedding"),
    })
}

fn row_block(block: EmbeddingBlock<'_>) -> RowBlock<'_> {
    RowBlock {
        first_row: block.first_row,
        rows: block.rows,
        values: match block.values {
            EmbeddingValues::F32(values) => Values::F32(values),
            EmbeddingValues::F16(values) => Values::F16(values),
        },
    }
}
