//! Tests with real data, if `PROTEA_SHARED_DATA` is a directory with a dataset `A`.

use std::{path::PathBuf, time::Instant};

use protea_dataset::{
    EmbeddingSource, EmbeddingType, FreezeRequest, FrozenDataset, freeze, unwatched,
};

#[test]
fn real_data_freezes_and_opens() {
    let Some(data) = std::env::var_os("PROTEA_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("\n*** SKIPPED: PROTEA_SHARED_DATA is not set ***\n");
        return;
    };
    let out = tempfile::tempdir().unwrap();
    for (part, proteins, rows) in [("train", 9632, 61_415), ("test", 2408, 15_306)] {
        let input = |name: &str| data.join("A").join(format!("{part}_{name}"));
        let matrix = |name: &str| EmbeddingSource::Matrix {
            matrix: input(name),
            ids: input("ids.txt"),
            source: None,
        };
        let kinds = [
            (
                "f32",
                matrix("embeddings.npy"),
                Some((768, EmbeddingType::F32)),
            ),
            (
                "f16",
                matrix("kmer1024.npy"),
                Some((1024, EmbeddingType::F16)),
            ),
            (
                "kmer",
                EmbeddingSource::Kmer,
                Some((1024, EmbeddingType::F32)),
            ),
            ("none", EmbeddingSource::None, None),
        ];
        for (kind, embeddings, expected) in kinds {
            let mut request = FreezeRequest::new(
                out.path().join(format!("{part}-{kind}")),
                format!("A {part}"),
                data.join("go-basic.obo"),
                data.join("A").join(format!("{part}.fasta")),
                input("terms.tsv"),
            );
            request.embeddings = embeddings;
            request.taxonomy = Some(input("taxonomy.tsv"));
            request.ia = Some(data.join("IA.tsv"));
            let started = Instant::now();
            let report = freeze(&request, &mut unwatched).unwrap();
            let frozen = started.elapsed();
            let started = Instant::now();
            let dataset = FrozenDataset::open(&report.directory).unwrap();
            let opened = started.elapsed();
            dataset.verify().unwrap();
            assert_eq!((dataset.len(), report.annotation_rows), (proteins, rows));
            assert_eq!(report.without_sequence.count, 0);
            assert_eq!(
                dataset.embedding_width().zip(dataset.embedding_dtype()),
                expected
            );
            if expected.is_some() {
                dataset.check_finite().unwrap();
            }
            assert_eq!(
                dataset.annotations().unwrap().len() as u64,
                dataset.manifest().counts.annotations
            );
            eprintln!(
                "{part} {kind}: frozen in {frozen:.0?}, opened in {opened:.0?}; {:?}",
                dataset.manifest().counts
            );
        }
    }
}
