//! An index that takes what an earlier one computed finds the same neighbours in the same way, whatever
//! is in the cache.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use protea_neighbours::{
    CachePart, CachedBytes, DistanceMetric, Index, IndexCache, Kernel, Membership, Neighbours,
    Pruning, RowBlock, SearchOptions, Values,
};

const WIDTH: usize = 128;
const REFERENCES: usize = 1500;

/// Bytes at an address that every number can have.
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

impl Aligned {
    fn new(content: &[u8]) -> Self {
        let mut bytes = vec![0; content.len() + 64];
        let start = bytes.as_ptr().align_offset(64);
        bytes[start..start + content.len()].copy_from_slice(content);
        bytes.truncate(start + content.len());
        Self { bytes, start }
    }
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[derive(Debug, Default)]
struct Memory {
    parts: Mutex<BTreeMap<String, Vec<u8>>>,
    log: Mutex<Vec<String>>,
}

impl Memory {
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn names(&self) -> Vec<String> {
        self.parts.lock().unwrap().keys().cloned().collect()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.parts.lock().unwrap().get_mut(name).unwrap());
    }
}

impl IndexCache for Memory {
    fn load(&self, name: &str) -> Option<CachedBytes> {
        let parts = self.parts.lock().unwrap();
        let aligned = Aligned::new(parts.get(name)?);
        self.log.lock().unwrap().push(format!("load {name}"));
        Some(Arc::new(aligned))
    }

    fn save(&self, parts: &[CachePart<'_>]) {
        for part in parts {
            let name = part.name.to_owned();
            self.log.lock().unwrap().push(format!("save {name}"));
            let mut parts = self.parts.lock().unwrap();
            parts.insert(name, part.pieces.concat());
        }
    }

    fn reject(&self, name: &str, reason: &'static str) {
        let line = format!("reject {name}: {reason}");
        self.log.lock().unwrap().push(line);
    }
}

/// Vectors whose columns vary less and less.
fn vectors(seed: u64, rows: usize) -> Vec<f32> {
    let mut state = seed;
    let mut number = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..rows * WIDTH)
        .map(|at| number() / (1.0 + (at % WIDTH) as f32 / 6.0))
        .collect()
}

fn block(values: &[f32]) -> RowBlock<'_> {
    RowBlock {
        first_row: 0,
        rows: values.len() / WIDTH,
        values: Values::F32(values),
    }
}

struct Case {
    references: Vec<f32>,
    queries: Vec<f32>,
    masks: Vec<u8>,
    metric: DistanceMetric,
}

impl Case {
    fn new(metric: DistanceMetric) -> Self {
        let mut references = vectors(1, REFERENCES);
        // A duplicate, a zero row, and rows of extreme norms.
        references.copy_within(0..WIDTH, 7 * WIDTH);
        for (row, factor) in [(20, 0.0), (21, 1e-30), (22, 1e8)] {
            let row = &mut references[row * WIDTH..(row + 1) * WIDTH];
            row.iter_mut().for_each(|value| *value *= factor);
        }
        let mut queries = vectors(2, 40);
        queries.extend_from_slice(&references[..2 * WIDTH]);
        Self {
            references,
            queries,
            masks: (0..REFERENCES).map(|row| (row % 8) as u8).collect(),
            metric,
        }
    }

    fn index(&self, cache: Option<Arc<Memory>>) -> Index<'_> {
        let membership = Membership::Masks {
            masks: &self.masks,
            groups: 3,
        };
        let blocks = vec![block(&self.references)];
        match cache {
            Some(cache) => Index::with_cache(WIDTH, blocks, membership, self.metric, cache),
            None => Index::new(WIDTH, blocks, membership, self.metric),
        }
        .unwrap()
    }

    fn search(&self, index: &Index<'_>, kernel: Kernel, pruning: Pruning) -> Neighbours {
        let options = SearchOptions {
            kernel: Some(kernel),
            pruning,
            ..SearchOptions::nearest(5)
        };
        let queries = [block(&self.queries)];
        index.search(&queries, &options, &|_, _| true).unwrap()
    }
}

