//! Files of embeddings as people have them: read as they are meant, or refused with the reason.

use crate::{
    input_files::{Inputs, npy, npy_header},
    torch_embeddings::read,
};
use protea_formats::{ArrayNames, EmbeddingOptions, EmbeddingReader, FormatError, Pool};

fn open(inputs: &Inputs, name: &str, ids: Option<&str>) -> String {
    let scratch = std::env::temp_dir();
    let ids = ids.map(|ids| inputs.path(ids));
    let names = ArrayNames::default();
    match EmbeddingReader::open(&inputs.path(name), ids.as_deref(), &names, &scratch) {
        Ok(reader) => panic!("{name} was read: {:?}", reader.name_examples(3)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_names_may_be_the_last_column_of_a_table() {
    let inputs = Inputs::new();
    for header in ["0,1,2,3,id", "1,2,3,4,protein_id"] {
        let table = format!("{header}\n1,2,3,4,P1\n5,6,7,8,P2\n");
        let path = inputs.write("x.csv", table);
        let found = read(&path, None, &EmbeddingOptions::default()).unwrap();
        let wanted = [
            ("P1".to_owned(), vec![1.0, 2.0, 3.0, 4.0]),
            ("P2".to_owned(), vec![5.0, 6.0, 7.0, 8.0]),
        ];
        assert_eq!(found, wanted, "{header}");
    }
}

#[test]
fn what_is_not_a_table_of_numbers_is_told() {
    let inputs = Inputs::new();
    for (text, words) in [
        (
            "id;0;1\nP1;0,5;1,5\nP2;1,5;2,5\n",
            &[":2", "\"0,5\"", "decimal comma"][..],
        ),
        ("P1\t0,5\t1,5\nP2\t1,5\t2,5\n", &[":1", "decimal comma"]),
        (
            "id,0,1\nP1,NA,1\nP2,1,2\n",
            &[":2", "\"NA\" is not a number"],
        ),
        ("id,0,1\nP1,,1\nP2,1,2\n", &[":2", "\"\" is not a number"]),
        (
            "id,emb\nP1,\"[0.5 1.5\n 2.5]\"\n",
            &[":2", "goes on in the next line", "tolist"],
        ),
        ("{\"P1\": [0.5, 1.5]}\n", &["JSON", "numpy.savez"]),
        ("[{\"id\": \"P1\", \"v\": [1, 2]}]\n", &["JSON"]),
    ] {
        inputs.write("x.csv", text);
        let error = open(&inputs, "x.csv", None);
        for word in words {
            assert!(error.contains(word), "{error:?} lacks {word:?}");
        }
    }
}

#[test]
fn other_containers_are_named() {
    let inputs = Inputs::new();
    inputs.write("x.zip", zip_of("x.csv", b"P1,0.5\n"));
    assert!(open(&inputs, "x.zip", None).contains("zip archive; unpack it"));
    inputs.write("x.feather", b"FEA1\0\0\0\0rest of a Feather file");
    let error = open(&inputs, "x.feather", None);
    assert!(
        error.contains("Feather file of version 1") && error.contains("write_feather"),
        "{error}"
    );
    let table = inputs.write("x.tsv", "FEA1\t0.5\t1.5\n");
    let found = read(&table, None, &EmbeddingOptions::default()).unwrap();
    assert_eq!(found, [("FEA1".to_owned(), vec![0.5, 1.5])]);
    inputs.write("b.npy", npy("|V2", 1, 2, |_, _| vec![0; 2]));
    assert!(open(&inputs, "b.npy", None).contains("bfloat16"));
}

#[test]
fn a_directory_has_a_numpy_file_per_protein() {
    let inputs = Inputs::new();
    let number = |number: f32| number.to_le_bytes().to_vec();
    let vector = |value: f32| {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
        [npy_header(header), number(value), number(value + 0.5)].concat()
    };
    std::fs::create_dir_all(inputs.path("d/sp")).unwrap();
    inputs.write("d/P2.npy", vector(2.0));
    inputs.write(
        "d/P1.npy",
        npy("<f4", 1, 2, |_, c| number(1.0 + c as f32 / 2.0)),
    );
    inputs.write("d/sp/P3.npy", vector(3.0));
    inputs.write("d/readme.txt", "nothing");
    let none = EmbeddingOptions::default();
    let row = |name: &str, value: f32| (name.to_owned(), vec![value, value + 0.5]);
    let rows = read(&inputs.path("d"), None, &none).unwrap();
    assert_eq!(rows, [row("P1", 1.0), row("P2", 2.0), row("sp/P3", 3.0)]);

    // Residues are averaged only on request.
    std::fs::create_dir(inputs.path("r")).unwrap();
    inputs.write(
        "r/P1.npy",
        npy("<f4", 3, 2, |r, c| number(r as f32 + c as f32 / 2.0)),
    );
    let error = open(&inputs, "r", None);
    assert!(
        error.contains("residues") && error.contains("P1 (3 × 2)"),
        "{error}"
    );
    let pooled = EmbeddingOptions {
        pool: Some(Pool::Mean),
        ..EmbeddingOptions::default()
    };
    let rows = read(&inputs.path("r"), None, &pooled).unwrap();
    assert_eq!(rows, [row("P1", 1.0)]);

    // Files that do not belong together.
    inputs.write("d/P4.npy", npy("<f4", 1, 3, |_, _| number(0.0)));
    let error = open(&inputs, "d", None);
    assert!(
        error.contains("P4.npy") && error.contains("3 f32, but the first file has 2"),
        "{error}"
    );
    inputs.write("d/P4.npy", &vector(4.0)[..70]);
    assert!(open(&inputs, "d", None).contains("P4.npy"));
    inputs.write("d/P4.pt", "");
    let error = open(&inputs, "d", None);
    assert!(
        error.contains("1 PyTorch files and 4 NumPy files"),
        "{error}"
    );
}

/// A zip file with one member, which is not compressed.
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let (sum, size) = (crc.sum(), content.len() as u32);
    let length = name.len() as u16;
    let mut zip = Vec::new();
    let mut common = Vec::new();
    // Version, flags, method, time, date.
    for number in [20u16, 0, 0, 0, 0] {
        common.extend(number.to_le_bytes());
    }
    for number in [sum, size, size] {
        common.extend(number.to_le_bytes());
    }
    common.extend(length.to_le_bytes());
    common.extend(0u16.to_le_bytes());
    zip.extend(b"PK\x03\x04");
    zip.extend(&common);
    zip.extend(name.bytes());
    zip.extend(content);
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02");
    zip.extend(20u16.to_le_bytes());
    zip.extend(&common);
    zip.extend([0; 14]);
    zip.extend(name.bytes());
    let size = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(size.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend(0u16.to_le_bytes());
    zip
}

#[test]
fn a_transposed_matrix_is_told() {
    let inputs = Inputs::new();
    inputs.write("t.npy", npy("<f4", 2, 3, |_, _| vec![0; 4]));
    inputs.write("ids", "P1\nP2\nP3\n");
    let error = open(&inputs, "t.npy", Some("ids"));
    assert!(
        error.contains("transposed") && error.contains("matrix.T"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_device_without_end_is_refused() {
    let inputs = Inputs::new();
    let scratch = std::env::temp_dir();
    let reason = |error: FormatError| {
        let source = std::error::Error::source(&error);
        source.map(ToString::to_string).unwrap_or_default()
    };
    for device in ["/dev/zero", "/dev/urandom", "/dev/full"] {
        let link = inputs.path("x");
        std::os::unix::fs::symlink(device, &link).unwrap();
        let opened = EmbeddingReader::open(&link, None, &ArrayNames::default(), &scratch);
        let error = reason(opened.err().unwrap());
        assert!(error.contains("it is a device"), "{device}: {error}");
        let error = reason(protea_formats::recognize_file(&link).unwrap_err());
        assert!(error.contains("it is a device"), "{device}: {error}");
        std::fs::remove_file(link).unwrap();
    }
}
