//! Tests that files of h5py, NumPy and pyarrow are read back bit for bit.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use protea_formats::{ArrayNames, EmbeddingReader, FormatError};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    interpreter::interpreter,
    written::{WRITTEN, expected},
};

pub fn open(
    file: &Path,
    names: &ArrayNames,
    ids: Option<&Path>,
) -> Result<EmbeddingReader, FormatError> {
    EmbeddingReader::open(file, ids, names, &std::env::temp_dir())
}

fn open_default(file: &Path) -> Result<EmbeddingReader, FormatError> {
    open(file, &ArrayNames::default(), None)
}

#[test]
fn files_of_h5py_numpy_and_pyarrow_are_read_exactly() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    let files = std::fs::read(directory.join("files.json")).unwrap();
    let files: Vec<Value> = serde_json::from_slice(&files).unwrap();
    let ids = std::fs::read_to_string(directory.join("ids.txt")).unwrap();
    let expected: Vec<_> = ["f2", "f4", "f8"]
        .map(|dtype| (dtype, expected(directory, dtype)))
        .into();
    let mut read = 0;
    for file in &files {
        if file["feature"] == "parquet" && !cfg!(feature = "parquet") {
            continue;
        }
        let text = |key: &str| file[key].as_str().map(str::to_owned);
        let name = text("file").unwrap();
        let names = ArrayNames {
            matrix: text("matrix"),
            ids: text("ids"),
        };
        let list = text("list").map(|list| directory.join(list));
        let mut reader = open(&directory.join(&name), &names, list.as_deref())
            .unwrap_or_else(|error| panic!("{error}"));
        let dtype = text("dtype").unwrap();
        let numbers = &expected.iter().find(|(name, _)| *name == dtype).unwrap().1;
        assert_eq!(
            (reader.rows(), reader.width()),
            (numbers.len(), numbers[0].len()),
            "{name}"
        );
        assert_eq!(
            format!("{:?}", reader.dtype()),
            format!("F{}", 8 * dtype[1..].parse::<u8>().unwrap())
        );
        // Reads the last row first, because the rows can be read in any order.
        let accessions: Vec<&str> = ids.lines().collect();
        for (row, &accession) in accessions.iter().enumerate().rev() {
            let mut found = Vec::new();
            let place = reader.accessions()[accession];
            reader
                .read_f32(place, &mut found)
                .unwrap_or_else(|error| panic!("{error}"));
            let found: Vec<u32> = found.into_iter().map(f32::to_bits).collect();
            assert_eq!(found, numbers[row], "{name}: {accession}");
        }
        read += 1;
    }
    assert!(read > 350, "only {read} files were read");
}

