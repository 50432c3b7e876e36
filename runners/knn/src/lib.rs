//! Annotation transfer from the k nearest neighbours in embedding space.

pub mod search;
