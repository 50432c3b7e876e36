//! Tests frozen datasets and features through their public API.

// A failed `unwrap` reports the place and the error, which is enough in a test.
#![allow(clippy::unwrap_used)]

mod compression;
mod diff;
mod durable;
mod embeddings;
mod features;
mod field_annotations;
mod field_inputs;
mod folds;
mod freezing;
mod hostile;
mod isoforms;
mod leftovers;
mod opening;
mod python;
mod releases;
mod shared_data;
mod small;
mod splits;
mod time;
mod time_reference;
mod written_embeddings;

#[path = "../../../formats/tests/formats/interpreter.rs"]
mod interpreter;
#[path = "../../../formats/tests/formats/written.rs"]
mod written;
