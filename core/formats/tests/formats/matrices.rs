//! Tests the reader of `.npy` matrices.

use half::f16;
use proptest::prelude::*;
use protea_formats::{ArrayNames, EmbeddingReader, FormatError, MatrixReader, MatrixType};

use crate::input_files::{Inputs, half_bytes, npy, npy_header};

fn expect_error(content: Vec<u8>, words: &[&str]) {
    let inputs = Inputs::new();
    let text = MatrixReader::open(&inputs.write("x.npy", content))
        .unwrap_err()
        .to_string();
    for word in ["x.npy"].iter().chain(words) {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

fn header_only(dictionary: &str) -> Vec<u8> {
    [npy_header(dictionary), vec![0; 48]].concat()
}

#[test]
fn rows_are_read_in_any_order_and_type() {
    let inputs = Inputs::new();
    let cell = |row: usize, column: usize| row as f32 * 0.5 - column as f32;
    let files = [
        (
            MatrixType::F16,
            npy("<f2", 7, 5, |r, c| half_bytes(cell(r, c))),
        ),
        (
            MatrixType::F32,
            npy("<f4", 7, 5, |r, c| cell(r, c).to_le_bytes().to_vec()),
        ),
        (
            MatrixType::F64,
            npy("<f8", 7, 5, |r, c| {
                f64::from(cell(r, c)).to_le_bytes().to_vec()
            }),
        ),
    ];
    for (dtype, content) in files {
        let mut matrix = MatrixReader::open(&inputs.write("x.npy", content)).unwrap();
        assert_eq!(
            (matrix.rows(), matrix.width(), matrix.dtype()),
            (7, 5, dtype)
        );
        for row in [0, 1, 2, 6, 0, 5, 5, 3] {
            let (mut single, mut half) = (Vec::new(), Vec::new());
            matrix.read_f32(row, &mut single).unwrap();
            matrix.read_f16(row, &mut half).unwrap();
            let expected: Vec<f32> = (0..5).map(|column| cell(row, column)).collect();
            assert_eq!(single, expected);
            assert_eq!(
                half,
                expected
                    .iter()
                    .map(|&v| f16::from_f32(v))
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn other_layouts_are_refused_with_the_remedy() {
    expect_error(
        header_only("{'descr': '<f4', 'fortran_order': True, 'shape': (4, 3), }"),
        &["Fortran", "ascontiguousarray"],
    );
    expect_error(
        header_only("{'descr': '<i4', 'fortran_order': False, 'shape': (4, 3), }"),
        &["\"<i4\"", "astype"],
    );
    expect_error(
        header_only("{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }"),
        &["\"|O\""],
    );
    expect_error(
        header_only("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4, 3), }"),
        &["compound"],
    );
    expect_error(
        header_only("{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }"),
        &["1 dimension"],
    );
    expect_error(
        header_only("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3), }"),
        &["3 dimension", "mean over residues"],
    );
    expect_error(
        header_only("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }"),
        &["holds no row"],
    );
    expect_error(
        header_only("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }"),
        &["states 4 rows of 4", "cut off"],
    );
    expect_error(
        header_only(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, 3), }",
        ),
        &["states"],
    );
    expect_error(
        header_only("{'descr': '<f4', 'shape': (4, 3), }"),
        &["is invalid"],
    );
    expect_error(b"\x1f\x8b\x08rest".to_vec(), &["gunzip"]);
    expect_error(b"PK\x03\x04rest of it".to_vec(), &[".npz"]);
    expect_error(
        b"P12345\t0.1\n".to_vec(),
        &["not an .npy file", "numpy.save"],
    );
    expect_error(
        b"\x93NUMPY\x01\x00\x76\x00{'de".to_vec(),
        &["within its header"],
    );
}

#[test]
fn big_endian_numbers_are_read() {
    let inputs = Inputs::new();
    let cell = |row: usize, column: usize| row as f32 * 0.5 - column as f32;
    let swapped = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let files = [
        npy(">f2", 7, 5, |r, c| swapped(&half_bytes(cell(r, c)))),
        npy(">f4", 7, 5, |r, c| cell(r, c).to_be_bytes().to_vec()),
        npy(">f8", 7, 5, |r, c| {
            f64::from(cell(r, c)).to_be_bytes().to_vec()
        }),
    ];
    for content in files {
        let mut matrix = MatrixReader::open(&inputs.write("x.npy", content)).unwrap();
        for row in [0, 6, 3] {
            let mut found = Vec::new();
            matrix.read_f32(row, &mut found).unwrap();
            let expected: Vec<f32> = (0..5).map(|column| cell(row, column)).collect();
            assert_eq!(found, expected);
        }
    }
}

/// A matrix whose numbers are stored column by column.
fn by_column(descr: &str, rows: usize, width: usize, big_endian: bool) -> Vec<u8> {
    let dictionary =
        format!("{{'descr': '{descr}', 'fortran_order': True, 'shape': ({rows}, {width}), }}");
    let mut content = npy_header(&dictionary);
    for column in 0..width {
        for row in 0..rows {
            let number = (row * 1000 + column) as f32;
            content.extend(if big_endian {
                number.to_be_bytes()
            } else {
                number.to_le_bytes()
            });
        }
    }
    content
}

#[test]
fn a_matrix_in_fortran_order_is_read_by_row() {
    let inputs = Inputs::new();
    // The wide matrix takes several blocks of rows.
    for (descr, rows, width, big_endian) in [
        ("<f4", 7, 5, false),
        (">f4", 7, 5, true),
        ("<f4", 70, 400_000, false),
    ] {
        let path = inputs.write("x.npy", by_column(descr, rows, width, big_endian));
        let ids = inputs.write(
            "ids.txt",
            (0..rows).map(|row| format!("P{row}\n")).collect::<String>(),
        );
        let names = ArrayNames::default();
        let scratch = std::env::temp_dir();
        let mut reader = EmbeddingReader::open(&path, Some(&ids), &names, &scratch).unwrap();
        assert_eq!((reader.rows(), reader.width()), (rows, width));
        for row in [rows - 1, 0, rows / 2] {
            let mut found = Vec::new();
            reader.read_f32(row, &mut found).unwrap();
            let expected: Vec<f32> = (0..width).map(|c| (row * 1000 + c) as f32).collect();
            assert!(found == expected, "row {row} of {rows} × {width}");
        }
    }
}

#[test]
fn headers_with_keys_in_any_order_are_read() {
    let inputs = Inputs::new();
    let dictionary = b"{\"shape\": (4, 3), 'fortran_order': False, 'descr': '<f4'}";
    let content = [
        b"\x93NUMPY\x02\x00".as_slice(),
        &(dictionary.len() as u32).to_le_bytes(),
        dictionary,
        &[0; 48],
    ]
    .concat();
    assert_eq!(
        MatrixReader::open(&inputs.write("x.npy", content))
            .unwrap()
            .rows(),
        4
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn written_matrices_are_read_back(rows in prop::collection::vec(any::<[f32; 4]>(), 1..30)) {
        let inputs = Inputs::new();
        let path = inputs.write("x.npy", npy("<f4", rows.len(), 4, |r, c| rows[r][c].to_le_bytes().to_vec()));
        let mut matrix = MatrixReader::open(&path).unwrap();
        for (row, expected) in rows.iter().enumerate().rev() {
            let mut found = Vec::new();
            matrix.read_f32(row, &mut found).unwrap();
            prop_assert_eq!(found.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected.map(f32::to_bits));
        }
    }

    #[test]
    fn damaged_headers_are_errors(place in 0usize..128, byte: u8) {
        let inputs = Inputs::new();
        let mut content = npy("<f4", 3, 2, |_, _| vec![0; 4]);
        let place = place % content.len();
        content[place] = byte;
        match MatrixReader::open(&inputs.write("x.npy", content)) {
            Ok(mut matrix) => matrix.read_f32(matrix.rows() - 1, &mut Vec::new()).unwrap(),
            Err(FormatError::Matrix { .. } | FormatError::Empty { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
