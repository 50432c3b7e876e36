//! Tests that tensors of PyTorch and safetensors are read, and that no pickle is executed.

use std::path::Path;

use protea_formats::{ArrayNames, EmbeddingOptions, EmbeddingReader, FormatError, Pool};
use zip::CompressionMethod;

use crate::{
    input_files::Inputs,
    tensor_files::{Dtype, Pickle, archive, esm, safetensors, torch, torch_dict},
};

fn options(key: Option<&str>, pool: Option<Pool>) -> EmbeddingOptions {
    EmbeddingOptions {
        names: ArrayNames {
            matrix: key.map(str::to_owned),
            ids: None,
        },
        pool,
    }
}

pub fn read(
    path: &Path,
    ids: Option<&Path>,
    options: &EmbeddingOptions,
) -> Result<Vec<(String, Vec<f32>)>, FormatError> {
    let scratch = tempfile::tempdir().unwrap();
    let mut reader = EmbeddingReader::open_with(path, ids, options, scratch.path())?;
    let mut rows: Vec<(String, usize)> = reader
        .accessions()
        .iter()
        .map(|(name, &row)| (name.clone(), row))
        .collect();
    rows.sort_by_key(|&(_, row)| row);
    rows.into_iter()
        .map(|(name, row)| {
            let mut numbers = Vec::new();
            reader.read_f32(row, &mut numbers)?;
            Ok((name, numbers))
        })
        .collect()
}

fn read_default(path: &Path) -> Result<Vec<(String, Vec<f32>)>, FormatError> {
    read(path, None, &options(None, None))
}

fn expected() -> Vec<(String, Vec<f32>)> {
    vec![
        ("P00001".into(), vec![1.0, -2.5, 0.0]),
        ("P00002".into(), vec![0.5, 8.0, -1.0]),
    ]
}

fn numbers() -> Vec<f32> {
    expected().into_iter().flat_map(|(_, row)| row).collect()
}

fn vectors() -> Vec<(&'static str, Vec<f32>)> {
    vec![
        ("P00001", vec![1.0, -2.5, 0.0]),
        ("P00002", vec![0.5, 8.0, -1.0]),
    ]
}

#[test]
fn dictionaries_of_tensors_of_each_type_are_read() {
    let inputs = Inputs::new();
    for dtype in [Dtype::Half, Dtype::BFloat16, Dtype::Float, Dtype::Double] {
        let path = inputs.write("x.pt", torch_dict(dtype, &vectors()));
        assert_eq!(read_default(&path).unwrap(), expected());
    }
    let path = inputs.write("x.pt", torch_dict(Dtype::Long, &vectors()));
    let text = read_default(&path).unwrap_err().to_string();
    assert!(text.contains("P00001 (3 int64)"), "{text}");
}

#[test]
fn views_of_a_shared_storage_are_read() {
    let inputs = Inputs::new();
    // The rows of a matrix, a column-major view, and one with a step.
    let rows = Pickle::new()
        .raw(b"}(")
        .text("P00001")
        .tensor(Dtype::Float, (0, 6), 0, &[3], &[1])
        .text("P00002")
        .tensor(Dtype::Float, (0, 6), 3, &[1, 3], &[3, 1])
        .raw(b"u")
        .end();
    let storage = Dtype::Float.encode(&numbers());
    let path = inputs.write("x.pt", torch(&rows, &[storage]));
    assert_eq!(read_default(&path).unwrap(), expected());
    let transposed: Vec<f32> = (0..6).map(|at| numbers()[at % 2 * 3 + at / 2]).collect();
    let view = Pickle::new()
        .tensor(Dtype::Float, (0, 6), 0, &[2, 3], &[1, 2])
        .end();
    let path = inputs.write("x.pt", torch(&view, &[Dtype::Float.encode(&transposed)]));
    let ids = inputs.write("ids.txt", "P00001\nP00002\n");
    let found = read(&path, Some(&ids), &options(None, None)).unwrap();
    assert_eq!(found, expected());
    let text = read_default(&path).unwrap_err();
    assert!(
        matches!(
            text,
            FormatError::Nameless { .. } | FormatError::Choice { .. }
        ),
        "{text}"
    );
}

