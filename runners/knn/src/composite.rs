//! PROTEA's composite score: a weighted mean of what speaks for a neighbour.
//!
//! A term has the score of the nearest neighbour that has it, the sum of weight times signal over the
//! sum of the weights, over the signals that are there. A signal is not there where a sequence or a
//! taxon is missing.

use std::{cell::RefCell, collections::HashMap};

use protea_cafa::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
};
use protea_contracts::prelude::*;

use crate::{
    identity::Identities,
    references::{References, check_sequences, check_taxa},
    spec::{Formula, KnnSpec, Vote},
};

/// How much PROTEA trusts evidence codes. Later versions of it give IEA 0.8.
const EVIDENCE: [(&str, f64); 26] = [
    ("EXP", 1.0),
    ("IDA", 1.0),
    ("IPI", 1.0),
    ("IMP", 1.0),
    ("IGI", 1.0),
    ("IEP", 1.0),
    ("HTP", 1.0),
    ("HDA", 1.0),
    ("HMP", 1.0),
    ("HGI", 1.0),
    ("HEP", 1.0),
    ("TAS", 1.0),
    ("IC", 1.0),
    ("ISS", 0.7),
    ("ISO", 0.7),
    ("ISA", 0.7),
    ("ISM", 0.7),
    ("IGC", 0.7),
    ("IBA", 0.7),
    ("IBD", 0.7),
    ("IKR", 0.7),
    ("IRD", 0.7),
    ("RCA", 0.7),
    ("NAS", 0.5),
    ("IEA", 0.3),
    ("ND", 0.1),
];
/// For a code that is not listed, and where there is none.
const OTHER_EVIDENCE: f64 = 0.5;

/// How much an evidence code is trusted, 0..=1.
#[must_use]
pub fn evidence_weight(spec: &KnnSpec, code: Option<&str>) -> f64 {
    let Some(code) = code.map(str::to_ascii_uppercase) else {
        return OTHER_EVIDENCE;
    };
    let own = spec.evidence_weights.get(&code).copied();
    let listed = || EVIDENCE.iter().find(|(listed, _)| *listed == code);
    own.or_else(|| listed().map(|(_, weight)| *weight))
        .unwrap_or(OTHER_EVIDENCE)
}

/// Whether the evidence of an annotation makes a difference.
#[must_use]
pub fn goes_by_evidence(spec: &KnnSpec) -> bool {
    spec.vote == Vote::Composite
        && (spec.weights.evidence_weight > 0.0 || spec.formula == Formula::EvidenceWeighted)
}

/// For each term of each reference, how much its evidence is trusted.
pub(crate) struct TermEvidence {
    /// Where the terms of each reference begin.
    offsets: Vec<usize>,
    weights: Vec<f64>,
}

impl TermEvidence {
    /// The best evidence of each term: its own, or that of a descendant, where terms were
    /// propagated. `terms_of` gives the terms of a reference by rising index; `annotations` are
    /// those that are transferred.
    pub(crate) fn collect<'t, 'a>(
        spec: &KnnSpec,
        references: usize,
        terms_of: impl Fn(usize) -> &'t [Term],
        annotations: impl Iterator<Item = (usize, &'a str, Option<&'a str>)>,
        ontology: &Ontology,
    ) -> Self {
        let ends = (0..references).scan(0, |end, reference| {
            *end += terms_of(reference).len();
            Some(*end)
        });
        let offsets: Vec<usize> = [0].into_iter().chain(ends).collect();
        let mut weights = vec![0.0; offsets.last().copied().unwrap_or(0)];
        for (reference, term, code) in annotations {
            let weight = evidence_weight(spec, code);
            let terms = terms_of(reference);
            let given = ontology.resolve(term);
            let with_ancestors = match spec.propagate && !given.is_empty() {
                true => ontology.propagate(given),
                false => given.to_vec(),
            };
            for term in with_ancestors {
                if let Ok(place) = terms.binary_search_by_key(&term.index(), |term| term.index()) {
                    let best = &mut weights[offsets[reference] + place];
                    *best = weight.max(*best);
                }
            }
        }
        Self { offsets, weights }
    }

