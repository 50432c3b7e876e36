//! What runners of protein function prediction share, under one name.
//!
//! | module | what it holds |
//! |---|---|
//! | [`assessment`] | what `evaluate` does for every runner: write predictions, score them |
//! | [`explaining`] | what `explain` does for every runner: find the protein and the term |
//! | [`reference`] | what predictions for a dataset are scored against |
//! | [`redundancy`] | how alike two sequences are |
//! | [`ontology`] | `protea-ontology`: the Gene Ontology as a graph of aspects, terms, ancestors |
//! | [`formats`] | `protea-formats`: readers of FASTA, npy, npz, HDF5, Parquet, annotation tables, GAF, GPAD |
//! | [`dataset`] | `protea-dataset`: frozen datasets, made once, checked, mapped, never changed |
//! | [`features`] | vectors for proteins that have no embeddings |
//! | [`propagated`] | the annotations of a dataset with all their ancestors |
//! | [`neighbours`] | `protea-neighbours`: exact nearest neighbours in embedding space |
//! | [`scoring`] | `protea-scoring`: CAFA scores, with the semantics of cafaeval |
//!
//! It knows the contract and the crates of this field. It must not know the host, nor any single runner.

pub mod assessment;
pub mod comparison;
pub mod explaining;
pub mod redundancy;
pub mod reference;

pub use protea_dataset as dataset;
pub use protea_dataset::{features, propagated};
pub use protea_formats as formats;
pub use protea_neighbours as neighbours;
pub use protea_ontology as ontology;
pub use protea_scoring as scoring;
