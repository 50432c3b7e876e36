//! Panics of the `parquet` crate are errors, and print nothing. In a program of its own: it counts the
//! panics of the whole process.

#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "formats/interpreter.rs"]
mod interpreter;
#[path = "formats/written.rs"]
#[allow(dead_code, reason = "other tests compare numbers")]
mod written;

use std::{
    fs, panic,
    sync::atomic::{AtomicUsize, Ordering},
};

use protea_formats::{ArrayNames, EmbeddingReader};

static PRINTED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_damaged_footer_prints_no_panic() {
    let Some(written) = written::WRITTEN.as_ref() else {
        return;
    };
    // Installed before any file is read, as a fuzzer does: it ends the process at a panic.
    panic::set_hook(Box::new(|_| {
        PRINTED.fetch_add(1, Ordering::SeqCst);
    }));
    let whole = fs::read(written.path().join("list-f2-snappy.parquet")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("damaged.parquet");
    let length = u32::from_le_bytes(*whole[whole.len() - 8..].first_chunk().unwrap());
    let footer = whole.len() - 8 - length as usize;
    let mut errors = 0;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..600 {
        let mut bytes = whole.clone();
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let at = footer + (state >> 33) as usize % length as usize;
        bytes[at] = (state >> 24) as u8;
        fs::write(&path, &bytes).unwrap();
        let opened = EmbeddingReader::open(&path, None, &ArrayNames::default(), place.path());
        errors += usize::from(opened.is_err());
    }
    let printed = PRINTED.load(Ordering::SeqCst);
    let _ = panic::take_hook();
    assert!(errors > 50, "{errors}");
    assert_eq!(printed, 0);
}
