//! The three aspects of the Gene Ontology.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the three aspects (namespaces, sub-ontologies) of the Gene Ontology.
///
/// `Display` writes the CAFA form (`MFO`, `BPO`, `CCO`). `FromStr` accepts that form, the short
/// forms `MF`, `BP` and `CC`, the letters of GAF and of CAFA's `EntryID term aspect` files (`F`,
/// `P`, `C`), and the namespaces of an OBO file.
///
/// ```
/// use protea_ontology::Aspect;
/// assert_eq!("P".parse(), Ok(Aspect::Bpo));
/// assert_eq!("cellular_component".parse(), Ok(Aspect::Cco));
/// assert_eq!(Aspect::Mfo.to_string(), "MFO");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Aspect {
    /// Molecular function (`F`).
    #[serde(rename = "MFO")]
    Mfo,
    /// Biological process (`P`).
    #[serde(rename = "BPO")]
    Bpo,
    /// Cellular component (`C`).
    #[serde(rename = "CCO")]
    Cco,
}

impl Aspect {
    /// All aspects, in the order of the tables that protea prints.
    pub const ALL: [Aspect; 3] = [Aspect::Mfo, Aspect::Bpo, Aspect::Cco];

    /// The CAFA form: `MFO`, `BPO` or `CCO`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Aspect::Mfo => "MFO",
            Aspect::Bpo => "BPO",
            Aspect::Cco => "CCO",
        }
    }

    /// The letter that GAF files use: `F`, `P` or `C`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Aspect::Mfo => 'F',
            Aspect::Bpo => 'P',
            Aspect::Cco => 'C',
        }
    }

    /// The namespace in GO's OBO files, such as `molecular_function`.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Aspect::Mfo => "molecular_function",
            Aspect::Bpo => "biological_process",
            Aspect::Cco => "cellular_component",
        }
    }

    /// The aspect with this OBO namespace; `None` for the namespace of another ontology.
    #[must_use]
    pub fn from_namespace(namespace: &str) -> Option<Aspect> {
        Aspect::ALL.into_iter().find(|a| a.namespace() == namespace)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The string is not the name of an aspect; it is kept for the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an aspect of the Gene Ontology; write MFO, BPO or CCO (or F, P, C, or the OBO namespace)"
)]
pub struct UnknownAspect(pub String);

impl FromStr for Aspect {
    type Err = UnknownAspect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "MFO" | "MF" | "F" | "mfo" => Ok(Aspect::Mfo),
            "BPO" | "BP" | "P" | "bpo" => Ok(Aspect::Bpo),
            "CCO" | "CC" | "C" | "cco" => Ok(Aspect::Cco),
            other => Aspect::from_namespace(other).ok_or_else(|| UnknownAspect(other.to_owned())),
        }
    }
}
