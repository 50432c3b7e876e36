//! Finds the terms of an ontology that predictions name, each name once.

use std::collections::HashMap;

use ahash::RandomState;
use protea_ontology::{Aspect, Ontology, Term};

use crate::names::{TermKey, Terms};

/// What a name stands for.
#[derive(Clone, Copy)]
pub(crate) struct Resolved<'o> {
    /// The terms; none if the name is unknown or obsolete.
    pub terms: &'o [Term],
    /// Whether the name is the primary id of the term.
    pub is_primary: bool,
}

pub(crate) struct Resolver<'o> {
    ontology: &'o Ontology,
    known: HashMap<TermKey, Resolved<'o>, RandomState>,
}

impl<'o> Resolver<'o> {
    pub fn new(ontology: &'o Ontology) -> Self {
        Self {
            ontology,
            known: HashMap::default(),
        }
    }

    /// The terms of a name, also if it is written in another form, such as `GO_0008150`.
    pub fn resolve(&mut self, key: TermKey, names: &Terms) -> Resolved<'o> {
        let ontology = self.ontology;
        *self.known.entry(key).or_insert_with(|| {
            let id = names.id(key);
            let mut terms = ontology.resolve(&id);
            if terms.is_empty()
                && let Some(usual) = ontology.respell(&id)
            {
                terms = ontology.resolve(&usual);
            }
            let is_primary = terms.first().is_some_and(|&term| ontology.id(term) == id);
            Resolved { terms, is_primary }
        })
    }

    /// The first term of a name.
    pub fn first(&mut self, key: TermKey, names: &Terms) -> Option<Term> {
        self.resolve(key, names).terms.first().copied()
    }

    /// The aspect of a name.
    pub fn aspect(&mut self, key: TermKey, names: &Terms) -> Option<Aspect> {
        let term = self.first(key, names)?;
        self.ontology.aspect(term)
    }
}
