//! Tests that every input can be gzip or Zstandard, detected by content.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use protea_contracts::error::with_causes;
use protea_dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched};
use protea_formats::{FastaReader, FormatError};
use protea_ontology::Ontology;
use protea_scoring::{GroundTruth, InformationAccretion, Predictions, prediction_files};

use crate::small::Inputs;

type Pack = fn(&[u8]) -> Vec<u8>;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Two gzip members, split in the middle of a line.
fn gzip_twice(bytes: &[u8]) -> Vec<u8> {
    let (one, two) = bytes.split_at(bytes.len() / 2 + 1);
    [gzip(one), gzip(two)].concat()
}

/// A skippable frame, as written by pzstd, and two frames.
fn zstd_twice(bytes: &[u8]) -> Vec<u8> {
    let (one, two) = bytes.split_at(bytes.len() / 2 + 1);
    [
        b"\x50\x2a\x4d\x18\x04\0\0\0skip".to_vec(),
        zstd(one),
        zstd(two),
    ]
    .concat()
}

const PACKS: [(&str, Pack); 4] = [
    ("gzip", gzip),
    ("zstd", zstd),
    ("gzip twice", gzip_twice),
    ("zstd twice", zstd_twice),
];

/// Replaces a file with its compressed form under the same name.
fn pack(path: &Path, pack: Pack) {
    let plain = fs::read(path).unwrap();
    fs::write(path, pack(&plain)).unwrap();
}

fn manifest_of(request: &FreezeRequest) -> Vec<(String, String)> {
    let files = freeze(request, &mut unwatched).unwrap().manifest.files;
    files
        .into_iter()
        .map(|file| (file.path, file.sha256.to_string()))
        .collect()
}

#[test]
fn every_input_of_freezing_can_be_compressed() {
    let plain = manifest_of(&Inputs::new().request());
    for (name, how) in PACKS {
        let inputs = Inputs::new();
        for input in [
            "go.obo",
            "proteins.fasta",
            "terms.tsv",
            "ids.txt",
            "ia.tsv",
            "taxa.tsv",
            "matrix.npy",
        ] {
            pack(&inputs.path(input), how);
        }
        assert_eq!(manifest_of(&inputs.request()), plain, "{name}");
        assert_eq!(inputs.left_behind(), ["out"]);
    }
}

#[test]
fn every_input_of_scoring_can_be_compressed() {
    let score = |how: Option<Pack>| {
        let inputs = Inputs::new();
        fs::create_dir(inputs.path("predictions")).unwrap();
        let predictions = inputs.write(
            "predictions/mine.tsv.zst",
            "P00001\tGO:0005488\t0.5\nP00002\tGO:0003674\t0.25\n",
        );
        for input in ["go.obo", "terms.tsv", "ia.tsv", "predictions/mine.tsv.zst"] {
            if let Some(how) = how {
                pack(&inputs.path(input), how);
            }
        }
        let ontology = Ontology::read(inputs.path("go.obo")).unwrap();
        let truth = GroundTruth::read(inputs.path("terms.tsv"), &ontology).unwrap();
        let accretion = InformationAccretion::read(inputs.path("ia.tsv"), &ontology).unwrap();
        let files = prediction_files(inputs.path("predictions")).unwrap();
        assert_eq!(files[0].name, "mine.tsv");
        let read = Predictions::read(&predictions, &truth, "mine").unwrap();
        let binding = ontology.resolve("GO:0005488")[0];
        format!(
            "{:?} {} {:?}",
            read.skipped(),
            accretion.value(binding),
            ontology.len()
        )
    };
    let plain = score(None);
    for (name, how) in PACKS {
        assert_eq!(score(Some(how)), plain, "{name}");
    }
}

fn sequences(path: &Path) -> Result<u64, FormatError> {
    let mut reader = FastaReader::open(path)?;
    let mut count = 0;
    while reader.next_record()?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[test]
fn truncated_streams_are_errors() {
    let inputs = Inputs::new();
    let plain = fs::read(inputs.path("proteins.fasta")).unwrap();
    for (name, how) in PACKS {
        let whole = how(&plain);
        for length in 5..whole.len() {
            let path = inputs.write("cut", &whole[..length]);
            match sequences(&path) {
                Err(FormatError::Read { source, .. }) => assert!(!source.to_string().is_empty()),
                Err(FormatError::Malformed { .. } | FormatError::Empty { .. }) | Ok(_) => {
                    // The file was cut between two members, or after some complete proteins.
                    assert!(name.ends_with("twice"), "{name} cut to {length} was read");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Writes 192 MiB of one letter, compressed to less than a megabyte.
fn bomb(inputs: &Inputs, name: &str, how: fn(Box<dyn Read>) -> Vec<u8>) -> PathBuf {
    let start = std::io::Cursor::new(b">A\n".to_vec());
    let plain = Box::new(start.chain(std::io::repeat(b'M').take(192 << 20)));
    inputs.write(name, how(plain))
}

#[test]
fn decompression_bombs_do_not_fill_the_memory() {
    let inputs = Inputs::new();
    let packed = [
        bomb(&inputs, "bomb.zst", |plain| {
            zstd::encode_all(plain, 1).unwrap()
        }),
        bomb(&inputs, "bomb.gz", |mut plain| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }),
    ];
    let before = peak();
    for path in &packed {
        let error = sequences(path).unwrap_err().to_string();
        assert!(error.contains("longer than"), "{error}");
        let mut request = inputs.request();
        request.embeddings = EmbeddingSource::Named {
            file: path.clone(),
            source: None,
        };
        let error = freeze(&request, &mut unwatched).unwrap_err().to_string();
        assert!(error.contains("longer than"), "{error}");
    }
    let grown = peak() - before;
    assert!(grown < 96 << 10, "{grown} KiB more");
}

/// `zstd --long=31` uses a window of 2 GiB.
#[test]
fn a_zstd_window_over_the_limit_is_an_error() {
    let inputs = Inputs::new();
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    let error = sequences(&inputs.write("long.zst", header)).unwrap_err();
    assert!(with_causes(&error).contains("too much memory"), "{error}");
}

/// The peak memory of this process, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0)
}
