//! Kinds of prior knowledge about a protein.

use serde::{Serialize, Serializer};

/// The kind of target of a protein in an aspect in which it gained annotations, as defined by CAFA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knowledge {
    /// No knowledge: it had no annotation in any aspect.
    No,
    /// Limited knowledge: it had annotations only in other aspects.
    Limited,
    /// Partial knowledge: it had annotations in this aspect and gained terms that do not follow
    /// from them.
    Partial,
}

impl Knowledge {
    /// All kinds, in the order of their output.
    pub const ALL: [Self; 3] = [Self::No, Self::Limited, Self::Partial];

    /// CAFA's abbreviation: `NK`, `LK`, `PK`.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::No => "NK",
            Self::Limited => "LK",
            Self::Partial => "PK",
        }
    }

    /// Name of its directory, such as `no-knowledge`.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no-knowledge",
            Self::Limited => "limited-knowledge",
            Self::Partial => "partial-knowledge",
        }
    }
}

impl Serialize for Knowledge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.abbreviation())
    }
}
