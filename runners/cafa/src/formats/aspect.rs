//! The three aspects of the Gene Ontology, as input files spell them.

use std::str::FromStr;

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
    pub fn name(self) -> &'static str {
        match self {
            Self::Mfo => "MFO",
            Self::Bpo => "BPO",
            Self::Cco => "CCO",
        }
    }
}

impl FromStr for Aspect {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "F" | "MF" | "MFO" | "molecular_function" => Ok(Aspect::Mfo),
            "P" | "BP" | "BPO" | "biological_process" => Ok(Aspect::Bpo),
            "C" | "CC" | "CCO" | "cellular_component" => Ok(Aspect::Cco),
            _ => Err(()),
        }
    }
}