#[test]
fn ambiguous_files_list_their_arrays() {
    let Some(directory) = WRITTEN.as_ref().map(TempDir::path) else {
        return;
    };
    let expect_error = |name: &str, names: ArrayNames, ids: Option<PathBuf>, words: &[&str]| {
        let error = open(&directory.join(name), &names, ids.as_deref())
            .err()
            .unwrap();
        assert!(matches!(error, FormatError::Choice { .. }), "{error}");
        let text = error.to_string();
        for word in [name].iter().chain(words) {
            assert!(text.contains(word), "{text:?} lacks {word:?}");
        }
    };
    let array_names = |matrix: Option<&str>, ids: Option<&str>| ArrayNames {
        matrix: matrix.map(str::to_owned),
        ids: ids.map(str::to_owned),
    };
    let listed = [
        "layers/mean (700 vectors",
        "layers/max (700 vectors",
        "matrix (700 × 13 f32)",
    ];
    let words = |more: &[&'static str]| [&listed[..], more].concat();
    expect_error(
        "several.h5",
        array_names(None, None),
        None,
        &words(&["3 arrays or groups", "the one with the embeddings"]),
    );
    expect_error(
        "several.h5",
        array_names(Some("layers"), None),
        None,
        &words(&["named \"layers\""]),
    );
    expect_error(
        "several.h5",
        array_names(Some("matrix"), None),
        None,
        &words(&["several lists", "the one with the accessions"]),
    );
    expect_error(
        "several.h5",
        array_names(Some("matrix"), Some("ids")),
        None,
        &words(&["700 strings named \"ids\""]),
    );
    expect_error(
        "two.npz",
        array_names(None, None),
        None,
        &["2 arrays or groups", "a (700 × 13 f32)", "b (700 × 13 f32)"],
    );
    expect_error(
        "vectors-f4.npz",
        array_names(None, None),
        Some(directory.join("ids.txt")),
        &["has a name", "do not give accessions"],
    );
}

#[test]
fn unsupported_contents_are_errors_with_a_remedy() {
    let Some(python) = interpreter() else { return };
    let directory = tempfile::tempdir().unwrap();
    let script = "
import sys, h5py, numpy
out = sys.argv[1] + '/'
one = numpy.ones((4, 3), 'f4')
with h5py.File(out + 'residues.h5', 'w') as f:
    for i in range(4): f[f'P{i}'] = numpy.ones((i + 2, 3), 'f4')
with h5py.File(out + 'widths.h5', 'w') as f:
    for i in range(100): f[f'P{i:03}'] = numpy.ones(4 if i == 90 else 3, 'f4')
with h5py.File(out + 'types.h5', 'w') as f:
    for i in range(100): f[f'P{i:03}'] = numpy.ones(3, 'f8' if i == 90 else 'f2')
with h5py.File(out + 'twice.h5', 'w') as f:
    f['P1'] = one[0]; f['sp|P1|X'] = one[0]
with h5py.File(out + 'integers.h5', 'w') as f: f['P1'] = numpy.ones(3, 'i4')
with h5py.File(out + 'bfloat.h5', 'w') as f:
    kind = h5py.h5t.IEEE_F32LE.copy(); kind.set_fields(15, 7, 8, 0, 7); kind.set_size(2); kind.set_ebias(127)
    h5py.h5d.create(f.id, b'P1', kind, h5py.h5s.create_simple((3,)))
with h5py.File(out + 'unwritten.h5', 'w') as f:
    f.create_dataset('m', (400, 3), 'f4', chunks=(10, 3))[:20] = 1
    f['ids'] = [f'P{i}' for i in range(400)]
with h5py.File(out + 'empty.h5', 'w') as f: pass
with h5py.File(out + 'nameless.h5', 'w') as f: f['m'] = one
with h5py.File(out + 'scale.h5', 'w') as f:
    f.create_dataset('m', data=one, chunks=(2, 3), scaleoffset=2); f['ids'] = list('ABCD')
with h5py.File(out + 'blank.h5', 'w') as f:
    f['m'] = one; f['ids'] = ['A', '', 'C', 'D']
numpy.savez(out + 'objects.npz', m=one, ids=numpy.array(['A', 'B', 'C', 'D'], dtype=object))
";
    let output = Command::new(python)
        .args(["-c", script, directory.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (name, words) in [
        (
            "residues.h5",
            &["embeddings of residues", "average", "P0 (2 × 3 f32)"][..],
        ),
        ("widths.h5", &["P090 is 4 f32", "the first is 3 f32"]),
        ("types.h5", &["P090 is 3 f64", "the first is 3 f16"]),
        ("twice.h5", &["both have the accession P1"]),
        ("integers.h5", &["no embeddings", "P1 (3 32-bit integer)"]),
        ("bfloat.h5", &["no embeddings", "bfloat16"]),
        ("unwritten.h5", &["never written"]),
        ("empty.h5", &["no embeddings", "the file has nothing"]),
        (
            "nameless.h5",
            &["no list of 4 strings", "give the list of accessions"],
        ),
        ("scale.h5", &["scale and offset", "h5py"]),
        ("blank.h5", &["row 1", "not an accession"]),
        (
            "objects.npz",
            &[
                "ids is an array of pickled Python objects",
                "ids (4 objects)",
            ],
        ),
    ] {
        let path = directory.path().join(name);
        let text = open_default(&path)
            .and_then(|mut reader| {
                let rows = reader.rows();
                (0..rows).try_for_each(|row| reader.read_f32(row, &mut Vec::new()))
            })
            .expect_err(name)
            .to_string();
        for word in [name].iter().chain(words) {
            assert!(text.contains(word), "{text:?} lacks {word:?}");
        }
    }
}

#[test]
#[cfg(not(feature = "parquet"))]
fn parquet_without_the_feature_names_the_feature() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.parquet");
    for (start, format) in [
        (&b"PAR1 and so on PAR1"[..], "Parquet"),
        (b"ARROW1\0\0 and so on", "Feather"),
    ] {
        std::fs::write(&path, start).unwrap();
        let error = open_default(&path).err().unwrap();
        assert!(matches!(error, FormatError::NotBuilt { .. }));
        let error = error.to_string();
        assert!(
            error.contains("feature `parquet`") && error.contains(format),
            "{error}"
        );
    }
}
