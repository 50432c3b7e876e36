//! Embeddings computed here, from sequences alone.

pub mod kmer;
