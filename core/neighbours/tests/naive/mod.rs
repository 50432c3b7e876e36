//! A naive search in double precision, and test cases that compare the real search with it.
#![allow(dead_code, reason = "each test uses only a part")]

use std::sync::Once;

use half::f16;
use protea_neighbours::{
    DistanceMetric, Index, Kernel, Labels, Membership, Neighbour, Neighbours, Pruning, RowBlock,
    SearchOptions, Values,
};

/// Every kernel, whether this processor has it or not.
const KERNELS: [Kernel; 7] = [
    Kernel::Portable,
    Kernel::Avx2,
    Kernel::AvxVnni,
    Kernel::Avx512,
    Kernel::Avx512Vnni,
    Kernel::Amx,
    Kernel::Neon,
];

/// The kernels of this processor. Says once which others were not run.
fn kernels() -> impl Iterator<Item = Kernel> {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        for kernel in KERNELS.iter().filter(|kernel| !kernel.is_available()) {
            let name = kernel.name();
            eprintln!("*** NOT RUN: kernel {name}: this processor lacks its instructions ***");
        }
    });
    let available = Kernel::available();
    assert!(available.iter().all(|kernel| KERNELS.contains(kernel)));
    available.into_iter()
}

/// An owned matrix in single or half precision.
#[derive(Debug, Clone)]
pub enum Data {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Data {
    pub fn new(values: Vec<f32>, half: bool) -> Self {
        if half {
            Data::F16(values.into_iter().map(f16::from_f32).collect())
        } else {
            Data::F32(values)
        }
    }

    pub fn row(&self, row: usize, width: usize) -> Vec<f64> {
        let range = row * width..(row + 1) * width;
        match self {
            Data::F32(values) => values[range]
                .iter()
                .map(|&value| f64::from(value))
                .collect(),
            Data::F16(values) => values[range].iter().map(|value| value.to_f64()).collect(),
        }
    }

    pub fn rows(&self, width: usize) -> usize {
        match self {
            Data::F32(values) => values.len() / width,
            Data::F16(values) => values.len() / width,
        }
    }

    /// Splits the matrix into blocks of at most `cut` rows.
    pub fn blocks(&self, width: usize, cut: usize) -> Vec<RowBlock<'_>> {
        let rows = self.rows(width);
        (0..rows)
            .step_by(cut)
            .map(|first_row| {
                let block = cut.min(rows - first_row);
                let range = first_row * width..(first_row + block) * width;
                let values = match self {
                    Data::F32(values) => Values::F32(&values[range]),
                    Data::F16(values) => Values::F16(&values[range]),
                };
                RowBlock {
                    first_row,
                    rows: block,
                    values,
                }
            })
            .collect()
    }
}

pub fn distance(metric: DistanceMetric, left: &[f64], right: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    match metric {
        DistanceMetric::L2 => left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum(),
        DistanceMetric::Cosine => {
            let norms = (dot(left, left) * dot(right, right)).sqrt();
            if norms == 0.0 {
                1.0
            } else {
                1.0 - dot(left, right) / norms
            }
        }
    }
}

/// The owned input of one search.
#[derive(Debug, Clone)]
pub struct Case {
    pub width: usize,
    pub references: Data,
    pub queries: Data,
    pub masks: Option<(Vec<u8>, usize)>,
    pub exclude: Option<Vec<Option<u32>>>,
    pub labels: Option<(Vec<u32>, Vec<u32>)>,
    pub k: usize,
    pub cut: usize,
    pub metric: DistanceMetric,
}

impl Case {
    pub fn search(&self, kernel: Option<Kernel>, threads: usize) -> Neighbours {
        self.search_with(kernel, threads, Pruning::Auto)
    }

