//! The library for runners of protein function prediction: shared code, and the crates of this
//! field under one name.
//!
//! | module | content |
//! |---|---|
//! | [`accretion`] | information accretion computed from annotations, with its provenance |
//! | [`prediction`] | shared code of `predict` and `evaluate`: writes predictions |
//! | [`prediction_evidence`] | reads the contributions to predictions |
//! | [`prediction_formats`] | predictions as tables with names, GAF, JSON lines, Parquet and for topGO |
//! | [`assessment`] | shared code of `evaluate`: scores the predictions |
//! | [`calibration`] | turns scores into probabilities |
//! | [`explaining`] | shared code of `explain`: finds the protein and the term |
//! | [`inputs`] | embeddings as numbers, information accretion |
//! | [`mod@reference`] | the annotations of a dataset, prepared for scoring predictions |
//! | [`comparison`] | the scores by which methods are compared, with confidence intervals |
//! | [`reference_index`] | the index of a reference set, with what the user's cache keeps of it |
//! | [`relatives`] | references that are too closely related to a query, by taxon and lineage |
//! | [`redundancy`] | sequence similarity by local alignment |
//! | [`search_record`] | how a search found neighbours, for the extras of results |
//! | [`ontology`] | `protea-ontology`: the Gene Ontology: aspects, terms, ancestors |
//! | [`formats`] | `protea-formats`: readers of FASTA, npy, npz, HDF5, Parquet, annotation tables, GAF, GPAD |
//! | [`dataset`] | `protea-dataset`: frozen datasets: immutable, checksummed, memory-mapped |
//! | [`features`] | feature vectors for proteins without embeddings |
//! | [`propagated`] | the annotations of a dataset, propagated to the roots |
//! | [`neighbours`] | `protea-neighbours`: exact nearest neighbours in embedding space |
//! | [`predictions`] | `protea-predictions`: merging, propagating, cutting, validating and comparing files of predictions |
//! | [`scoring`] | `protea-scoring`: CAFA scores, with the semantics of cafaeval |
//!
//! This crate knows the contract and the crates of this field. It must not know the host or any
//! runner.

pub mod accretion;
pub mod assessment;
pub mod calibration;
pub mod comparison;
pub mod explaining;
pub mod inputs;
pub mod prediction;
pub mod prediction_evidence;
mod prediction_filter;
pub mod prediction_formats;
pub mod redundancy;
pub mod reference;
pub mod reference_index;
pub mod relatives;
mod reliability;
pub mod search_record;

pub use protea_dataset as dataset;
pub use protea_dataset::{features, propagated};
pub use protea_formats as formats;
pub use protea_neighbours as neighbours;
pub use protea_ontology as ontology;
pub use protea_predictions as predictions;
pub use protea_scoring as scoring;
