//! Input formats, frozen datasets and features, through their public faces.

// A failed unwrap names the place and the error, which is all a test has to say.
#![allow(clippy::unwrap_used)]

mod annotation_files;
mod compression;
mod damaged_embeddings;
mod diff;
mod durable;
mod embedding_files;
mod embeddings;
mod features;
mod folds;
mod formats;
mod freezing;
mod hostile;
mod leftovers;
mod matrices;
mod memory;
mod python;
mod releases;
mod shared_data;
mod small;
mod splits;
mod time;
