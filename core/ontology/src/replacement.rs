//! Replacing obsolete terms by what the ontology says to use instead.

use super::{graph::Ontology, obsolete::Replacement, term::Term};

impl Ontology {
    /// What replaces an obsolete term; `None` if `id` is not obsolete. Chains of `replaced_by` are
    /// followed to their end.
    #[must_use]
    pub fn replacement(&self, id: &str) -> Option<Replacement> {
        let named = self.obsolete.terms.get(id)?;
        let mut found = Replacement {
            replaced_by: Vec::new(),
            consider: named.consider.iter().map(|id| (**id).to_owned()).collect(),
        };
        let mut seen: Vec<&str> = vec![id];
        let mut waiting: Vec<&str> = named.replaced_by.iter().rev().map(|id| &**id).collect();
        while let Some(next) = waiting.pop() {
            if seen.contains(&next) {
                continue;
            }
            seen.push(next);
            match self.obsolete.terms.get(next) {
                Some(named) => waiting.extend(named.replaced_by.iter().rev().map(|id| &**id)),
                None if self.resolve(next).is_empty() => {}
                None => found.replaced_by.push(next.to_owned()),
            }
        }
        Some(found)
    }

    /// The ontology in which the id of an obsolete term refers to the term that replaces it. A term
    /// without `replaced_by`, or with replacements in several namespaces, stays unknown.
    #[must_use]
    pub fn with_obsolete_mapped(mut self) -> Self {
        let ids: Vec<Box<str>> = self.obsolete.terms.keys().cloned().collect();
        for id in ids {
            let Some(replacement) = self.replacement(&id) else {
                continue;
            };
            let mut terms: Vec<Term> = replacement
                .replaced_by
                .iter()
                .flat_map(|other| self.resolve(other))
                .copied()
                .collect();
            terms.sort_unstable();
            terms.dedup();
            let one_namespace = terms
                .windows(2)
                .all(|pair| self.namespace_of(pair[0]) == self.namespace_of(pair[1]));
            if !terms.is_empty() && one_namespace && self.resolve(&id).is_empty() {
                self.index.insert(id.as_bytes(), &terms);
            }
        }
        self.obsolete.mapped = true;
        self
    }

    /// Whether ids of obsolete terms refer to their replacements.
    #[must_use]
    pub fn maps_obsolete(&self) -> bool {
        self.obsolete.mapped
    }

    /// Whether `id` is obsolete and refers to its replacement, as
    /// [`with_obsolete_mapped`](Self::with_obsolete_mapped) arranges.
    #[must_use]
    pub fn is_mapped(&self, id: &[u8]) -> bool {
        self.obsolete.mapped
            && std::str::from_utf8(id).is_ok_and(|id| self.is_obsolete(id))
            && !self.resolve_bytes(id).is_empty()
    }
}
