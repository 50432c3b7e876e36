//! The graph of terms and its queries.

use std::{borrow::Cow, collections::HashMap};

use super::{
    aspect::Aspect,
    findings::{Finding, Findings},
    index::TermIndex,
    namespace::Namespace,
    obsolete::Obsolete,
    reading::Reading,
    spelling::{canonical, padded},
    tables::{Lists, Texts},
    term::Term,
};

/// An ontology for CAFA scoring: the terms of each namespace, their edges and their alternative
/// ids.
///
/// The content is what cafaeval 1.3.0 uses of a well-formed file:
/// * every `[Term]` with a `namespace` other than `external`, unless it is obsolete;
/// * edges `is_a` and `relationship: part_of`, each pair of terms once; other relationships are
///   ignored;
/// * edges to another namespace, to an obsolete term or to an unknown term are dropped and counted
///   ([`Ontology::findings`]);
/// * modifiers (`{…}`) and comments after an id are ignored (cafaeval treats an `is_a` with a
///   modifier as an edge to an unknown term);
/// * namespaces are ordered by their first term, and the terms of each namespace by their place in
///   the file.
#[derive(Clone, Debug)]
pub struct Ontology {
    pub(super) source: String,
    pub(super) reading: Reading,
    pub(super) version: Option<String>,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) ids: Texts,
    pub(super) names: Texts,
    pub(super) parents: Lists,
    pub(super) children: Lists,
    pub(super) depth: Vec<u32>,
    pub(super) index: TermIndex,
    /// Ambiguous ids. Each value lists the term with this primary id, if any, then the terms with
    /// this `alt_id`.
    pub(super) conflicts: HashMap<Box<[u8]>, Vec<Term>>,
    pub(super) obsolete: Obsolete,
    pub(super) dropped_edges: usize,
    pub(super) findings: Findings,
}

impl Ontology {
    /// The name of the file, as passed to [`Ontology::read`] or [`Ontology::parse`].
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How the ontology was read. Tables that are resolved in it are read alike.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
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

    /// All terms, in the order of their numbers.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = Term> + use<> {
        (0..self.len()).map(Term::from_index)
    }

    /// The namespaces, in order of first appearance.
    #[must_use]
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The index in [`Ontology::namespaces`] of an aspect of GO; `None` if the ontology does not
    /// have it.
    #[must_use]
    pub fn namespace_of_aspect(&self, aspect: Aspect) -> Option<usize> {
        self.namespaces
            .iter()
            .position(|n| n.name == aspect.namespace())
    }

    /// The index in [`Ontology::namespaces`] of the term's namespace.
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

    /// The terms that an id refers to. Empty if the id is unknown or obsolete. Otherwise, in the
    /// first namespace that has the id: the term with this primary id, or else every term with this
    /// `alt_id`. Almost always there is exactly one.
    #[must_use]
    #[inline]
    pub fn resolve(&self, id: &str) -> &[Term] {
        self.index.get(id.as_bytes())
    }

    /// [`Ontology::resolve`] for an id given as bytes.
    #[must_use]
    #[inline]
    pub fn resolve_bytes(&self, id: &[u8]) -> &[Term] {
        self.index.get(id)
    }

    /// The terms that an id refers to in predictions. cafaeval resolves the ids of a ground truth
    /// like [`Ontology::resolve`]. For predictions it uses the last namespace that has the id and
    /// for which `in_truth` is true, and prefers an `alt_id` to a primary id.
    ///
    /// The two differ only for ids that are alternative ids in several namespaces, or primary in
    /// one and alternative in another. GO has no such ids.
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

    /// The terms that an id refers to in every namespace that has it. In each namespace: the term
    /// with this primary id, or else every term with this `alt_id`.
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

    /// The term with this primary id.
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

    /// The name of a term; empty if the file has none.
    #[must_use]
    pub fn name(&self, term: Term) -> &str {
        self.names.get(term.index())
    }

    /// The parents of a term by `is_a` and `part_of`, sorted by number, without repeats.
    #[must_use]
    pub fn parents(&self, term: Term) -> &[Term] {
        self.parents.get(term.index())
    }

    /// The children of a term by `is_a` and `part_of`, sorted by number.
    #[must_use]
    pub fn children(&self, term: Term) -> &[Term] {
        self.children.get(term.index())
    }

    /// All ancestors of a term, without the term itself, in topological order: every term comes
    /// before its own parents, and a root is last.
    #[must_use]
    pub fn ancestors(&self, term: Term) -> Vec<Term> {
        let mut all = self.propagate(&[term]);
        all.retain(|&t| t != term);
        let namespace = &self.namespaces[self.namespace_of(term)];
        all.sort_unstable_by_key(|t| namespace.order.rank[t.index() - namespace.offset()]);
        all
    }

    /// Whether a term has no parent. A term without parents and children is a root too.
    #[must_use]
    pub fn is_root(&self, term: Term) -> bool {
        self.parents(term).is_empty()
    }

    /// The length of the longest path from a root to the term; 0 for a root.
    #[must_use]
    pub fn depth(&self, term: Term) -> usize {
        self.depth[term.index()] as usize
    }

    /// `terms` and all their ancestors, sorted by number, without repeats.
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

    /// Number of obsolete terms in the file. They are not in the graph.
    #[must_use]
    pub fn obsolete(&self) -> usize {
        self.obsolete.len()
    }

    /// Whether `id` is the id of an obsolete term of the file.
    #[must_use]
    pub fn is_obsolete(&self, id: &str) -> bool {
        self.obsolete.contains(id)
    }

    /// Number of `is_a` and `part_of` edges that were dropped because they lead to another
    /// namespace, to an obsolete term or to an unknown term.
    #[must_use]
    pub fn dropped_edges(&self) -> usize {
        self.dropped_edges
    }

    /// What the reader left out of the graph or read otherwise than it is written.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.findings.all()
    }

    /// The known id that an unknown id stands for if it is written in another form, such as
    /// `GO_0008150` or `go:0008150`. `None` for a known id, an obsolete id and an id that is
    /// unknown in every spelling.
    #[must_use]
    pub fn respell(&self, id: &str) -> Option<String> {
        if self.reading == Reading::Cafaeval
            || is_usual(id)
            || !self.resolve(id).is_empty()
            || self.is_obsolete(id)
        {
            return None;
        }
        let canonical = canonical(id).map(Cow::into_owned);
        [canonical, padded(id)]
            .into_iter()
            .flatten()
            .find(|id| !self.resolve(id).is_empty())
    }
}

/// Whether an id has the form of GO, so that it has no other spelling.
fn is_usual(id: &str) -> bool {
    id.len() == 10 && id.starts_with("GO:") && id.as_bytes()[3..].iter().all(u8::is_ascii_digit)
}
