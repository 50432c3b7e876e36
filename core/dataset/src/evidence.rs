//! The evidence that counts: selects annotations by their evidence codes.

use std::collections::BTreeSet;

/// The evidence codes of the Gene Ontology for experiments and, as in CAFA, for statements that can
/// be traced to one: `EXP`, `IDA`, `IPI`, `IMP`, `IGI`, `IEP`, those of high throughput (`HTP`,
/// `HDA`, `HMP`, `HGI`, `HEP`), `TAS` and `IC`.
pub const EXPERIMENTAL: [&str; 13] = [
    "EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "TAS", "IC", "HTP", "HDA", "HMP", "HGI", "HEP",
];

/// Selects annotations by evidence code. Annotations without a code always count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// All annotations.
    Any,
    /// Annotations with one of these codes.
    Codes(BTreeSet<String>),
}

impl Default for Evidence {
    fn default() -> Self {
        Self::Codes(EXPERIMENTAL.map(str::to_owned).into())
    }
}

impl Evidence {
    /// The names for manifests: the codes in alphabetical order, or only `any`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["any".to_owned()],
            Self::Codes(codes) => codes.iter().cloned().collect(),
        }
    }

    /// Whether an annotation with this evidence code counts.
    pub fn counts(&self, code: Option<&str>) -> bool {
        match (self, code) {
            (Self::Any, _) | (_, None) => true,
            (Self::Codes(codes), Some(code)) => codes.contains(code),
        }
    }
}
