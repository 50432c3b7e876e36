//! Embeddings written by h5py, NumPy and pyarrow. The tests of frozen datasets use them too.

use std::{path::Path, process::Command, sync::LazyLock};

use protea_formats::MatrixReader;
use tempfile::TempDir;

use crate::interpreter::interpreter;

/// The files that `write_formats.py` writes, created once for all tests. `None` without an
/// interpreter.
pub static WRITTEN: LazyLock<Option<TempDir>> = LazyLock::new(|| {
    let python = interpreter()?;
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../formats/tests/write_formats.py"
        ))
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(directory)
});

/// The numbers of the files of one type, row by row, as bits of f32.
pub fn expected(directory: &Path, dtype: &str) -> Vec<Vec<u32>> {
    let mut matrix = MatrixReader::open(&directory.join(format!("expected-{dtype}.npy"))).unwrap();
    (0..matrix.rows())
        .map(|row| {
            let mut numbers = Vec::new();
            matrix.read_f32(row, &mut numbers).unwrap();
            numbers.into_iter().map(f32::to_bits).collect()
        })
        .collect()
}
