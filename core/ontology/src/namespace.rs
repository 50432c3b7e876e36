//! The namespaces of an ontology and the order in which their terms are propagated.

use std::ops::Range;

use super::{aspect::Aspect, term::Term};

/// A namespace of the ontology: a graph without edges to other namespaces.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub(super) name: String,
    pub(super) terms: Range<usize>,
    pub(super) roots: Vec<Term>,
    pub(super) order: PropagationOrder,
}

impl Namespace {
    /// The name in the file, such as `biological_process`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The aspect of GO; `None` if the namespace is not one of GO's.
    #[must_use]
    pub fn aspect(&self) -> Option<Aspect> {
        Aspect::from_namespace(&self.name)
    }

    /// Number of terms; at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// The terms of the namespace, in the order of the file.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = Term> + use<> {
        self.terms.clone().map(Term::from_index)
    }

    /// Whether the term is in this namespace.
    #[must_use]
    pub fn contains(&self, term: Term) -> bool {
        self.terms.contains(&term.index())
    }

    /// The terms without a parent, in the order of the file.
    #[must_use]
    pub fn roots(&self) -> &[Term] {
        &self.roots
    }

    /// The number of the first term of the namespace.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.terms.start
    }

    /// The edges of the namespace, sorted for propagation.
    #[must_use]
    pub fn propagation_order(&self) -> &PropagationOrder {
        &self.order
    }
}

/// The edges of a namespace, sorted for propagation. Each term has a *rank*, and every child has a
/// lower rank than its parents, so one pass over the rising ranks propagates everything to the
/// roots.
#[derive(Clone, Debug, Default)]
pub struct PropagationOrder {
    /// Rank of each term, by its index in the namespace.
    pub rank: Vec<u32>,
    /// The term at each rank, as its index in the namespace.
    pub term: Vec<u32>,
    /// `parents[offsets[r]..offsets[r + 1]]` are the ranks of the parents of rank `r`.
    pub offsets: Vec<u32>,
    /// Ranks of parents; `offsets` has the slice of each rank.
    pub parents: Vec<u32>,
}

impl PropagationOrder {
    /// Whether the term at index `place` of the namespace has no parent.
    #[must_use]
    pub fn is_root(&self, place: usize) -> bool {
        self.parents_of(self.rank[place] as usize).is_empty()
    }

    /// The ranks of the parents of the term at `rank`.
    #[must_use]
    #[inline]
    pub fn parents_of(&self, rank: usize) -> &[u32] {
        &self.parents[self.offsets[rank] as usize..self.offsets[rank + 1] as usize]
    }
}
