//! Tests the readers of input files through their public API.

// A failed `unwrap` reports the place and the error, which is enough in a test.
#![allow(clippy::unwrap_used)]

mod annotation_files;
mod damaged_embeddings;
mod embedding_files;
mod field_files;
mod input_files;
mod interpreter;
mod matrices;
mod memory;
mod recognition;
mod text_files;
mod written;
