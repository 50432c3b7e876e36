//! What can be wrong with an ontology file.

use std::io;

/// Why an ontology could not be read. Every message names the file, the place and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OntologyError {
    /// The file cannot be opened, read or decompressed.
    #[error("cannot read the ontology {file}")]
    Read {
        /// The file as it was named.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no `[Term]` stanza with a namespace: not an OBO file, an empty one, or one whose terms have no namespace.
    #[error(
        "{file} has no term with a namespace that is not obsolete ({stanzas} [Term] stanzas seen); give an ontology in OBO (or OBO Graphs JSON) whose \
         terms have a namespace, such as go-basic.obo from https://geneontology.org"
    )]
    NoTerms {
        /// The file as it was named.
        file: String,
        /// How many `[Term]` stanzas there were at all.
        stanzas: usize,
    },
    /// A `[Term]` stanza breaks the format.
    #[error(
        "{file}, line {line}: {problem}; correct the line, or download the ontology again if it is not yours"
    )]
    Malformed {
        /// The file as it was named.
        file: String,
        /// Line number, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Two terms that are not obsolete have the same id.
    #[error(
        "{file}, line {line}: the term {id} was already defined at line {first}; remove one of the two"
    )]
    DuplicateTerm {
        /// The file as it was named.
        file: String,
        /// Line of the second definition, from 1.
        line: usize,
        /// Line of the first definition, from 1.
        first: usize,
        /// The id that occurs twice.
        id: String,
    },
    /// `is_a` and `part_of` form a cycle, so that nothing can be propagated to a root.
    #[error(
        "{file}: the terms {} form a cycle of is_a and part_of; use a release without cycles (for GO, go-basic.obo)",
        .terms.join(" -> ")
    )]
    Cycle {
        /// The file as it was named.
        file: String,
        /// The terms of one cycle, child before parent, the first repeated at the end; at most ten are named.
        terms: Vec<String>,
    },
}
