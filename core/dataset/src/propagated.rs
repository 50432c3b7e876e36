//! The annotations of a dataset, propagated to all ancestors of their terms.

use protea_ontology::{Ontology, Term};
use rayon::prelude::*;

use crate::{DatasetError, FrozenDataset};

/// The terms of every protein of a dataset, with all their ancestors unless they were built by
/// [`direct`](Self::direct).
///
/// Annotations with terms that are unknown or obsolete in the ontology are skipped and counted.
#[derive(Debug, Clone)]
pub struct PropagatedTerms {
    offsets: Vec<usize>,
    terms: Vec<Term>,
    unknown: u64,
}

impl PropagatedTerms {
    /// Reads the annotations of `dataset` and propagates them in `ontology`.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the annotations cannot be read.
    pub fn read(dataset: &FrozenDataset, ontology: &Ontology) -> Result<Self, DatasetError> {
        let pairs = dataset.annotations()?.map(|row| (row.protein, row.term));
        Ok(Self::collect(dataset.len(), pairs, ontology))
    }

    /// Propagates annotations. Each pair is the index of a protein, below `proteins`, and the id of
    /// a term.
    ///
    /// # Panics
    ///
    /// If the index of a protein is not below `proteins`.
    #[must_use]
    pub fn collect<'t>(
        proteins: usize,
        pairs: impl Iterator<Item = (usize, &'t str)>,
        ontology: &Ontology,
    ) -> Self {
        let (direct, unknown) = resolved(proteins, pairs, ontology);
        let propagated: Vec<Vec<Term>> = direct
            .into_par_iter()
            .map(|terms| {
                if terms.is_empty() {
                    terms
                } else {
                    ontology.propagate(&terms)
                }
            })
            .collect();
        Self::from_lists(&propagated, unknown)
    }

    /// Collects the direct annotations, without ancestors and without repeats.
    ///
    /// # Panics
    ///
    /// If the index of a protein is not below `proteins`.
    #[must_use]
    pub fn direct<'t>(
        proteins: usize,
        pairs: impl Iterator<Item = (usize, &'t str)>,
        ontology: &Ontology,
    ) -> Self {
        let (mut direct, unknown) = resolved(proteins, pairs, ontology);
        for terms in &mut direct {
            terms.sort_unstable_by_key(|term| term.index());
            terms.dedup();
        }
        Self::from_lists(&direct, unknown)
    }

    fn from_lists(lists: &[Vec<Term>], unknown: u64) -> Self {
        let mut offsets = Vec::with_capacity(lists.len() + 1);
        offsets.push(0);
        offsets.extend(lists.iter().scan(0, |end, terms| {
            *end += terms.len();
            Some(*end)
        }));
        Self {
            offsets,
            terms: lists.concat(),
            unknown,
        }
    }

    /// The terms of a protein, sorted by number, without repeats.
    ///
    /// # Panics
    ///
    /// If the dataset has no such protein.
    #[must_use]
    pub fn terms(&self, protein: usize) -> &[Term] {
        &self.terms[self.offsets[protein]..self.offsets[protein + 1]]
    }

    /// Number of annotations that were skipped because their term is unknown or obsolete.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }
}

/// Resolves the terms of each protein. Also returns the number of unknown terms.
fn resolved<'t>(
    proteins: usize,
    pairs: impl Iterator<Item = (usize, &'t str)>,
    ontology: &Ontology,
) -> (Vec<Vec<Term>>, u64) {
    let mut direct: Vec<Vec<Term>> = vec![Vec::new(); proteins];
    let mut unknown = 0;
    for (protein, term) in pairs {
        let terms = ontology.resolve(term);
        unknown += u64::from(terms.is_empty());
        direct[protein].extend_from_slice(terms);
    }
    (direct, unknown)
}
