//! Gradient-boosted trees that re-rank what the nearest neighbours suggest.
//!
//! The neighbours of a protein in embedding space suggest terms. Trees give each suggestion a
//! probability. LightGBM trains them on the training proteins and their neighbours from *other
//! folds*. In aspects in which the trees are not better than the neighbours' votes, the votes stay.
//!
//! The crate exports nothing but its runner. It knows the contract and the field's libraries
//! (datasets, ontology, nearest neighbours, scoring), but no host.
//!
//! | module | content |
//! |---|---|
//! | `spec` | the settings |
//! | `library` | LightGBM, opened at run time; all `unsafe` |
//! | `references` | the proteins that suggest terms |
//! | `folds` | the folds, and the proteins that are held out |
//! | `neighbours` | the search for neighbours |
//! | `statistics` | how often terms occur, for training proteins and for new ones |
//! | `principal` | principal components of embeddings |
//! | `features` | the features of a candidate, and the feature schema |
//! | `labelled` | candidates with labels, to train and to validate with |
//! | `progress` | progress reports from several threads |
//! | `train` | from a dataset to a model |
//! | `checkpoint` | trees of an unfinished training, saved and continued |
//! | `quality` | AUC, log loss, F1 and Fmax on the held-out proteins |
//! | `model` | the document that `fit` writes, and the files beside it |
//! | `scores`, `predict` | from candidates to predictions |
//! | `contributions` | which features gave a term its score |
//! | `explain` | explains the terms of one protein |
//! | `runner` | the operations that the host calls |

mod checkpoint;
mod contributions;
mod explain;
mod features;
mod folds;
mod labelled;
mod library;
mod model;
mod neighbours;
mod predict;
mod principal;
mod progress;
mod quality;
mod references;
mod runner;
mod scores;
mod spec;
mod statistics;
mod train;

// In the crate, because they test its parts: no call of the runner shows a leak in the training
// data.
#[cfg(test)]
mod tests;
