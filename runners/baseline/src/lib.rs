//! Baselines of protein-function prediction, to compare methods with: term frequency, BLAST+,
//! DIAMOND, MMseqs2.
//!
//! The crate exports the runner and its settings, and nothing else. It knows the contract and the
//! field's libraries (datasets, ontology), but no host.
//!
//! | module | content |
//! |---|---|
//! | `spec` | the settings |
//! | `runner` | the operations that the host calls |
//! | `model` | the document that `fit` writes |
//! | `naive` | the frequency of every term in the training set |
//! | `align` | alignment with BLAST+, DIAMOND and MMseqs2, and transfer from the hits |
//! | `predicted` | the predicted terms of a protein, from scores to the file |
//! | `explain` | explanations of `naive` |

mod align;
mod explain;
mod model;
mod naive;
mod predicted;
mod runner;
mod spec;

pub use runner::BaselineRunner;
pub use spec::{BaselineSpec, Method, Sensitivity, Transfer};
