//! PyTorch: the zip file, its pickle and tensors.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| common::embeddings(bytes));
