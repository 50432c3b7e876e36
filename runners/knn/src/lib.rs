//! Annotation transfer from the k nearest neighbours in embedding space.
//!
//! Every protein of the evaluation set gets the terms of its nearest proteins in the reference
//! set. The neighbours' votes make the scores. There is no training step: the reference set is the
//! model.
//!
//! The crate exports the runner and its settings, and nothing else. It knows the contract and the
//! field's libraries (datasets, ontology, nearest neighbours), but no host.
//!
//! | module | content |
//! |---|---|
//! | `spec` | the settings and the presets |
//! | `checks` | whether datasets and settings fit together |
//! | `references` | the reference set: which protein is in which index, with which terms |
//! | `evidence` | which annotations are transferred, and the weight of their evidence |
//! | `composite` | PROTEA's composite score |
//! | `identity` | global and local identity of two sequences |
//! | `search` | the search for neighbours, some queries at a time |
//! | `select` | the neighbours that vote, if they are not simply the k nearest |
//! | `transfer` | from neighbours to scored terms |
//! | `predict` | from references and queries to predictions |
//! | `partial_file` | the file with the neighbours in a part of the references |
//! | `partials` | the neighbours in all parts |
//! | `shards` | searches in a part of the references; predicts from all parts |
//! | `model` | the document of a model |
//! | `calibrate` | calibrates the scores on the references |
//! | `contributions` | which neighbours gave which term, with which weight |
//! | `explain` | explains the terms of one protein |
//! | `runner` | the operations that the host calls |

mod calibrate;
mod checks;
mod composite;
mod contributions;
mod evidence;
mod explain;
mod identity;
mod model;
mod partial_file;
mod partials;
mod predict;
mod references;
mod runner;
mod search;
mod select;
mod shards;
mod spec;
mod transfer;

// Public for a test that compares it with Biopython: predictions do not show single identities.
#[doc(hidden)]
pub use identity::Identities;
pub use runner::KnnRunner;
pub use spec::KnnSpec;
