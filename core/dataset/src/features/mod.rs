//! Embeddings that are computed from sequences alone.

pub mod kmer;
