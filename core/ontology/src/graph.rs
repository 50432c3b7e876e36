//! The graph itself and what can be asked of it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::aspect::Aspect;
use super::index::TermIndex;
use super::namespace::Namespace;
use super::tables::{Lists, Texts};
use super::term::Term;

/// An ontology as CAFA scoring sees it; see the [module](super).
///
/// What is in it, exactly as cafaeval 1.3.0 takes it:
/// * every `[Term]` with a `namespace` other than `external`, unless it has an `is_obsolete` tag (whatever its value);
/// * edges `is_a` and `relationship: part_of`, each pair of terms once, other relationships not;
/// * edges to another namespace, to an obsolete or to an unknown term are left out and counted ([`Ontology::dropped_edges`]);
/// * modifiers (`{…}`) and comments after an id are not part of it (cafaeval takes an `is_a` with a modifier for an unknown term);
/// * namespaces in the order in which their first term appears, and the terms of each in the order of the file.
#[derive(Clone, Debug)]
pub struct Ontology {
    pub(super) source: String,
    pub(super) version: Option<String>,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) ids: Texts,
    pub(super) names: Texts,
    pub(super) parents: Lists,
    pub(super) children: Lists,
    pub(super) depth: Vec<u32>,
    pub(super) index: TermIndex,
    /// Ids that are several things at once: the term with this primary id, if any, then those with this `alt_id`.
    pub(super) conflicts: HashMap<Box<[u8]>, Vec<Term>>,
    /// Ids, sorted.
    pub(super) obsolete: Vec<Box<str>>,
    pub(super) dropped_edges: usize,
}

