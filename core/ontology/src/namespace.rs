//! A namespace of an ontology, and the order in which its terms are propagated.

use std::ops::Range;

use super::aspect::Aspect;
use super::term::Term;

/// A namespace of the ontology: one graph, with no edge to another.
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

    /// The aspect of GO that this is, if it is one.
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

    /// The numbers of its terms, in the order of the file.
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

    /// The number of its first term.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.terms.start
    }

    /// Its edges, sorted for propagation.
    #[must_use]
    pub fn propagation_order(&self) -> &PropagationOrder {
        &self.order
    }
}

/// The edges of a namespace for propagation: terms are renumbered so that every child has a lower *rank* than its parents,
/// and one sweep over the ranks, upward, carries everything to the roots.
#[derive(Clone, Debug, Default)]
pub struct PropagationOrder {
    /// Rank of each term of the namespace.
    pub rank: Vec<u32>,
    /// The term (its place in the namespace) at each rank.
    pub term: Vec<u32>,
    /// `parents[offsets[r]..offsets[r + 1]]`: ranks of the parents of rank `r`.
    pub offsets: Vec<u32>,
    /// See `offsets`.
    pub parents: Vec<u32>,
}

impl PropagationOrder {
    /// Whether the term at this place has no parent.
    #[must_use]
    pub fn is_root(&self, place: usize) -> bool {
        self.parents_of(self.rank[place] as usize).is_empty()
    }

    /// Ranks of the parents of the term at this rank.
    #[must_use]
    #[inline]
    pub fn parents_of(&self, rank: usize) -> &[u32] {
        &self.parents[self.offsets[rank] as usize..self.offsets[rank + 1] as usize]
    }
}
