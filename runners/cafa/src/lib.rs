//! The Gene Ontology, frozen datasets and CAFA scores: what protea's runners share.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ontology`] | the Gene Ontology as a graph: aspects, terms, ancestors |
//! | [`formats`] | readers of the files that people have: FASTA, npy, npz, HDF5, Parquet, annotation tables, GAF, GPAD |
//! | [`features`] | vectors for proteins that have no embeddings |
//! | [`dataset`] | frozen datasets: made once, checked, mapped, never changed |
//! | [`propagated`] | the annotations of a dataset with all their ancestors |
//! | [`search`] | exact nearest neighbours in embedding space, fast |
//! | [`redundancy`] | how alike two sequences are |
//! | [`scoring`] | CAFA scores, with the semantics of cafaeval |
//! | [`standard`] | what predictions for a dataset are scored against |
//! | [`assessment`] | what `evaluate` does for every runner: write predictions, score them |
//! | [`explaining`] | what `explain` does for every runner: find the protein and the term |

pub mod assessment;
pub mod dataset;
pub mod explaining;
pub mod features;
pub mod formats;
pub mod ontology;
pub mod propagated;
mod random;
pub mod redundancy;
pub mod scoring;
pub mod search;
pub mod standard;
