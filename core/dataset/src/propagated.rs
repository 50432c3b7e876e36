//! The annotations of a dataset, known terms only, with all their ancestors.

use rayon::prelude::*;

use protea_ontology::{Ontology, Term};

use crate::{DatasetError, FrozenDataset};

/// For every protein of a dataset, the terms that it is annotated with and all their ancestors.
///
/// Terms that the ontology does not know, or has made obsolete, are left out and counted.
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
    /// [`DatasetError`] when the annotations cannot be read.
    pub fn read(dataset: &FrozenDataset, ontology: &Ontology) -> Result<Self, DatasetError> {
        let pairs = dataset.annotations()?.map(|row| (row.protein, row.term));
        Ok(Self::collect(dataset.len(), pairs, ontology))
    }

    /// Propagates annotations, pairs of a protein (a number below `proteins`) and a term's id.
    ///
    /// # Panics
    ///
    /// When a protein's number is too large.
    #[must_use]
    pub fn collect<'t>(
        proteins: usize,
        pairs: impl Iterator<Item = (usize, &'t str)>,
        ontology: &Ontology,
    ) -> Self {
        let (given, unknown) = resolved(proteins, pairs, ontology);
        let propagated: Vec<Vec<Term>> = given
            .into_par_iter()
            .map(|terms| {
                if terms.is_empty() {
                    terms
                } else {
                    ontology.propagate(&terms)
                }
            })
            .collect();
        Self::of_lists(&propagated, unknown)
    }

    /// The same annotations as they were given: known terms, each once, without their ancestors.
    ///
    /// # Panics
    ///
    /// When a protein's number is too large.
    #[must_use]
    pub fn as_given<'t>(
        proteins: usize,
        pairs: impl Iterator<Item = (usize, &'t str)>,
        ontology: &Ontology,
    ) -> Self {
        let (mut given, unknown) = resolved(proteins, pairs, ontology);
        for terms in &mut given {
            terms.sort_unstable_by_key(|term| term.index());
            terms.dedup();
        }
        Self::of_lists(&given, unknown)
    }

    fn of_lists(lists: &[Vec<Term>], unknown: u64) -> Self {
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

    /// The terms of a protein, by number, each once.
    ///
    /// # Panics
    ///
    /// When the dataset has no such protein.
    #[must_use]
    pub fn of(&self, protein: usize) -> &[Term] {
        &self.terms[self.offsets[protein]..self.offsets[protein + 1]]
    }

    /// How many annotations were left out because the ontology does not know their term.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }
}

/// The known terms of each protein, and how many were not known.
fn resolved<'t>(
    proteins: usize,
    pairs: impl Iterator<Item = (usize, &'t str)>,
    ontology: &Ontology,
) -> (Vec<Vec<Term>>, u64) {
    let mut given: Vec<Vec<Term>> = vec![Vec::new(); proteins];
    let mut unknown = 0;
    for (protein, term) in pairs {
        let terms = ontology.resolve(term);
        unknown += u64::from(terms.is_empty());
        given[protein].extend_from_slice(terms);
    }
    (given, unknown)
}
