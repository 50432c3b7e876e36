//! The index of a reference set is kept in the user's cache, and is never taken from it wrongly.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[allow(dead_code, reason = "the tests of frozen datasets use the rest")]
#[path = "../../dataset/tests/dataset/small.rs"]
mod small;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use protea_cafa::{
    assessment::embedding_rows,
    dataset::{EmbeddingSource, FreezeRequest, FrozenDataset, freeze, unwatched},
    neighbours::{
        DistanceMetric, Membership, Neighbours, Pruning, RowBlock, SearchOptions, Values,
    },
    reference_index::IndexFiles,
};
use protea_contracts::{
    Emitter,
    event::{Event, EventSink, Level},
};
use small::{Inputs, npy};

const PROTEINS: usize = 600;
const WIDTH: usize = 48;

/// Names of events, with the reason if they have one.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl EventSink for Events {
    fn level(&self) -> Level {
        Level::Debug
    }

    fn receive(&self, event: &Event<'_>) {
        let Some(what) = event.name.strip_prefix("runner.cafa.index_") else {
            return;
        };
        assert_eq!(event.level, Level::Debug);
        let fields: serde_json::Value = serde_json::from_slice(event.fields).unwrap();
        let file = fields["file"].as_str().unwrap();
        let part = file.split_once('.').unwrap().1.split('-').next().unwrap();
        let reason = fields["reason"].as_str().unwrap_or_default();
        let line = format!("{what} {part} {reason}");
        self.0.lock().unwrap().push(line.trim_end().to_owned());
    }
}

struct Case {
    inputs: Inputs,
    dataset: PathBuf,
}

impl Case {
    fn new(change: f32) -> Self {
        let inputs = Inputs::new();
        let names: Vec<String> = (0..PROTEINS)
            .map(|number| format!("P{number:05}"))
            .collect();
        let fasta: String = names.iter().map(|name| format!(">{name}\nMKV\n")).collect();
        inputs.write("proteins.fasta", &fasta);
        inputs.write("ids.txt", names.join("\n"));
        let value = |row: usize, column: usize| {
            let number = (row * 7919 + column * 104_729 + row * column * 31) % 1009;
            (number as f32 / 1009.0 - 0.5) / (1.0 + column as f32 / 4.0) + change
        };
        let values = npy("<f4", PROTEINS, WIDTH, |row, column| {
            value(row, column).to_le_bytes().to_vec()
        });
        inputs.write("matrix.npy", values);
        let mut request = FreezeRequest::new(
            inputs.path("out"),
            "references",
            inputs.path("go.obo"),
            inputs.path("proteins.fasta"),
            inputs.path("terms.tsv"),
        );
        request.embeddings = EmbeddingSource::Matrix {
            matrix: inputs.path("matrix.npy"),
            ids: inputs.path("ids.txt"),
            source: None,
        };
        let dataset = freeze(&request, &mut unwatched).unwrap().directory;
        Self { inputs, dataset }
    }

    fn open(&self) -> FrozenDataset {
        let dataset = FrozenDataset::open(&self.dataset).unwrap();
        dataset.verify_changed().unwrap();
        dataset
    }

    fn cache(&self) -> PathBuf {
        self.inputs.path("cache")
    }
}

/// Finds the neighbours of all proteins, and tells what happened with the cache.
fn search(dataset: &FrozenDataset, cache: &Path, masks: &[u8]) -> (Neighbours, Vec<String>) {
    let events = Arc::new(Events::default());
    let emit = Emitter::new(events.clone());
    let membership = Membership::Masks { masks, groups: 2 };
    let index = IndexFiles::below(cache)
        .index(
            (dataset, &(0..PROTEINS)),
            embedding_rows(dataset).unwrap(),
            membership,
            DistanceMetric::Cosine,
            &emit,
        )
        .unwrap();
    let options = SearchOptions {
        pruning: Pruning::Directions(16),
        ..SearchOptions::nearest(4)
    };
    let queries = embedding_rows(dataset).unwrap();
    let found = index.search(&queries, &options, &|_, _| true).unwrap();
    let events = std::mem::take(&mut *events.0.lock().unwrap());
    (found, events)
}

fn files(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache.join("indexes"));
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

const SAVED: [&str; 2] = ["saved leading", "saved norms"];
const LOADED: [&str; 2] = ["loaded norms", "loaded leading"];

