//! The three aspects of the Gene Ontology, as input files spell them.

/// An aspect of the Gene Ontology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// Molecular function.
    Mfo,
    /// Biological process.
    Bpo,
    /// Cellular component.
    Cco,
}

impl Aspect {
    /// `MFO`, `BPO` or `CCO`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mfo => "MFO",
            Self::Bpo => "BPO",
            Self::Cco => "CCO",
        }
    }
}

/// Reads the spellings of GAF (`F`), CAFA (`MFO`), short (`MF`) and OBO (`molecular_function`).
pub(super) fn parse(text: &str) -> Option<Aspect> {
    match text {
        "F" | "MF" | "MFO" | "molecular_function" => Some(Aspect::Mfo),
        "P" | "BP" | "BPO" | "biological_process" => Some(Aspect::Bpo),
        "C" | "CC" | "CCO" | "cellular_component" => Some(Aspect::Cco),
        _ => None,
    }
}