impl Ontology {
    /// How the file was named.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The `data-version` of the file's header, such as `releases/2022-07-01`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Number of terms in all namespaces; at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.depth.len()
    }

    /// All terms, by number.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = Term> + use<> {
        (0..self.len()).map(Term::from_index)
    }

    /// The namespaces, in order of first appearance.
    #[must_use]
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The place in [`Ontology::namespaces`] of an aspect of GO.
    #[must_use]
    pub fn namespace_of_aspect(&self, aspect: Aspect) -> Option<usize> {
        self.namespaces
            .iter()
            .position(|n| n.name == aspect.namespace())
    }

    /// The place in [`Ontology::namespaces`] of a term's namespace.
    #[must_use]
    #[inline]
    pub fn namespace_of(&self, term: Term) -> usize {
        self.namespaces
            .partition_point(|n| n.terms.end <= term.index())
    }

    /// The aspect of a term; `None` in an ontology that is not GO.
    #[must_use]
    pub fn aspect(&self, term: Term) -> Option<Aspect> {
        self.namespaces[self.namespace_of(term)].aspect()
    }

    /// The terms that an id stands for: none if it is unknown or obsolete; otherwise, in the first namespace that knows it, the term with
    /// this primary id, or else every term with this `alt_id`. Nearly always there is exactly one.
    #[must_use]
    #[inline]
    pub fn resolve(&self, id: &str) -> &[Term] {
        self.index.get(id.as_bytes())
    }

    /// [`Ontology::resolve`] for bytes.
    #[must_use]
    #[inline]
    pub fn resolve_bytes(&self, id: &[u8]) -> &[Term] {
        self.index.get(id)
    }

    /// The terms that an id stands for in predictions. cafaeval takes a ground truth as [`Ontology::resolve`] says, but in predictions
    /// the last namespace that knows the id, of those with a ground truth, and there an `alt_id` before a primary id. This matters
    /// for ids that are alternative ids in several namespaces, or primary here and alternative there; GO has none.
    #[inline]
    pub fn resolve_predicted(
        &self,
        id: &[u8],
        in_truth: impl Fn(usize) -> bool,
    ) -> Cow<'_, [Term]> {
        if self.conflicts.is_empty() {
            return Cow::Borrowed(self.index.get(id));
        }
        self.resolve_conflict(id, in_truth)
    }

    #[cold]
    fn resolve_conflict(&self, id: &[u8], in_truth: impl Fn(usize) -> bool) -> Cow<'_, [Term]> {
        let Some(candidates) = self.conflicts.get(id) else {
            return Cow::Borrowed(self.index.get(id));
        };
        let Some(last) = candidates
            .iter()
            .map(|&t| self.namespace_of(t))
            .filter(|&n| in_truth(n))
            .max()
        else {
            return Cow::Borrowed(&candidates[..1]);
        };
        let within = candidates
            .iter()
            .copied()
            .filter(|&t| self.namespace_of(t) == last);
        let alternative: Vec<Term> = within
            .clone()
            .filter(|&t| self.id(t).as_bytes() != id)
            .collect();
        Cow::Owned(if alternative.is_empty() {
            within.collect()
        } else {
            alternative
        })
    }

    /// The terms that an id stands for in every namespace that knows it: there the term with this primary id, or else every one
    /// with this `alt_id`.
    #[must_use]
    pub fn resolve_in_each(&self, id: &[u8]) -> Cow<'_, [Term]> {
        let Some(candidates) = self.conflicts.get(id) else {
            return Cow::Borrowed(self.index.get(id));
        };
        let is_primary = |term: Term| self.id(term).as_bytes() == id;
        let primary = candidates.iter().copied().find(|&t| is_primary(t));
        let taken = primary.map(|term| self.namespace_of(term));
        let counts = |t: &Term| is_primary(*t) || Some(self.namespace_of(*t)) != taken;
        Cow::Owned(candidates.iter().copied().filter(counts).collect())
    }

    /// The term whose primary id this is.
    #[must_use]
    pub fn primary(&self, id: &str) -> Option<Term> {
        let candidates = self
            .conflicts
            .get(id.as_bytes())
            .map_or(self.resolve(id), Vec::as_slice);
        candidates.iter().copied().find(|&t| self.id(t) == id)
    }

    /// The primary id of a term.
    #[must_use]
    pub fn id(&self, term: Term) -> &str {
        self.ids.get(term.index())
    }

    /// The name of a term; empty if the file gives none.
    #[must_use]
    pub fn name(&self, term: Term) -> &str {
        self.names.get(term.index())
    }

    /// The parents of a term by `is_a` and `part_of`, by number, each once.
    #[must_use]
    pub fn parents(&self, term: Term) -> &[Term] {
        self.parents.get(term.index())
    }

    /// The terms that have this one as a parent, by number.
    #[must_use]
    pub fn children(&self, term: Term) -> &[Term] {
        self.children.get(term.index())
    }

    /// All ancestors of a term, without itself, in topological order: every term before its own parents, a root last.
    #[must_use]
    pub fn ancestors(&self, term: Term) -> Vec<Term> {
        let mut all = self.propagate(&[term]);
        all.retain(|&t| t != term);
        let namespace = &self.namespaces[self.namespace_of(term)];
        all.sort_unstable_by_key(|t| namespace.order.rank[t.index() - namespace.offset()]);
        all
    }

    /// Whether a term has no parent. Terms with neither parent nor child are roots too.
    #[must_use]
    pub fn is_root(&self, term: Term) -> bool {
        self.parents(term).is_empty()
    }

    /// The length of the longest path from a root to the term; 0 for a root.
    #[must_use]
    pub fn depth(&self, term: Term) -> usize {
        self.depth[term.index()] as usize
    }

    /// The given terms and all their ancestors, by number, each once.
    #[must_use]
    pub fn propagate(&self, terms: &[Term]) -> Vec<Term> {
        let mut seen = vec![0u64; self.len().div_ceil(64)];
        let mut found: Vec<Term> = Vec::with_capacity(terms.len() * 4);
        let mut add = |term: Term, found: &mut Vec<Term>| {
            let word = &mut seen[term.index() / 64];
            let bit = 1 << (term.index() % 64);
            if *word & bit == 0 {
                *word |= bit;
                found.push(term);
            }
        };
        for &term in terms {
            add(term, &mut found);
        }
        let mut next = 0;
        while let Some(&term) = found.get(next) {
            next += 1;
            for &parent in self.parents(term) {
                add(parent, &mut found);
            }
        }
        found.sort_unstable();
        found
    }

    /// How many obsolete terms the file has; they are not in the graph.
    #[must_use]
    pub fn obsolete(&self) -> usize {
        self.obsolete.len()
    }

    /// Whether this is the id of an obsolete term of the file.
    #[must_use]
    pub fn is_obsolete(&self, id: &str) -> bool {
        self.obsolete
            .binary_search_by(|other| (**other).cmp(id))
            .is_ok()
    }

    /// How many `is_a` and `part_of` edges were left out because they lead to another namespace, to an obsolete or to an
    /// unknown term.
    #[must_use]
    pub fn dropped_edges(&self) -> usize {
        self.dropped_edges
    }
}
