//! Errors of reading an ontology.

use std::io;

use super::foreign::Foreign;

/// An ontology cannot be read. Every message names the file, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OntologyError {
    /// The file cannot be opened, read or decompressed.
    #[error("cannot read the ontology {file}")]
    Read {
        /// The file, as the caller named it.
        file: String,
        /// The error of the file system.
        source: io::Error,
    },
    /// The file is not text: an archive, a web page, another encoding.
    #[error("the ontology {file} is {content}; {}", content.remedy())]
    Foreign {
        /// The file, as the caller named it.
        file: String,
        /// What the file is.
        content: Foreign,
    },
    /// No `[Term]` stanza has a namespace and is not obsolete. The file is empty, is not an OBO
    /// file, or its terms have no namespace.
    #[error(
        "{file} has no usable term: {}; give an ontology in OBO or OBO Graphs JSON whose terms have a namespace, such \
         as go-basic.obo from https://geneontology.org", no_terms(*stanzas)
    )]
    NoTerms {
        /// The file, as the caller named it.
        file: String,
        /// Number of `[Term]` stanzas in the file.
        stanzas: usize,
    },
    /// A line violates the format.
    #[error("{file}, line {line}: {problem}; correct the line, or download the ontology again")]
    Malformed {
        /// The file, as the caller named it.
        file: String,
        /// Line number, from 1.
        line: usize,
        /// The problem on that line.
        problem: String,
    },
    /// Two terms that are not obsolete have the same id.
    #[error(
        "{file}, line {line}: the term {id} was already defined at line {first}; remove one of the two definitions"
    )]
    DuplicateTerm {
        /// The file, as the caller named it.
        file: String,
        /// Line of the second definition, from 1.
        line: usize,
        /// Line of the first definition, from 1.
        first: usize,
        /// The repeated id.
        id: String,
    },
    /// `is_a` and `part_of` form a cycle, so annotations cannot be propagated.
    #[error(
        "{file}: the terms {} form a cycle of is_a and part_of; use a release without cycles (for GO, go-basic.obo)",
        .terms.join(" -> ")
    )]
    Cycle {
        /// The file, as the caller named it.
        file: String,
        /// The terms of one cycle, child before parent, with the first repeated at the end. At most
        /// ten terms.
        terms: Vec<String>,
    },
}

fn no_terms(stanzas: usize) -> String {
    if stanzas == 0 {
        "it has no [Term] stanza, so it is not in OBO".to_owned()
    } else {
        format!("none of its {stanzas} [Term] stanzas has a namespace and is not obsolete")
    }
}
