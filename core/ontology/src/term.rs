//! The number of a term.

use std::fmt;

/// A term, identified by its number in `0..ontology.len()`. The terms of a namespace have
/// consecutive numbers, in the order of the file.
///
/// A number is valid only with the [`Ontology`](crate::Ontology) that returned it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(u32);

impl Term {
    /// The term with the number `index`.
    ///
    /// # Panics
    ///
    /// If the number is 2^32 or more. Ontologies that were read have fewer terms.
    #[must_use]
    pub fn from_index(index: usize) -> Term {
        Term(u32::try_from(index).expect("the reader rejects ontologies with 2^31 terms or more"))
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The number, for indexing tables of length [`Ontology::len`](crate::Ontology::len).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Term({})", self.0)
    }
}