    /// In the order of the terms of the reference.
    pub(crate) fn of(&self, reference: usize) -> &[f64] {
        &self.weights[self.offsets[reference]..self.offsets[reference + 1]]
    }
}

/// Scores neighbours of one query after another. One per thread.
pub(crate) struct Composite<'r> {
    spec: &'r KnnSpec,
    references: &'r References<'r>,
    queries: &'r FrozenDataset,
    /// Of the query that is at work: the signals of each reference but evidence.
    known: RefCell<(usize, HashMap<u32, Signals>)>,
}

/// What is known of a query and a reference.
#[derive(Debug, Clone, Copy)]
struct Signals {
    /// Weight times signal, summed up.
    sum: f64,
    /// The weights.
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
            known: RefCell::default(),
        }
    }

    /// The scores that a reference of this embedding similarity gives to each of its terms.
    pub(crate) fn scores(
        &self,
        query: usize,
        reference: u32,
        similarity: f64,
    ) -> impl Iterator<Item = f64> + '_ {
        let signals = {
            let mut known = self.known.borrow_mut();
            if known.0 != query {
                *known = (query, HashMap::new());
            }
            *known
                .1
                .entry(reference)
                .or_insert_with(|| self.signals(query, reference as usize, similarity))
        };
        let row = reference as usize;
        let weight = self.spec.weights.evidence_weight;
        (0..self.references.terms(row).len()).map(move |place| {
            let evidence = self.references.evidence(row).map(|of| of[place]);
            let mut signals = signals;
            if let Some(evidence) = evidence {
                signals.add(weight, Some(evidence));
            }
            let mean = match signals.weights > 0.0 {
                true => signals.sum / signals.weights,
                false => 0.0,
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
        if weights.go_by_sequences() {
            let sequences = (
                self.queries.sequence(query),
                self.references.dataset.sequence(reference),
            );
            let identities = match sequences {
                (Some(query), Some(reference)) => Identities::of(query, reference),
                _ => None,
            };
            signals.add(weights.identity_nw, identities.map(|found| found.global));
            signals.add(weights.identity_sw, identities.map(|found| found.local));
        }
        let taxa = (
            self.queries.taxon(query),
            self.references.dataset.taxon(reference),
        );
        // 1 / (1 + distance); how far apart different taxa are, a dataset does not say.
        let same = matches!(taxa, (Some(query), Some(reference)) if query == reference);
        signals.add(weights.taxonomic_proximity, same.then_some(1.0));
        signals
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

/// Checks that both datasets have what the weights go by.
///
/// # Errors
///
/// [`RunnerError::InvalidSpec`] when nothing has a weight; [`RunnerError::Dataset`] with the remedy
/// where a dataset has no sequences, taxa or evidence codes at all.
pub(crate) fn check(
    spec: &KnnSpec,
    references: &FrozenDataset,
    queries: &FrozenDataset,
) -> Result<(), RunnerError> {
    if spec.vote != Vote::Composite {
        return Ok(());
    }
    let weights = &spec.weights;
    if !weights.any() {
        return Err(RunnerError::invalid_spec(
            "/weights",
            "nothing has a weight; give at least one above 0",
        ));
    }
    for dataset in [references, queries] {
        if weights.go_by_sequences() {
            check_sequences(dataset, "weights.identity_nw or weights.identity_sw")?;
        }
        if weights.taxonomic_proximity > 0.0 {
            check_taxa(dataset, "weights.taxonomic_proximity")?;
        }
    }
    if goes_by_evidence(spec) {
        let mut annotations = references
            .annotations()
            .or_dataset("reading the references' annotations")?;
        if annotations.all(|row| row.evidence.is_none()) {
            return Err(RunnerError::Dataset {
                message: format!(
                    "the score goes by evidence, but the annotations of {} have no evidence codes; freeze it from GAF, or set weights.evidence_weight to 0 and formula to linear",
                    references.directory().display()
                ),
            });
        }
    }
    Ok(())
}
