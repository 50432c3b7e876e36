//! Tests the readers of input files through their public API.

// A failed `unwrap` reports the place and the error, which is enough in a test.
#![allow(clippy::unwrap_used)]

mod annotation_files;
mod damaged_embeddings;
mod documented_rows;
mod embedding_files;
mod embedding_tables;
mod field_annotations;
mod field_embeddings;
mod field_files;
mod field_lists;
mod field_tables;
mod input_files;
mod inspection;
mod interpreter;
mod lineages;
mod matrices;
mod memory;
mod mutations;
mod named_rows;
mod recognition;
mod tensor_files;
mod text_files;
mod tools;
mod torch_embeddings;
mod written;