#[test]
fn every_kernel_finds_the_same_with_a_cache() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        let case = Case::new(metric);
        let cache = Arc::new(Memory::default());
        for kernel in Kernel::available() {
            // One level, and two.
            for directions in [100, 32] {
                let pruning = Pruning::Directions(directions);
                let expected = case.search(&case.index(None), kernel, pruning);
                let all = if directions < 100 { 64 } else { directions };
                let part = format!("leading-{}-{directions}-{all}", kernel.name());
                let built = case.search(&case.index(Some(cache.clone())), kernel, pruning);
                let log = cache.log();
                assert!(log.contains(&format!("save {part}")), "{log:?}");
                let loaded = case.search(&case.index(Some(cache.clone())), kernel, pruning);
                assert_eq!(
                    cache.log(),
                    ["load norms".to_owned(), format!("load {part}")]
                );
                for found in [built, loaded] {
                    assert_eq!(found, expected);
                    assert_eq!(found.method(), expected.method());
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_used_is_computed_again() {
    let case = Case::new(DistanceMetric::Cosine);
    let kernel = Kernel::Portable;
    let pruning = Pruning::Directions(32);
    let expected = case.search(&case.index(None), kernel, pruning);
    let cache = Arc::new(Memory::default());
    let search = || case.search(&case.index(Some(cache.clone())), kernel, pruning);
    assert_eq!(search(), expected);
    let leading = "leading-portable-32-64";
    assert_eq!(cache.names(), [leading, "norms"]);
    cache.log();
    let damaged = "it is damaged";
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, &str); 6] = [
        (|bytes| bytes.truncate(bytes.len() - 64), damaged),
        (|bytes| bytes[200] ^= 1, damaged),
        (|bytes| flip_in_the_middle(bytes), damaged),
        (|bytes| bytes[32] ^= 8, damaged),
        (|bytes| bytes[15] = 0, "it has another version"),
        (
            |bytes| *bytes = b"something else".to_vec(),
            "it is not a part of an index",
        ),
    ];
    for name in [leading, "norms"] {
        for (change, reason) in changes {
            cache.change(name, change);
            assert_eq!(search(), expected);
            let log = cache.log();
            let is_rejected = log.contains(&format!("reject {name}: {reason}"));
            let is_saved = log.contains(&format!("save {name}"));
            assert!(is_rejected && is_saved, "{log:?}");
            assert_eq!(search(), expected);
            assert_eq!(
                cache.log(),
                ["load norms".to_owned(), format!("load {leading}")]
            );
        }
    }
}

fn flip_in_the_middle(bytes: &mut [u8]) {
    bytes[bytes.len() / 2] ^= 4;
}

#[test]
fn parts_of_other_references_are_not_used() {
    let case = Case::new(DistanceMetric::Cosine);
    let (kernel, pruning) = (Kernel::Portable, Pruning::Directions(32));
    let cache = Arc::new(Memory::default());
    case.search(&case.index(Some(cache.clone())), kernel, pruning);
    cache.log();
    // Fewer members: a caller should have given another cache.
    let mut fewer = Case::new(DistanceMetric::Cosine);
    fewer.masks[9] = 0;
    let expected = fewer.search(&fewer.index(None), kernel, pruning);
    let found = fewer.search(&fewer.index(Some(cache.clone())), kernel, pruning);
    assert_eq!(found, expected);
    let log = cache.log();
    assert!(
        log.contains(&"reject norms: it has another layout".to_owned()),
        "{log:?}"
    );
    assert!(log.contains(&"reject leading-portable-32-64: it has another layout".to_owned()));
}

#[test]
fn norms_of_rows_that_are_not_finite_are_not_saved() {
    let mut case = Case::new(DistanceMetric::Cosine);
    case.references[9 * WIDTH] = f32::NAN;
    let (kernel, pruning) = (Kernel::Portable, Pruning::Directions(32));
    let expected = case.search(&case.index(None), kernel, pruning);
    let cache = Arc::new(Memory::default());
    for _ in 0..2 {
        let found = case.search(&case.index(Some(cache.clone())), kernel, pruning);
        assert_eq!(found, expected);
        assert_eq!(cache.names(), ["leading-portable-32-64"]);
    }
}

#[test]
fn a_plan_is_the_same_with_directions_from_a_cache() {
    // Large enough for a search to be planned.
    let references = vectors(3, 24_000);
    let queries = vectors(4, 4_000);
    let search = |cache: Option<Arc<Memory>>| {
        let blocks = vec![block(&references)];
        let metric = DistanceMetric::Cosine;
        let index = match cache {
            Some(cache) => Index::with_cache(WIDTH, blocks, Membership::All, metric, cache),
            None => Index::new(WIDTH, blocks, Membership::All, metric),
        }
        .unwrap();
        // Kernels with bytes may decide to multiply whole rows, which takes no directions.
        let mut options = SearchOptions::nearest(3);
        options.kernel = Some(Kernel::Portable);
        index
            .search(&[block(&queries)], &options, &|_, _| true)
            .unwrap()
    };
    let cache = Arc::new(Memory::default());
    let found: Vec<Neighbours> = [None, Some(cache.clone()), Some(cache.clone())]
        .map(search)
        .into();
    let method = found[0].method().unwrap();
    assert!(method.directions.is_some(), "the search should prune");
    let names = cache.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with(&format!("directions-{}-", method.kernel.name())));
    for other in &found[1..] {
        assert_eq!((other, other.method()), (&found[0], Some(method)));
    }
    let log = cache.log();
    let loads = log.iter().filter(|line| line.starts_with("load")).count();
    assert_eq!((loads, log.len()), (3, 6), "{log:?}");
}
