//! Propagates the scores of a protein to the ancestors of its terms.

use protea_ontology::{Ontology, Term};
use protea_scoring::Propagation;
use serde::Serialize;

use crate::{
    examples::Examples,
    names::{Scored, Terms},
    resolver::Resolver,
};

/// What was propagated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PropagatedCounts {
    /// Proteins.
    pub proteins: u64,
    /// Predictions before.
    pub before: u64,
    /// Predictions after.
    pub after: u64,
    /// Predictions that became higher than they were.
    pub raised: u64,
    /// Predictions whose term is an alternative id or is spelled in another way. The result names the
    /// primary id.
    pub alternative: Examples,
    /// Predictions whose term is obsolete or not in the ontology. They are left out.
    pub unknown: Examples,
}

/// Propagates one protein after the other, as cafaeval does: a term has at least the score of each of
/// its children ([`Propagation::Max`]), or gets the highest score of its children if it has none of
/// its own ([`Propagation::Fill`]).
pub struct Propagator<'o> {
    ontology: &'o Ontology,
    resolver: Resolver<'o>,
    mode: Propagation,
    /// By number of the term: the score it was read with, and the propagated one.
    own: Vec<f64>,
    scores: Vec<f64>,
    /// By number of the term: its place in the order of propagation, over all namespaces.
    place: Vec<u32>,
    /// The terms by place.
    order: Vec<Term>,
    /// Places of terms with a score, one bit each.
    places: Vec<u64>,
    counts: PropagatedCounts,
}

impl<'o> Propagator<'o> {
    /// For one ontology.
    #[must_use]
    pub fn new(ontology: &'o Ontology, mode: Propagation) -> Self {
        let mut place = vec![0; ontology.len()];
        let mut order = Vec::with_capacity(ontology.len());
        for namespace in ontology.namespaces() {
            for &term in &namespace.propagation_order().term {
                let term = Term::from_index(namespace.offset() + term as usize);
                place[term.index()] = order.len() as u32;
                order.push(term);
            }
        }
        Self {
            ontology,
            resolver: Resolver::new(ontology),
            mode,
            own: vec![0.0; ontology.len()],
            scores: vec![0.0; ontology.len()],
            places: vec![0; ontology.len().div_ceil(64)],
            place,
            order,
            counts: PropagatedCounts::default(),
        }
    }

    /// Replaces the terms of a protein by the propagated ones.
    pub fn propagate(&mut self, rows: &mut Vec<Scored>, terms: &mut Terms) {
        self.counts.proteins += 1;
        self.counts.before += rows.len() as u64;
        for row in rows.drain(..) {
            let found = self.resolver.resolve(row.term, terms);
            if found.terms.is_empty() {
                let example = || terms.id(row.term).into_owned();
                self.counts.unknown.add(example);
                continue;
            }
            if !found.is_primary {
                let example = || terms.id(row.term).into_owned();
                self.counts.alternative.add(example);
            }
            for &term in found.terms {
                let own = &mut self.own[term.index()];
                *own = own.max(row.score);
                let place = self.place[term.index()] as usize;
                self.places[place / 64] |= 1 << (place % 64);
            }
        }
        for word in 0..self.places.len() {
            // A parent may be in the same word, always at a higher place.
            while self.places[word] != 0 {
                let place = word * 64 + self.places[word].trailing_zeros() as usize;
                self.places[word] &= self.places[word] - 1;
                let term = self.order[place];
                let own = std::mem::take(&mut self.own[term.index()]);
                let inherited = std::mem::take(&mut self.scores[term.index()]);
                let score = match self.mode {
                    Propagation::Fill if own > 0.0 => own,
                    _ => own.max(inherited),
                };
                self.counts.raised += u64::from(own > 0.0 && score > own);
                for &parent in self.ontology.parents(term) {
                    let inherited = &mut self.scores[parent.index()];
                    *inherited = inherited.max(score);
                    let place = self.place[parent.index()] as usize;
                    self.places[place / 64] |= 1 << (place % 64);
                }
                rows.push(Scored {
                    term: terms.key_of(self.ontology, term),
                    score,
                });
            }
        }
        self.counts.after += rows.len() as u64;
    }

    /// What was propagated so far.
    #[must_use]
    pub fn counts(&self) -> &PropagatedCounts {
        &self.counts
    }
}
