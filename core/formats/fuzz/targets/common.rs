//! Helpers of the fuzz targets: the readers take a file, so the bytes are written to one.

use std::{cell::OnceCell, fs, path::Path};

use protea_formats::{ArrayNames, EmbeddingReader};
use tempfile::TempDir;

thread_local! {
    static PLACE: OnceCell<TempDir> = const { OnceCell::new() };
}

/// Writes `bytes` to a file and calls `read` with its path.
pub fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    PLACE.with(|place| {
        let directory = place.get_or_init(|| tempfile::tempdir().expect("a place for temporary files"));
        let path = directory.path().join("input");
        fs::write(&path, bytes).expect("room for a small file");
        read(&path);
    });
}

/// Reads all embeddings of a file, as freezing does.
pub fn embeddings(bytes: &[u8]) {
    with_file(bytes, |path| {
        let scratch = path.parent().expect("a file in a directory");
        let Ok(mut reader) = EmbeddingReader::open(path, None, &ArrayNames::default(), scratch) else {
            return;
        };
        assert_eq!(reader.accessions().len(), reader.rows());
        let mut numbers = Vec::new();
        for row in 0..reader.rows() {
            numbers.clear();
            if reader.read_f32(row, &mut numbers).is_err() {
                return;
            }
            assert_eq!(numbers.len(), reader.width());
        }
    });
}
