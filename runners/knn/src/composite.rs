//! PROTEA's composite score: a weighted mean of signals of a neighbour.
//!
//! A term has the score of the nearest neighbour that has it: the sum of weight times signal,
//! divided by the sum of the weights, over the available signals. A signal is not available if a
//! sequence or a taxon is missing.

use std::{cell::RefCell, collections::HashMap};

use protea_cafa::{dataset::FrozenDataset, formats::Lineages};

use crate::{
    identity::Identities,
    references::References,
    spec::{Formula, KnnSpec, Vote},
};

/// Scores the neighbours of one query after another. Each thread needs its own.
pub(crate) struct Composite<'r> {
    spec: &'r KnnSpec,
    references: &'r References<'r>,
    queries: &'r FrozenDataset,
    /// The lineages of both, if the score needs them and the references have them.
    lineages: Option<&'r Lineages>,
    /// The current query, and its signals with each reference, without evidence. A reference can be
    /// a neighbour in every index, and alignments are expensive.
    cache: RefCell<(usize, HashMap<u32, Signals>)>,
}

/// The signals of a query and a reference, summed up.
#[derive(Debug, Clone, Copy)]
struct Signals {
    /// The sum of weight times signal.
    sum: f64,
    /// The sum of the weights.
    weights: f64,
}

impl<'r> Composite<'r> {
    pub(crate) fn new(
        spec: &'r KnnSpec,
        references: &'r References<'r>,
        queries: &'r FrozenDataset,
    ) -> Self {
        Self {
            spec,
            references,
            queries,
            lineages: (spec.vote == Vote::Composite && spec.weights.taxonomic_proximity > 0.0)
                .then(|| references.lineages(queries))
                .flatten(),
            cache: RefCell::default(),
        }
    }

    /// The scores that a reference with this embedding similarity gives to each of its terms.
    pub(crate) fn scores(
        &self,
        query: usize,
        reference: u32,
        similarity: f64,
    ) -> impl Iterator<Item = f64> + '_ {
        let signals = {
            let mut cache = self.cache.borrow_mut();
            if cache.0 != query {
                *cache = (query, HashMap::new());
            }
            *cache
                .1
                .entry(reference)
                .or_insert_with(|| self.signals(query, reference as usize, similarity))
        };
        let row = reference as usize;
        let weight = self.spec.weights.evidence_weight;
        (0..self.references.terms(row).len()).map(move |index| {
            let evidence = self.references.evidence(row).map(|weights| weights[index]);
            let mut signals = signals;
            if let Some(evidence) = evidence {
                signals.add(weight, Some(evidence));
            }
            let mean = if signals.weights > 0.0 {
                signals.sum / signals.weights
            } else {
                0.0
            };
            match (self.spec.formula, evidence) {
                (Formula::EvidenceWeighted, Some(evidence)) => mean * evidence,
                _ => mean,
            }
        })
    }

    fn signals(&self, query: usize, reference: usize, similarity: f64) -> Signals {
        let weights = &self.spec.weights;
        let mut signals = Signals {
            sum: 0.0,
            weights: 0.0,
        };
        signals.add(weights.embedding_similarity, Some(similarity));
        if weights.need_sequences() {
            let sequences = (
                self.queries.sequence(query),
                self.references.dataset.sequence(reference),
            );
            let identities = match sequences {
                (Some(query), Some(reference)) => Identities::new(query, reference),
                _ => None,
            };
            signals.add(weights.identity_nw, identities.map(|found| found.global));
            signals.add(weights.identity_sw, identities.map(|found| found.local));
        }
        let taxa = (
            self.queries.taxon(query),
            self.references.dataset.taxon(reference),
        );
        if weights.taxonomic_proximity > 0.0 {
            let proximity = self.taxonomic_proximity(taxa);
            signals.add(weights.taxonomic_proximity, proximity);
        }
        signals
    }
}

impl Composite<'_> {
    /// PROTEA's 1 / (1 + distance). Without lineages there are no distances between taxa, only
    /// equality.
    fn taxonomic_proximity(&self, taxa: (Option<u32>, Option<u32>)) -> Option<f64> {
        let (Some(query), Some(reference)) = taxa else {
            return None;
        };
        let distance = match self.lineages {
            Some(lineages) => lineages.distance(query, reference),
            None => (query == reference).then_some(0),
        };
        distance.map(|distance| 1.0 / (1.0 + f64::from(distance)))
    }
}

impl Signals {
    fn add(&mut self, weight: f64, signal: Option<f64>) {
        if let Some(signal) = signal.filter(|_| weight > 0.0) {
            self.sum += weight * signal.clamp(0.0, 1.0);
            self.weights += weight;
        }
    }
}
