//! The frequency of every term in a training set.

use std::collections::BTreeMap;

use protea_cafa::{
    assessment::open_ontology, dataset::FrozenDataset, ontology::Term, propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

/// By term id, the fraction of the proteins of its aspect that have the term, in (0, 1].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", transparent)]
pub(crate) struct TermFrequencies(BTreeMap<String, f64>);

impl TermFrequencies {
    /// Counts the terms of a dataset's proteins, propagated to the roots.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the dataset cannot be read, or no annotation has a term of its
    /// ontology.
    pub(crate) fn count(dataset: &FrozenDataset, emit: &Emitter) -> Result<Self, RunnerError> {
        let ontology = open_ontology(dataset)?;
        let annotations =
            PropagatedTerms::read(dataset, &ontology).or_dataset("reading annotations")?;
        if annotations.unknown() > 0 {
            emit.warning(
                "runner.baseline.unknown_terms",
                &format!(
                    "ignored {} annotations with terms that are not in the ontology",
                    annotations.unknown()
                ),
                &json!({ "annotations": annotations.unknown() }),
            );
        }
        let mut with_term = vec![0_u64; ontology.len()];
        let mut in_namespace = vec![0_u64; ontology.namespaces().len()];
        for protein in 0..dataset.len() {
            let terms = annotations.terms(protein);
            let mut namespaces: Vec<usize> = terms
                .iter()
                .map(|&term| ontology.namespace_of(term))
                .collect();
            namespaces.sort_unstable();
            namespaces.dedup();
            for namespace in namespaces {
                in_namespace[namespace] += 1;
            }
            for term in terms {
                with_term[term.index()] += 1;
            }
        }
        let frequency = |term: Term| {
            let count = with_term[term.index()];
            (count > 0).then(|| {
                let proteins = in_namespace[ontology.namespace_of(term)];
                (ontology.id(term).to_owned(), count as f64 / proteins as f64)
            })
        };
        let frequencies: BTreeMap<String, f64> = ontology.terms().filter_map(frequency).collect();
        if frequencies.is_empty() {
            return Err(RunnerError::Dataset {
                message: format!(
                    "the training set {:?} has no annotation with a term of its ontology",
                    dataset.manifest().name
                ),
            });
        }
        Ok(Self(frequencies))
    }

    /// The number of terms that occur.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The terms whose frequency is at least `minimum`.
    pub(crate) fn at_least(&self, minimum: f64) -> Vec<(&str, f64)> {
        self.0
            .iter()
            .filter(|(_, frequency)| **frequency >= minimum)
            .map(|(term, frequency)| (term.as_str(), *frequency))
            .collect()
    }
}
