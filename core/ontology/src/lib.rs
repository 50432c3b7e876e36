//! Reads the Gene Ontology, or any ontology in OBO or OBO Graphs JSON, for CAFA scoring.
//!
//! [`Ontology::read`] reads a file, plain or compressed with gzip or Zstandard. It keeps what
//! scoring needs: the terms of each namespace in the order of the file, `is_a` and `part_of` edges
//! within a namespace, and alternative ids. A [`Term`] is the number of a term; an [`Aspect`] is
//! one of the three namespaces of GO.
//!
//! ```
//! use protea_ontology::{Aspect, Ontology};
//!
//! let obo = b"[Term]\nid: GO:0003674\nname: molecular_function\nnamespace: molecular_function\n\n\
//!             [Term]\nid: GO:0005488\nname: binding\nnamespace: molecular_function\nalt_id: GO:0005489\n\
//!             is_a: GO:0003674 ! molecular_function\n";
//! let ontology = Ontology::parse(obo, "example.obo")?;
//! let binding = ontology.resolve("GO:0005489")[0];
//! assert_eq!(ontology.id(binding), "GO:0005488");
//! assert_eq!(ontology.aspect(binding), Some(Aspect::Mfo));
//! assert_eq!(ontology.propagate(&[binding]).len(), 2);
//! # Ok::<(), protea_ontology::OntologyError>(())
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`compressed`] | opens plain, gzip and Zstandard files |
//! | [`foreign`] | names a file that is not text: an archive, a web page, another encoding |
//! | [`spelling`] | the spellings of the id of a term |
//! | [`text`] | reads text files: the lines of every table of the project |
//! | [`random`] | generates reproducible random numbers |
//!
//! This is the lowest of the crates that know biology. It must not know datasets, scores,
//! embeddings or runners.
//!
//! Cargo feature `zstd`: reads Zstandard files. Without it, such a file is an error,
//! [`compressed::ZstdNotBuilt`].

pub mod compressed;
pub mod foreign;
mod foreign_recognition;
mod foreign_text;
pub mod random;
pub mod score_columns;
pub mod spelling;
pub mod text;

mod aspect;
mod build;
mod error;
mod findings;
mod graph;
mod index;
mod namespace;
mod obographs;
mod obsolete;
mod read;
mod reading;
mod replacement;
mod scan;
mod tables;
mod tags;
mod term;

pub use aspect::{Aspect, UnknownAspect};
pub use error::OntologyError;
pub use findings::{Finding, FindingKind};
pub use graph::Ontology;
pub use namespace::{Namespace, PropagationOrder};
pub use obographs::as_obo;
pub use obsolete::Replacement;
pub use read::read_ontology;
pub use reading::Reading;
pub use term::Term;
