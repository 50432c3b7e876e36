//! A term of an ontology, as a number.

use std::fmt;

/// A term, by its number: `0..ontology.len()`. The terms of a namespace have consecutive numbers, in the order of the file.
///
/// Numbers mean something within the [`Ontology`] that gave them out only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(u32);

impl Term {
    /// The term with this number.
    ///
    /// # Panics
    /// When the number is 2^32 or more, which no ontology that was read has.
    #[must_use]
    pub fn from_index(index: usize) -> Term {
        Term(u32::try_from(index).expect("the reader refuses ontologies with 2^31 terms or more"))
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The number, for indexing tables of length [`Ontology::len`].
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
