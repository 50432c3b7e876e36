//! Obsolete terms and what the ontology says to use instead.

use std::collections::BTreeMap;

use super::scan::Records;

/// What an ontology says to use instead of an obsolete term.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// The terms that replace it (`replaced_by`), followed until they are not obsolete.
    pub replaced_by: Vec<String>,
    /// Terms that an expert may consider (`consider`).
    pub consider: Vec<String>,
}

/// The obsolete terms of a file, with their own `replaced_by` and `consider`.
#[derive(Debug, Clone, Default)]
pub(super) struct Obsolete {
    pub terms: BTreeMap<Box<str>, Named>,
    /// Whether ids of obsolete terms refer to their replacements.
    pub mapped: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub replaced_by: Vec<Box<str>>,
    pub consider: Vec<Box<str>>,
}

impl Obsolete {
    pub fn new(records: &Records<'_>) -> Self {
        let mut terms: BTreeMap<Box<str>, Named> = records
            .terms
            .iter()
            .filter(|record| record.obsolete)
            .map(|record| (record.id.into(), Named::default()))
            .collect();
        for other in &records.replacements {
            if let Some(named) = terms.get_mut(records.terms[other.record].id) {
                let list = if other.consider {
                    &mut named.consider
                } else {
                    &mut named.replaced_by
                };
                list.push(other.id.into());
            }
        }
        Self {
            terms,
            mapped: false,
        }
    }

    pub fn len(&self) -> usize {
        self.terms.len()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.terms.contains_key(id)
    }
}