#[test]
fn a_later_index_takes_what_the_first_left() {
    let case = Case::new(0.0);
    let (dataset, cache) = (case.open(), case.cache());
    let masks = vec![3; PROTEINS];
    let (expected, events) = search(&dataset, &cache, &masks);
    assert_eq!(events, SAVED);
    assert_eq!(files(&cache).len(), 2);
    let (found, events) = search(&case.open(), &cache, &masks);
    assert_eq!(
        (found, &events[..]),
        (expected, &LOADED.map(str::to_owned)[..])
    );
    // Other groups have other files, also if they hold the same proteins.
    let other = vec![1; PROTEINS];
    assert_eq!(search(&dataset, &cache, &other).1, SAVED);
    assert_eq!(files(&cache).len(), 4);
    // Another dataset has other files.
    let changed = Case::new(0.25);
    assert_eq!(search(&changed.open(), &cache, &masks).1, SAVED);
    assert_eq!(files(&cache).len(), 6);
}

#[test]
fn damaged_and_foreign_files_are_made_again() {
    let case = Case::new(0.0);
    let (dataset, cache) = (case.open(), case.cache());
    let masks = vec![3; PROTEINS];
    let (expected, _) = search(&dataset, &cache, &masks);
    let paths = files(&cache);
    for (path, part) in paths.iter().zip(["leading", "norms"]) {
        let good = fs::read(path).unwrap();
        let half = good[..good.len() / 2].to_vec();
        let mut version = good.clone();
        version[15] ^= 1;
        let mut bit = good.clone();
        bit[good.len() / 2] ^= 16;
        let contents = [
            (half, "it is damaged"),
            (bit, "it is damaged"),
            (version, "it has another version"),
            (vec![], "it is not a part of an index"),
            (vec![7; 100], "it is not a part of an index"),
        ];
        for (content, reason) in contents {
            fs::write(path, content).unwrap();
            let (found, events) = search(&dataset, &cache, &masks);
            assert_eq!(found, expected);
            let rejected = format!("rejected {part} {reason}");
            assert!(events.contains(&rejected), "{events:?}");
            assert!(events.contains(&format!("saved {part}")), "{events:?}");
            assert_eq!(fs::read(path).unwrap(), good);
        }
    }
    // Nobody else could have written a file that is used.
    let mut permissions = fs::metadata(&paths[0]).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o622);
    fs::set_permissions(&paths[0], permissions).unwrap();
    let (found, events) = search(&dataset, &cache, &masks);
    assert_eq!(
        (found, &events[1..]),
        (expected, &["saved leading".to_owned()][..])
    );
}

#[test]
fn references_that_were_not_hashed_use_no_cache() {
    let case = Case::new(0.0);
    let (cache, masks) = (case.cache(), vec![3; PROTEINS]);
    let unverified = FrozenDataset::open(&case.dataset).unwrap();
    assert_eq!(search(&unverified, &cache, &masks).1, [""; 0]);
    assert!(files(&cache).is_empty());
}

#[test]
fn a_changed_file_of_the_references_saves_nothing() {
    let case = Case::new(0.0);
    let (cache, masks) = (case.cache(), vec![3; PROTEINS]);
    let dataset = case.open();
    small::flip(&case.dataset.join("proteins.arrow"), 3000);
    let (_, events) = search(&dataset, &cache, &masks);
    assert!(events.iter().all(|event| event.starts_with("not_saved")));
    assert!(!events.is_empty() && files(&cache).is_empty());
}

#[test]
fn a_cache_that_cannot_be_written_changes_nothing() {
    let case = Case::new(0.0);
    let (dataset, masks) = (case.open(), vec![3; PROTEINS]);
    let (expected, _) = search(&dataset, &case.cache(), &masks);
    // A file where the directory should be.
    let place = case.inputs.path("file");
    fs::write(&place, "").unwrap();
    let (found, events) = search(&dataset, &place, &masks);
    assert_eq!(found, expected);
    assert!(events.iter().all(|event| event.starts_with("not_saved")));
}

#[test]
fn precision_and_metric_have_files_of_their_own() {
    let case = Case::new(0.0);
    let (dataset, cache) = (case.open(), case.cache());
    let halves: Vec<half::f16> = embedding_rows(&dataset)
        .unwrap()
        .iter()
        .flat_map(|block| match block.values {
            Values::F32(values) => values.iter().map(|&value| half::f16::from_f32(value)),
            Values::F16(_) => unreachable!("the dataset is in single precision"),
        })
        .collect();
    let half_rows = || {
        vec![RowBlock {
            first_row: 0,
            rows: PROTEINS,
            values: Values::F16(&halves),
        }]
    };
    let options = SearchOptions {
        pruning: Pruning::Directions(16),
        ..SearchOptions::nearest(4)
    };
    let mut count = 0;
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        for rows in [embedding_rows(&dataset).unwrap(), half_rows()] {
            let queries = rows.clone();
            let index = IndexFiles::below(&cache)
                .index(
                    (&dataset, &(0..PROTEINS)),
                    rows,
                    Membership::All,
                    metric,
                    &Emitter::silent(),
                )
                .unwrap();
            index.search(&queries, &options, &|_, _| true).unwrap();
            count += 2;
            assert_eq!(files(&cache).len(), count);
        }
    }
}
