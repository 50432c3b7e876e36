//! The annotations of a dataset, known terms only, with all their ancestors.

use rayon::prelude::*;

use crate::{
    dataset::{DatasetError, FrozenDataset},
    ontology::{Ontology, Term},
};

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
        let mut given: Vec<Vec<Term>> = vec![Vec::new(); dataset.len()];
        let mut unknown = 0;
        for annotation in dataset.annotations()? {
            let terms = ontology.resolve(annotation.term);
            unknown += u64::from(terms.is_empty());
            given[annotation.protein].extend_from_slice(terms);
        }
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
        let mut offsets = Vec::with_capacity(propagated.len() + 1);
        offsets.push(0);
        offsets.extend(propagated.iter().scan(0, |end, terms| {
            *end += terms.len();
            Some(*end)
        }));
        Ok(Self {
            offsets,
            terms: propagated.concat(),
            unknown,
        })
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
