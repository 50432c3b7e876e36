//! Gradient-boosted trees that re-rank what the nearest neighbours suggest.
//!
//! The neighbours of a protein in embedding space suggest terms. Trees, grown by LightGBM on the
//! training proteins and the neighbours that they have among *other folds*, give each suggestion a
//! probability. Where that is no better than the neighbours' votes, the votes stay.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | the settings |
//! | [`library`] | LightGBM itself, opened at run time; all `unsafe` |
//! | [`references`] | the proteins that suggest terms |
//! | [`folds`] | who may not vote for whom, and who is held out |
//! | [`neighbours`] | the search |
//! | [`statistics`] | how often terms occur, for who is new and for who is trained on |
//! | [`principal`] | principal components of embeddings |
//! | [`features`] | what the trees see of a candidate; the feature schema |
//! | [`labelled`] | the candidates that trees are grown on and judged by |
//! | `progress` | how far a piece of work has come |
//! | [`train`](mod@train) | from a dataset to a model |
//! | [`quality`] | AUC, logloss, F1 and Fmax on the held-out proteins |
//! | [`model`] | the document that `fit` writes, and what lies beside it |
//! | [`scores`], [`predict`] | from candidates to predictions |
//! | `explain` | which features gave a term its score |
//! | [`runner`] | the runner: what the host calls |

mod explain;
pub mod features;
pub mod folds;
pub mod labelled;
pub mod library;
pub mod model;
pub mod neighbours;
pub mod predict;
pub mod principal;
mod progress;
pub mod quality;
pub mod references;
pub mod runner;
pub mod scores;
pub mod spec;
pub mod statistics;
pub mod train;
