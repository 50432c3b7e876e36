//! The frequency of every term in a training set.

use std::collections::BTreeMap;

use protea_cafa::{
    assessment::open_ontology,
    calibration::drawn,
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

/// One in this many proteins is held out for calibration.
const HELD_OUT: usize = 5;

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
        let (ontology, annotations) = read(dataset)?;
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
        let all = 0..dataset.len();
        let Self(frequencies) = Self::among(all, &ontology, &annotations);
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

    /// Counts the terms of some proteins.
    fn among(
        proteins: impl Iterator<Item = usize>,
        ontology: &Ontology,
        annotations: &PropagatedTerms,
    ) -> Self {
        let counts = Counts::new(proteins, ontology, annotations);
        let frequency = |term: Term| {
            let (with_term, proteins) = counts.of(ontology, term);
            (with_term > 0).then(|| {
                let id = ontology.id(term).to_owned();
                (id, with_term as f64 / proteins as f64)
            })
        };
        Self(ontology.terms().filter_map(frequency).collect())
    }

    /// The frequencies after calibration. The frequencies among four fifths of the proteins predict
    /// the others, which are drawn with `seed`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the dataset cannot be read.
    pub(crate) fn calibrated(
        &self,
        dataset: &FrozenDataset,
        minimum: f64,
        seed: u64,
    ) -> Result<Self, RunnerError> {
        let (ontology, annotations) = read(dataset)?;
        let held_out = drawn(dataset.len(), dataset.len().div_ceil(HELD_OUT), seed);
        let others = (0..dataset.len()).filter(|p| held_out.binary_search(p).is_err());
        let Self(predicted) = Self::among(others, &ontology, &annotations);
        let counts = Counts::new(held_out.iter().copied(), &ontology, &annotations);
        let mut tried = protea_cafa::calibration::HeldOut::new(&ontology);
        let scored = predicted.iter().filter(|(_, score)| **score >= minimum);
        for (id, &score) in scored {
            for &term in ontology.resolve(id) {
                let (right, predictions) = counts.of(&ontology, term);
                tried.count(ontology.namespace_of(term), score, predictions, right);
            }
        }
        let calibration = tried.fit();
        let calibrated = self.0.iter().map(|(id, &frequency)| {
            let term = ontology.primary(id);
            let score = term.map_or(frequency, |t| calibration.apply(&ontology, t, frequency));
            (id.clone(), score)
        });
        Ok(Self(calibrated.collect()))
    }

    /// Whether all are within 0 and 1.
    pub(crate) fn is_valid(&self) -> bool {
        self.0
            .values()
            .all(|frequency| (0.0..=1.0).contains(frequency))
    }

    /// The score of a term; 0 if it does not occur.
    pub(crate) fn get(&self, term: &str) -> f64 {
        self.0.get(term).copied().unwrap_or(0.0)
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

fn read(dataset: &FrozenDataset) -> Result<(Ontology, PropagatedTerms), RunnerError> {
    let ontology = open_ontology(dataset)?;
    let annotations =
        PropagatedTerms::read(dataset, &ontology).or_dataset("reading annotations")?;
    Ok((ontology, annotations))
}

/// How many of some proteins have each term.
struct Counts {
    with_term: Vec<u64>,
    in_namespace: Vec<u64>,
}

impl Counts {
    fn new(
        proteins: impl Iterator<Item = usize>,
        ontology: &Ontology,
        annotations: &PropagatedTerms,
    ) -> Self {
        let mut counts = Self {
            with_term: vec![0; ontology.len()],
            in_namespace: vec![0; ontology.namespaces().len()],
        };
        for protein in proteins {
            let terms = annotations.terms(protein);
            let mut namespaces: Vec<usize> = terms
                .iter()
                .map(|&term| ontology.namespace_of(term))
                .collect();
            namespaces.sort_unstable();
            namespaces.dedup();
            for namespace in namespaces {
                counts.in_namespace[namespace] += 1;
            }
            for term in terms {
                counts.with_term[term.index()] += 1;
            }
        }
        counts
    }

    /// The proteins with a term, and those with any term of its namespace.
    fn of(&self, ontology: &Ontology, term: Term) -> (u64, u64) {
        let proteins = self.in_namespace[ontology.namespace_of(term)];
        (self.with_term[term.index()], proteins)
    }
}
