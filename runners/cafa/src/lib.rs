//! The Gene Ontology, frozen datasets and CAFA scores: what protea's runners share.

pub mod dataset;
pub mod features;
pub mod formats;
pub mod ontology;
pub mod scoring;
