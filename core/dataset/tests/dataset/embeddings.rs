//! Tests the embeddings of frozen datasets.

use protea_dataset::{
    EmbeddingSource, EmbeddingType, EmbeddingValues, FreezeReport, FrozenDataset, freeze, unwatched,
};

use crate::small::{Inputs, WIDTH, npy, value};

fn open(report: &FreezeReport) -> FrozenDataset {
    FrozenDataset::open(&report.directory).unwrap()
}

#[test]
fn embeddings_match_accessions_and_are_aligned() {
    let inputs = Inputs::new();
    for dtype in [None, Some(EmbeddingType::F16)] {
        let mut request = inputs.request();
        request.dtype = dtype;
        request.out = inputs.path(if dtype.is_some() { "half" } else { "single" });
        let dataset = open(&freeze(&request, &mut unwatched).unwrap());
        assert_eq!(dataset.embedding_width(), Some(WIDTH));
        assert_eq!(
            dataset.embedding_dtype(),
            Some(dtype.unwrap_or(EmbeddingType::F32))
        );
        assert_eq!(dataset.manifest().embedding.as_ref().unwrap().source, None);
        let blocks = dataset.embedding_blocks().unwrap();
        assert_eq!(blocks.iter().map(|b| b.rows).sum::<usize>(), 5);
        for block in blocks {
            let (address, values) = match block.values {
                EmbeddingValues::F32(values) => (values.as_ptr().addr(), values.to_vec()),
                EmbeddingValues::F16(values) => (
                    values.as_ptr().addr(),
                    values.iter().map(|v| v.to_f32()).collect(),
                ),
            };
            assert_eq!(address % 64, 0);
            let expected: Vec<f32> = (0..block.rows * WIDTH)
                .map(|i| value(block.first_row + i / WIDTH, i % WIDTH))
                .collect();
            assert_eq!(values, expected);
        }
    }
}

#[test]
fn several_record_batches_form_one_dataset() {
    let inputs = Inputs::new();
    // Wide rows give small batches: 32 MiB / (65,536 * 4) = 128 rows.
    let (rows, width) = (300, 65_536);
    let mut fasta = String::new();
    let mut ids = String::new();
    for row in 0..rows {
        fasta += &format!(">P{row:05}\nMK\n");
        ids += &format!("P{row:05}\n");
    }
    inputs.write("proteins.fasta", fasta);
    inputs.write("ids.txt", ids);
    inputs.write(
        "matrix.npy",
        npy("<f4", rows, width, |row, column| {
            ((row * 7 + column) as f32).to_le_bytes().to_vec()
        }),
    );
    let dataset = open(&inputs.freeze());
    let blocks = dataset.embedding_blocks().unwrap();
    assert_eq!(
        blocks
            .iter()
            .map(|b| (b.first_row, b.rows))
            .collect::<Vec<_>>(),
        [(0, 128), (128, 128), (256, 44)]
    );
    for block in blocks {
        let EmbeddingValues::F32(values) = block.values else {
            panic!("f32 was frozen")
        };
        let expected = |i: usize| ((block.first_row + i / width) * 7 + i % width) as f32;
        assert!(values.iter().enumerate().all(|(i, &v)| v == expected(i)));
    }
    assert_eq!(dataset.accession(299), "P00299");
    assert_eq!(dataset.index_of("P00130"), Some(130));
}

#[test]
fn datasets_without_embeddings_or_with_spectra_open() {
    let inputs = Inputs::new();
    let mut request = inputs.request();
    request.embeddings = EmbeddingSource::None;
    request.ia = None;
    let dataset = open(&freeze(&request, &mut unwatched).unwrap());
    assert_eq!(
        (
            dataset.embedding_width(),
            dataset.embedding_dtype(),
            dataset.ia_path()
        ),
        (None, None, None)
    );
    let error = dataset.embedding_blocks().unwrap_err();
    assert!(error.to_string().contains("has no embeddings"), "{error}");

    request.embeddings = EmbeddingSource::Kmer;
    request.out = inputs.path("kmer");
    let dataset = open(&freeze(&request, &mut unwatched).unwrap());
    assert_eq!(
        dataset.embedding_width(),
        Some(protea_dataset::features::kmer::WIDTH)
    );
    dataset.verify().unwrap();
    dataset.check_finite().unwrap();
}

#[test]
fn embeddings_of_zeros_are_kept_and_counted() {
    let inputs = Inputs::new();
    inputs.write(
        "matrix.npy",
        npy(">f4", 5, WIDTH, |row, column| {
            let number = if row == 4 {
                0.0
            } else {
                value(4 - row, column)
            };
            number.to_be_bytes().to_vec()
        }),
    );
    let report = inputs.freeze();
    assert_eq!(report.zero_embeddings.examples, ["P00001"]);
    assert_eq!(report.zero_embeddings.count, 1);
}
