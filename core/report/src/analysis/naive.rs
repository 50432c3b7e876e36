//! Naive: every protein gets the frequencies of terms in the training set. It is what a method must
//! beat to have learned anything.

use protea_cafa::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
    scoring::round_score,
};
use protea_core::contracts::error::with_causes;

/// The lowest threshold of scoring: a lower score is never counted.
const LOWEST: f64 = 0.01;

/// How often each term occurs in a training set.
pub struct TrainingFrequencies {
    /// By index of the term, the number of proteins that have it.
    with_term: Vec<u32>,
    /// By namespace, the number of proteins with a term in it.
    in_namespace: Vec<u32>,
    /// The ids of the terms, to find them in another ontology.
    ids: Vec<String>,
    namespaces: Vec<usize>,
}

impl TrainingFrequencies {
    /// Counts the terms of a training set, with all their ancestors. `ontology` is that of the
    /// training set.
    ///
    /// # Errors
    ///
    /// Why the annotations cannot be read.
    pub fn count(train: &FrozenDataset, ontology: &Ontology) -> Result<Self, String> {
        let annotations =
            PropagatedTerms::read(train, ontology).map_err(|error| with_causes(&error))?;
        let mut counts = Self {
            with_term: vec![0; ontology.len()],
            in_namespace: vec![0; ontology.namespaces().len()],
            ids: ontology
                .terms()
                .map(|term| ontology.id(term).to_owned())
                .collect(),
            namespaces: ontology
                .terms()
                .map(|term| ontology.namespace_of(term))
                .collect(),
        };
        let mut seen = vec![usize::MAX; counts.in_namespace.len()];
        for protein in 0..train.len() {
            for &term in annotations.terms(protein) {
                let namespace = counts.namespaces[term.index()];
                if seen[namespace] != protein {
                    seen[namespace] = protein;
                    counts.in_namespace[namespace] += 1;
                }
                counts.with_term[term.index()] += 1;
            }
        }
        Ok(counts)
    }

    /// The score of each term in the ontology of the evaluation, for terms that can be counted.
    pub fn scores(&self, ontology: &Ontology) -> Vec<(Term, f64)> {
        let mut scores = Vec::new();
        for (at, &with_term) in self.with_term.iter().enumerate() {
            let proteins = self.in_namespace[self.namespaces[at]];
            if with_term == 0 || proteins == 0 {
                continue;
            }
            let score = round_score(f64::from(with_term) / f64::from(proteins));
            if score >= LOWEST {
                let terms = ontology.resolve(&self.ids[at]).iter();
                scores.extend(terms.map(|&term| (term, score)));
            }
        }
        scores
    }

    /// By index of the term in the ontology of the evaluation, the number of training proteins that
    /// have it.
    pub fn proteins_with(&self, ontology: &Ontology) -> Vec<u32> {
        let mut counts = vec![0; ontology.len()];
        for (at, &with_term) in self.with_term.iter().enumerate().filter(|(_, n)| **n > 0) {
            if let Some(term) = ontology.primary(&self.ids[at]) {
                counts[term.index()] = with_term;
            }
        }
        counts
    }
}