#[test]
fn a_matrix_with_its_list_of_names_is_read() {
    let inputs = Inputs::new();
    for (data, names) in [("data", "ids"), ("embeddings", "labels")] {
        let pickle = Pickle::new()
            .raw(b"}(")
            .text(names)
            .raw(b"](")
            .text("P00001")
            .text("P00002")
            .raw(b"e")
            .text(data)
            .tensor(Dtype::Float, (0, 6), 0, &[2, 3], &[3, 1])
            .text("layer")
            .int(33)
            .raw(b"u")
            .end();
        let storage = Dtype::Float.encode(&numbers());
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let path = inputs.write(
                "x.pt",
                archive(&pickle, std::slice::from_ref(&storage), method),
            );
            assert_eq!(read_default(&path).unwrap(), expected());
        }
    }
}

#[test]
fn a_directory_of_esm_is_read_by_layer() {
    let inputs = Inputs::new();
    std::fs::create_dir(inputs.path("esm")).unwrap();
    for (name, vector) in vectors() {
        let other: Vec<f32> = vector.iter().map(|v| v + 1.0).collect();
        let file = esm(
            &format!("sp|{name}|X_HUMAN Some protein"),
            &[(6, other), (33, vector.clone())],
            &[vector.clone(), vector.iter().map(|v| v + 2.0).collect()],
        );
        inputs.write(&format!("esm/{name}.pt"), file);
    }
    let esm = inputs.path("esm");
    let error = read_default(&esm).unwrap_err();
    assert!(matches!(error, FormatError::Choice { .. }), "{error}");
    for word in ["mean_representations/6", "mean_representations/33"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    for key in ["33", "mean_representations/33"] {
        let key = if key == "33" {
            "mean_representations/33"
        } else {
            key
        };
        let found = read(&esm, None, &options(Some(key), None)).unwrap();
        assert_eq!(found, expected());
    }
    let pooled = read(&esm, None, &options(None, Some(Pool::Mean))).unwrap();
    assert_eq!(pooled[0].1, [2.0, -1.5, 1.0]);
    let one = read(
        &inputs.path("esm/P00001.pt"),
        None,
        &options(Some("mean_representations/33"), None),
    );
    assert_eq!(one.unwrap(), expected()[..1]);
    std::fs::create_dir(inputs.path("empty")).unwrap();
    let text = read_default(&inputs.path("empty")).unwrap_err().to_string();
    assert!(
        text.contains("directory without PyTorch files") && text.contains("ACCESSION.npy"),
        "{text}"
    );
}

#[test]
fn residues_are_averaged_only_on_request() {
    let inputs = Inputs::new();
    let pickle = Pickle::new()
        .raw(b"}(")
        .text("P00001")
        .tensor(Dtype::Float, (0, 4), 0, &[2, 2], &[2, 1])
        .text("P00002")
        .tensor(Dtype::Float, (1, 2), 0, &[1, 2], &[2, 1])
        .raw(b"u")
        .end();
    let storages = [
        Dtype::Float.encode(&[1.0, 2.0, 3.0, 6.0]),
        Dtype::Float.encode(&[5.0, 7.0]),
    ];
    let path = inputs.write("x.pt", torch(&pickle, &storages));
    let error = read_default(&path).unwrap_err();
    assert!(matches!(error, FormatError::PerResidue { .. }), "{error}");
    let found = read(&path, None, &options(None, Some(Pool::Mean))).unwrap();
    let means: Vec<_> = found.into_iter().map(|(_, mean)| mean).collect();
    assert_eq!(means, [vec![2.0, 4.0], vec![5.0, 7.0]]);
}

#[test]
fn safetensors_are_read() {
    let inputs = Inputs::new();
    for (name, dtype) in [
        ("F16", Dtype::Half),
        ("BF16", Dtype::BFloat16),
        ("F32", Dtype::Float),
    ] {
        let file = safetensors(&[
            ("P00001", name, &[3], dtype.encode(&numbers()[..3])),
            ("P00002", name, &[1, 3], dtype.encode(&numbers()[3..])),
        ]);
        let path = inputs.write("x.safetensors", file);
        assert_eq!(read_default(&path).unwrap(), expected());
    }
    let matrix = safetensors(&[("m", "F64", &[2, 3], Dtype::Double.encode(&numbers()))]);
    let path = inputs.write("m.safetensors", &matrix);
    let ids = inputs.write("ids.txt", "P00001\nP00002\n");
    assert_eq!(
        read(&path, Some(&ids), &options(None, None)).unwrap(),
        expected()
    );
    let cut = inputs.write("cut.safetensors", &matrix[..matrix.len() - 1]);
    let text = read(&cut, Some(&ids), &options(None, None))
        .unwrap_err()
        .to_string();
    assert!(text.contains("safetensors file is damaged"), "{text}");
}

/// A pickle that would create a file if it were executed.
fn hostile(module: &str, name: &str, command: &str) -> Vec<u8> {
    Pickle::new()
        .global(module, name)
        .raw(b"(")
        .text(command)
        .raw(b"tR")
        .end()
}

#[test]
fn hostile_pickles_execute_nothing_and_are_named() {
    let inputs = Inputs::new();
    let mark = inputs.path("executed");
    let command = format!("touch {}", mark.display());
    let plain = |pickle: Vec<u8>| torch(&pickle, &[]);
    let cases = [
        (hostile("os", "system", &command), "os.system"),
        (hostile("posix", "system", &command), "posix.system"),
        (hostile("builtins", "eval", &command), "builtins.eval"),
        (hostile("torch", "load", &command), "torch.load"),
        (
            hostile("torch.storage", "_load_from_bytes", &command),
            "_load_from_bytes",
        ),
        (
            hostile("numpy.core.multiarray", "_reconstruct", "x"),
            "torch.as_tensor",
        ),
        // The module and the name as strings, as later protocols have them.
        (
            Pickle::new()
                .text("subprocess")
                .text("Popen")
                .raw(b"\x93")
                .end(),
            "subprocess.Popen",
        ),
        // An object of a class.
        (
            Pickle::new().global("torch", "Size").raw(b")\x81").end(),
            "a class",
        ),
        // A state that is set on a tensor.
        (
            Pickle::new()
                .tensor(Dtype::Float, (0, 1), 0, &[1], &[1])
                .raw(b"}b")
                .end(),
            "__setstate__",
        ),
    ];
    for (pickle, words) in cases {
        let path = inputs.write("hostile.pt", plain(pickle));
        let error = read_default(&path).unwrap_err();
        assert!(matches!(error, FormatError::Pickle { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!mark.exists(), "{words} was executed");
    }
    for (name, content, words) in [
        (
            "old.pt",
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02".to_vec(),
            "before PyTorch 1.6",
        ),
        ("x.pkl", hostile("os", "system", &command), "Python pickle"),
    ] {
        let error = read_default(&inputs.write(name, content)).unwrap_err();
        assert!(matches!(error, FormatError::Pickle { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!mark.exists());
    }
}

#[test]
fn tensors_outside_their_storage_are_refused() {
    let inputs = Inputs::new();
    let storage = Dtype::Float.encode(&[1.0; 4]);
    for (elements, offset, size, stride) in [
        (4, 3, vec![2], vec![1]),
        (4, 0, vec![2, 3], vec![3, 1]),
        (1000, 0, vec![1000], vec![1]),
        (4, 0, vec![usize::MAX >> 33, 2], vec![usize::MAX >> 33, 1]),
        (4, 0, vec![1 << 16, 4], vec![0, 1]),
    ] {
        let pickle = Pickle::new()
            .raw(b"}(")
            .text("P00001")
            .tensor(Dtype::Float, (0, elements), offset, &size, &stride)
            .raw(b"u")
            .end();
        let path = inputs.write("x.pt", torch(&pickle, std::slice::from_ref(&storage)));
        let pooled = read(&path, None, &options(None, Some(Pool::Mean)));
        assert!(read_default(&path).is_err() && (pooled.is_err() || size[0] == 1 << 16));
    }
}

#[test]
fn deep_and_repeated_values_are_bounded() {
    let inputs = Inputs::new();
    // Lists in lists, and a list that is repeated in itself again and again.
    let deep = Pickle::new()
        .raw(&b"]".repeat(200_000))
        .raw(&b"a".repeat(199_999))
        .end();
    let mut bomb = Pickle::new().raw(b"]q\x00");
    for level in 0..60u8 {
        bomb = bomb.raw(b"](");
        for _ in 0..30 {
            bomb = bomb.raw(&[b'h', level]);
        }
        bomb = bomb.raw(&[b'e', b'q', level + 1]);
    }
    for pickle in [deep, bomb.end()] {
        let path = inputs.write("x.pt", torch(&pickle, &[]));
        assert!(read_default(&path).is_err());
    }
}
