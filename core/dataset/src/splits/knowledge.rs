//! What was known of a protein, and which annotations say so.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

/// The evidence codes of the Gene Ontology that stand for an experiment or, as in CAFA, for a statement that can be traced to one:
/// `EXP`, `IDA`, `IPI`, `IMP`, `IGI`, `IEP`, those of high throughput (`HTP`, `HDA`, `HMP`, `HGI`, `HEP`), `TAS` and `IC`.
pub const EXPERIMENTAL: [&str; 13] = [
    "EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "TAS", "IC", "HTP", "HDA", "HMP", "HGI", "HEP",
];

/// What a protein is a target for in an aspect in which it gained annotations, as CAFA has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knowledge {
    /// It had no annotation in any aspect.
    No,
    /// It had annotations in other aspects only.
    Limited,
    /// It had annotations in this aspect, and gained terms that do not follow from them.
    Partial,
}

impl Knowledge {
    /// All of them.
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

/// Which annotations count, by their evidence. Those without a code always do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// All.
    Any,
    /// Those with one of these codes.
    Codes(BTreeSet<String>),
}

impl Default for Evidence {
    fn default() -> Self {
        Self::Codes(EXPERIMENTAL.map(str::to_owned).into())
    }
}

impl Evidence {
    /// Whether an annotation counts.
    pub fn counts(&self, code: Option<&str>) -> bool {
        match (self, code) {
            (Self::Any, _) | (_, None) => true,
            (Self::Codes(codes), Some(code)) => codes.contains(code),
        }
    }
}
