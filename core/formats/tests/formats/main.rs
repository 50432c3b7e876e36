//! Readers of the files that people have, through their public faces.

// A failed unwrap names the place and the error, which is all a test has to say.
#![allow(clippy::unwrap_used)]

mod annotation_files;
mod damaged_embeddings;
mod embedding_files;
mod input_files;
mod interpreter;
mod matrices;
mod memory;
mod text_files;
mod written;
