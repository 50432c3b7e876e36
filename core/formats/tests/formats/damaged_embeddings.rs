//! Tests that damaged and malicious files of embeddings are errors, without a panic, much memory or
//! much time.

use std::{
    fs,
    path::Path,
    sync::LazyLock,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use protea_formats::{ArrayNames, EmbeddingReader, FormatError};

use crate::written::WRITTEN;

/// One file for each kind of structure that the readers support.
const KINDS: [&str; 21] = [
    "vectors-earliest-f2-contiguous.h5",
    "vectors-latest-f2-contiguous.h5",
    "vectors-v108-f4-compact.h5",
    "matrix-earliest-f4-chunks.h5",
    "matrix-earliest-f2-deflate.h5",
    "matrix-v108-f2-lzf.h5",
    "matrix-latest-f4-one-deflate.h5",
    "matrix-latest-f4-growing.h5",
    "matrix-latest-f4-growing-both.h5",
    "matrix-latest-f4-growing-some.h5",
    "matrix-latest-f4-many-growing.h5",
    "stored-f2.npz",
    "deflated-f2.npz",
    "list-f2-snappy.parquet",
    "list-f4-uncompressed.feather",
    "large-f2-lz4.feather",
    "categories-f4.arrow",
    "matrix-latest-f4-contiguous.h5.zst",
    "dict-f4-2.pt",
    "shared-f2-4.pt",
    "vectors-f2.safetensors",
];

static WHOLE: LazyLock<Option<Vec<Vec<u8>>>> = LazyLock::new(|| {
    let directory = WRITTEN.as_ref()?.path();
    let read = |name: &str| fs::read(directory.join(name)).unwrap();
    Some(KINDS.map(read).into())
});

fn is_built(name: &str) -> bool {
    let needs_parquet = [".parquet", ".feather", ".arrow"];
    cfg!(feature = "parquet") || !needs_parquet.iter().any(|ending| name.ends_with(ending))
}

fn read_all(path: &Path, scratch: &Path) -> Result<usize, FormatError> {
    let mut reader = EmbeddingReader::open(path, None, &ArrayNames::default(), scratch)?;
    assert_eq!(reader.accessions().len(), reader.rows());
    let (mut single, mut half) = (Vec::new(), Vec::new());
    for row in 0..reader.rows() {
        single.clear();
        half.clear();
        reader.read_f32(row, &mut single)?;
        reader.read_f16(row, &mut half)?;
        assert_eq!((single.len(), half.len()), (reader.width(), reader.width()));
    }
    Ok(reader.rows())
}

fn try_reading(bytes: &[u8]) -> Result<usize, FormatError> {
    let scratch = tempfile::tempdir().unwrap();
    let place = scratch.path();
    let path = place.join("damaged");
    fs::write(&path, bytes).unwrap();
    let started = Instant::now();
    let result = read_all(&path, place);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(600), "it took {took:?}");
    if let Err(error) = &result {
        assert!(error.to_string().contains("damaged: "), "{error}");
    }
    // Only the input remains in the scratch directory.
    assert_eq!(fs::read_dir(place).unwrap().count(), 1);
    result
}

#[test]
fn truncated_files_are_errors() {
    let Some(whole) = WHOLE.as_ref() else { return };
    for (bytes, name) in whole.iter().zip(KINDS) {
        if !is_built(name) {
            continue;
        }
        assert!(try_reading(bytes).is_ok(), "{name}");
        let steps = (0..24).map(|step| bytes.len() * step / 24);
        for length in steps.chain([1, 7, 8, 9, 100, bytes.len() - 1]) {
            let cut = try_reading(&bytes[..length]);
            assert!(cut.is_err(), "{name} cut to {length} was read");
        }
    }
}

proptest! {
    /// `PROPTEST_CASES` sets the number of cases. Metadata is mostly at the start and the end of
    /// these formats, and values in the middle.
    #[test]
    fn damaged_files_never_panic(
        kind in 0..KINDS.len(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..5),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let Some(whole) = WHOLE.as_ref() else { return Ok(()) };
        let mut bytes = whole[kind].clone();
        for (at, byte, part) in places {
            let area = match part {
                0 | 1 => 0..bytes.len().min(4096),
                2 => bytes.len().saturating_sub(4096)..bytes.len(),
                _ => 0..bytes.len(),
            };
            let at = area.start + at.index(area.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if !is_built(KINDS[kind]) {
            return Ok(());
        }
        let _ = try_reading(&bytes);
    }

    #[test]
    fn arbitrary_bytes_after_a_signature_never_panic(
        signature in prop::sample::select(vec![
            &b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"[..], b"\x89HDF\r\n\x1a\n\x03\x08\x08\0", b"PK\x03\x04", b"\x93NUMPY\x01\0", b"PAR1",
            b"ARROW1\0\0\xff\xff\xff\xff\x40\0\0\0", b"\xff\xff\xff\xff\x40\0\0\0",
            b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let _ = try_reading(&[signature, &bytes].concat());
    }
}