    pub fn search_with(
        &self,
        kernel: Option<Kernel>,
        threads: usize,
        pruning: Pruning,
    ) -> Neighbours {
        let membership = match &self.masks {
            None => Membership::All,
            Some((masks, groups)) => Membership::Masks {
                masks,
                groups: *groups,
            },
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a small thread pool can be built");
        pool.install(|| {
            let blocks = self.references.blocks(self.width, self.cut);
            let index = Index::new(self.width, blocks, membership, self.metric)
                .expect("the input of the case is valid");
            let labels = self.labels.as_ref().map(|(queries, references)| Labels {
                queries,
                references,
            });
            let options = SearchOptions {
                k: self.k,
                exclude: self.exclude.as_deref(),
                labels: labels.as_slice(),
                kernel,
                pruning,
            };
            index
                .search(
                    &self.queries.blocks(self.width, self.cut),
                    &options,
                    &|_, _| true,
                )
                .expect("the input of the case is valid")
        })
    }

    /// Checks that every kernel and number of threads returns exactly the same result, and returns
    /// it.
    pub fn search_with_all_kernels(&self) -> Neighbours {
        let first = self.search_with(Some(Kernel::Portable), 1, Pruning::Off);
        for kernel in kernels() {
            for directions in [3, 32, 100] {
                let pruning = Pruning::Directions(directions);
                let other = self.search_with(Some(kernel), 1 + directions % 3, pruning);
                let name = kernel.name();
                assert_eq!(first, other, "{name} with {directions} leading directions");
            }
            for threads in [1, 2, 5] {
                for pruning in [Pruning::Off, Pruning::Bytes] {
                    let other = self.search_with(Some(kernel), threads, pruning);
                    let name = kernel.name();
                    assert_eq!(first, other, "{name} with {threads} threads, {pruning:?}");
                }
            }
        }
        assert_eq!(first, self.search(None, 2), "the default kernel");
        first
    }

    fn same_label(&self, query: usize, row: u32) -> bool {
        self.labels.as_ref().is_some_and(|(queries, references)| {
            queries[query] != Labels::NONE && queries[query] == references[row as usize]
        })
    }

    pub fn check(&self) {
        let found = self.search_with_all_kernels();
        let groups = self.masks.as_ref().map_or(1, |(_, groups)| *groups);
        let references: Vec<_> = (0..self.references.rows(self.width))
            .map(|r| self.references.row(r, self.width))
            .collect();
        assert_eq!(found.queries(), self.queries.rows(self.width));
        assert_eq!(found.groups(), groups);
        for query in 0..found.queries() {
            let values = self.queries.row(query, self.width);
            let excluded = self.exclude.as_ref().and_then(|exclude| exclude[query]);
            let all: Vec<f64> = references
                .iter()
                .map(|row| distance(self.metric, &values, row))
                .collect();
            for group in 0..groups {
                let mut expected: Vec<(f64, u32)> = all
                    .iter()
                    .zip(0..)
                    .filter(|&(_, row)| Some(row) != excluded)
                    .filter(|&(_, row)| !self.same_label(query, row))
                    .filter(|&(_, row)| {
                        self.masks
                            .as_ref()
                            .is_none_or(|(m, _)| m[row as usize] >> group & 1 == 1)
                    })
                    .map(|(distance, row)| (*distance, row))
                    .collect();
                expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let members: Vec<u32> = expected.iter().map(|&(_, row)| row).collect();
                expected.truncate(self.k);
                compare(found.list(query, group), &expected, &members, &all);
            }
        }
    }
}

/// Compares a list with the expected one. The two searches sum in different orders, so rows whose
/// distances differ only in the last bits may be swapped. Otherwise the lists must agree.
fn compare(found: &[Neighbour], expected: &[(f64, u32)], members: &[u32], all: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs()));
    for (found, (distance, _)) in found.iter().zip(expected) {
        assert!(
            close(found.distance, *distance),
            "{found:?}, expected {distance}"
        );
        assert!(
            close(found.distance, all[found.row as usize]),
            "{found:?} has another distance"
        );
        assert!(members.contains(&found.row), "{found:?} is not a member");
    }
    for pair in found.windows(2) {
        assert!(
            (pair[0].distance, pair[0].row) < (pair[1].distance, pair[1].row),
            "{pair:?} out of order"
        );
    }
}

/// Pseudo-random numbers, so that large cases do not need a data file.
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        })
        .collect()
}

pub fn plain(
    width: usize,
    references: Vec<f32>,
    queries: Vec<f32>,
    k: usize,
    metric: DistanceMetric,
) -> Case {
    Case {
        width,
        references: Data::F32(references),
        queries: Data::F32(queries),
        masks: None,
        exclude: None,
        labels: None,
        k,
        cut: 777,
        metric,
    }
}
