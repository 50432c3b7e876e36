//! The proteins that suggest terms: the aspects in which each is annotated, and its terms.

use protea_cafa::{
    assessment::{embedding_rows, open_ontology},
    dataset::FrozenDataset,
    neighbours::{Index, Membership, RowBlock, Values},
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

use crate::spec::LightGbmSpec;

/// The search supports this many groups.
const MAX_NAMESPACES: usize = 8;

/// The reference set.
pub(crate) struct References<'d> {
    dataset: &'d FrozenDataset,
    ontology: Ontology,
    terms: PropagatedTerms,
    /// By protein and term, whether the protein has no descendant of the term.
    specific: Vec<bool>,
    /// By protein, the index of its first entry in `specific`; then the length of `specific`.
    offsets: Vec<usize>,
    /// By protein; bit n is set if it is annotated in namespace n.
    masks: Vec<u8>,
    /// By protein, whether the spec leaves it out. It then has no terms and is in no namespace.
    excluded: Vec<bool>,
}

impl<'d> References<'d> {
    /// Reads the ontology and the annotations, and checks that the embeddings are finite.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without embeddings, with one that is not finite, or with an
    /// ontology of more than 8 namespaces, or without the taxa or lineages that the spec needs.
    pub(crate) fn open(
        dataset: &'d FrozenDataset,
        spec: &LightGbmSpec,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        if dataset.embedding_width().is_none() {
            return Err(RunnerError::Dataset {
                message: format!(
                    "{} has no embeddings; freeze it with `--embeddings E.npy --ids I.txt` or `--features kmer`",
                    dataset.directory().display()
                ),
            });
        }
        dataset
            .check_finite()
            .or_dataset("checking the references' embeddings")?;
        let ontology = open_ontology(dataset)?;
        let namespaces = ontology.namespaces().len();
        if namespaces > MAX_NAMESPACES {
            return Err(RunnerError::Dataset {
                message: format!(
                    "the ontology of {} has {namespaces} namespaces; this runner supports {MAX_NAMESPACES}",
                    dataset.directory().display()
                ),
            });
        }
        let terms = PropagatedTerms::read(dataset, &ontology)
            .or_dataset("reading the references' annotations")?;
        if terms.unknown() > 0 {
            emit.warning(
                "runner.lightgbm.unknown_terms",
                &format!(
                    "ignored {} annotations of the references with terms that are not in the ontology",
                    terms.unknown()
                ),
                &json!({ "annotations": terms.unknown() }),
            );
        }
        let taxa = spec.exclusions().excluded_taxa(dataset)?;
        let is_excluded = |protein| {
            let taxon = dataset.taxon(protein);
            taxon.is_some_and(|taxon| taxa.contains(&taxon))
        };
        let excluded: Vec<bool> = (0..dataset.len()).map(is_excluded).collect();
        let (mut specific, mut offsets, mut masks) = (Vec::new(), vec![0], Vec::new());
        for (protein, &excluded) in excluded.iter().enumerate() {
            let of_protein: &[Term] = if excluded { &[] } else { terms.terms(protein) };
            let has = |term: &Term| of_protein.binary_search(term).is_ok();
            specific.extend(
                of_protein
                    .iter()
                    .map(|&term| !ontology.children(term).iter().any(has)),
            );
            offsets.push(specific.len());
            masks.push(
                of_protein
                    .iter()
                    .fold(0, |mask: u8, &term| mask | 1 << ontology.namespace_of(term)),
            );
        }
        Ok(Self {
            dataset,
            ontology,
            terms,
            specific,
            offsets,
            masks,
            excluded,
        })
    }

    /// The dataset of the references.
    pub(crate) fn dataset(&self) -> &'d FrozenDataset {
        self.dataset
    }

    /// The ontology.
    pub(crate) fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// The terms of a protein with all ancestors, and whether each is among its most specific ones.
    pub(crate) fn terms(&self, protein: usize) -> impl Iterator<Item = (Term, bool)> {
        // Empty for a protein that is left out.
        let specific = &self.specific[self.offsets[protein]..self.offsets[protein + 1]];
        let terms = self.terms.terms(protein).iter().copied();
        terms.zip(specific.iter().copied())
    }

    /// Whether the spec leaves a protein out.
    pub(crate) fn is_excluded(&self, protein: usize) -> bool {
        self.excluded[protein]
    }

    /// Whether a protein has a term.
    pub(crate) fn has(&self, protein: usize, term: Term) -> bool {
        self.terms.terms(protein).binary_search(&term).is_ok()
    }

    /// Whether a protein is annotated in a namespace.
    pub(crate) fn is_in(&self, protein: usize, namespace: usize) -> bool {
        self.masks[protein] & (1 << namespace) != 0
    }

    /// The index of the references, with one group per namespace.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without embeddings; [`RunnerError::Failed`] when the index cannot
    /// be made.
    pub(crate) fn index(&self, spec: &LightGbmSpec) -> Result<Index<'d>, RunnerError> {
        let membership = Membership::Masks {
            masks: &self.masks,
            groups: self.ontology.namespaces().len(),
        };
        let width = self.dataset.embedding_width().unwrap_or_default();
        Index::new(
            width,
            embedding_rows(self.dataset)?,
            membership,
            spec.metric.into(),
        )
        .or_failed("preparing the references")
    }
}

/// The embedding of one protein, in double precision.
///
/// # Panics
///
/// When the blocks do not hold the row.
pub(crate) fn embedding(blocks: &[RowBlock<'_>], width: usize, row: usize) -> Vec<f64> {
    let block = &blocks[blocks.partition_point(|block| block.first_row <= row) - 1];
    let start = (row - block.first_row) * width;
    match block.values {
        Values::F32(values) => values[start..start + width]
            .iter()
            .map(|&value| f64::from(value))
            .collect(),
        Values::F16(values) => values[start..start + width]
            .iter()
            .map(|value| value.to_f64())
            .collect(),
    }
}
