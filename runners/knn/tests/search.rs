//! The search against a naive one in double precision, with every kernel and number of threads.

use half::f16;
use proptest::prelude::*;
use protea_knn::search::{
    Index, Kernel, Membership, Metric, Neighbour, Neighbours, RowBlock, SearchError, SearchOptions,
    Values,
};

/// A matrix of either type, owned.
#[derive(Debug, Clone)]
enum Data {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Data {
    fn new(values: Vec<f32>, half: bool) -> Self {
        if half {
            Data::F16(values.into_iter().map(f16::from_f32).collect())
        } else {
            Data::F32(values)
        }
    }

    fn row(&self, row: usize, width: usize) -> Vec<f64> {
        let range = row * width..(row + 1) * width;
        match self {
            Data::F32(values) => values[range]
                .iter()
                .map(|&value| f64::from(value))
                .collect(),
            Data::F16(values) => values[range].iter().map(|value| value.to_f64()).collect(),
        }
    }

    fn rows(&self, width: usize) -> usize {
        match self {
            Data::F32(values) => values.len() / width,
            Data::F16(values) => values.len() / width,
        }
    }

    /// Cut into blocks of at most `cut` rows.
    fn blocks(&self, width: usize, cut: usize) -> Vec<RowBlock<'_>> {
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

fn distance(metric: Metric, left: &[f64], right: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    match metric {
        Metric::L2 => left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum(),
        Metric::Cosine => {
            let norms = (dot(left, left) * dot(right, right)).sqrt();
            if norms == 0.0 {
                1.0
            } else {
                1.0 - dot(left, right) / norms
            }
        }
    }
}

/// What one search is asked, owned.
#[derive(Debug, Clone)]
struct Case {
    width: usize,
    references: Data,
    queries: Data,
    masks: Option<(Vec<u8>, usize)>,
    exclude: Option<Vec<Option<u32>>>,
    k: usize,
    cut: usize,
    metric: Metric,
}

impl Case {
    fn search(&self, kernel: Option<Kernel>, threads: usize) -> Neighbours {
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
            .unwrap();
        pool.install(|| {
            let blocks = self.references.blocks(self.width, self.cut);
            let index = Index::new(self.width, blocks, membership, self.metric).unwrap();
            let options = SearchOptions {
                k: self.k,
                exclude: self.exclude.as_deref(),
                kernel,
            };
            index
                .search(
                    &self.queries.blocks(self.width, self.cut),
                    &options,
                    &|_, _| true,
                )
                .unwrap()
        })
    }

    /// Every kernel and thread count must give the same answer, bit for bit; returns it.
    fn search_all_ways(&self) -> Neighbours {
        let first = self.search(Some(Kernel::Portable), 1);
        for kernel in Kernel::available() {
            for threads in [1, 2, 5] {
                let other = self.search(Some(kernel), threads);
                assert_eq!(first, other, "{} with {threads} threads", kernel.name());
            }
        }
        assert_eq!(first, self.search(None, 2), "the default kernel");
        first
    }

    fn check(&self) {
        let found = self.search_all_ways();
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

/// The two searches sum in different orders, so that rows may change places where their distances
/// differ in the last bits only; apart from that the lists must agree.
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
        assert!(members.contains(&found.row), "{found:?} is no member");
    }
    for pair in found.windows(2) {
        assert!(
            (pair[0].distance, pair[0].row) < (pair[1].distance, pair[1].row),
            "{pair:?} out of order"
        );
    }
}

fn matrix(rows: std::ops::Range<usize>, width: usize) -> impl Strategy<Value = Vec<f32>> {
    // Of each sort of row some: spread out, duplicates of few patterns, nearly equal, zero, long.
    let row = prop_oneof![
        4 => prop::collection::vec(-1.0_f32..1.0, width),
        3 => (0_u8..4).prop_map(move |p| (0..width).map(|c| f32::from((c as u8 ^ p) % 5) - 2.0).collect()),
        2 => prop::collection::vec(0.999_f32..1.0, width),
        1 => Just(vec![0.0; width]),
        1 => prop::collection::vec(-1000.0_f32..1000.0, width),
    ];
    prop::collection::vec(row, rows).prop_map(|rows| rows.concat())
}

fn case() -> impl Strategy<Value = Case> {
    let width = prop_oneof![1_usize..40, 100_usize..140];
    (
        width,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        1_usize..5,
    )
        .prop_flat_map(|(width, half, half_queries, cosine, groups)| {
            (
                (matrix(1..160, width), matrix(0..45, width)),
                prop::option::of(prop::collection::vec(0_u8..1 << groups, 160)),
                prop::option::of(prop::collection::vec(prop::option::of(0_u32..160), 45)),
                prop_oneof![1_usize..8, 20_usize..40, Just(200_usize)],
                prop_oneof![1_usize..10, Just(1000_usize)],
            )
                .prop_map(move |((references, queries), masks, exclude, k, cut)| {
                    let rows = references.len() / width;
                    let asked = queries.len() / width;
                    Case {
                        width,
                        references: Data::new(references, half),
                        queries: Data::new(queries, half_queries),
                        masks: masks.map(|masks| (masks[..rows].to_vec(), groups)),
                        exclude: exclude.map(|exclude| exclude[..asked].to_vec()),
                        k,
                        cut,
                        metric: if cosine { Metric::Cosine } else { Metric::L2 },
                    }
                })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_a_naive_search(case in case()) {
        case.check();
    }
}

/// A small generator, so that large cases do not need a file.
fn noise(seed: u64, count: usize) -> Vec<f32> {
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

fn plain(width: usize, references: Vec<f32>, queries: Vec<f32>, k: usize, metric: Metric) -> Case {
    Case {
        width,
        references: Data::F32(references),
        queries: Data::F32(queries),
        masks: None,
        exclude: None,
        k,
        cut: 777,
        metric,
    }
}

#[test]
fn large_enough_for_many_blocks_runs_and_panels() {
    for metric in [Metric::Cosine, Metric::L2] {
        let mut case = plain(700, noise(1, 2500 * 700), noise(2, 70 * 700), 7, metric);
        case.masks = Some(((0..2500_u32).map(|row| (row % 8) as u8).collect(), 3));
        case.exclude = Some(
            (0..70)
                .map(|query| (query % 3 == 0).then_some(query))
                .collect(),
        );
        case.check();
    }
}

#[test]
fn a_set_searched_against_itself_finds_itself_at_distance_zero() {
    let values = noise(3, 300 * 97);
    for metric in [Metric::Cosine, Metric::L2] {
        let found = plain(97, values.clone(), values.clone(), 1, metric).search_all_ways();
        for query in 0..300 {
            assert_eq!(
                found.list(query, 0),
                [Neighbour {
                    distance: 0.0,
                    row: query as u32
                }]
            );
        }
    }
}

#[test]
fn of_equal_references_the_lowest_rows_win() {
    let row = noise(4, 50);
    let mut queries = noise(5, 50 * 3);
    queries.extend_from_slice(&row);
    for metric in [Metric::Cosine, Metric::L2] {
        for k in [1, 5, 30, 999, 1000, 1001] {
            let found = plain(50, row.repeat(1000), queries.clone(), k, metric).search_all_ways();
            for query in 0..4 {
                let rows: Vec<u32> = found.list(query, 0).iter().map(|n| n.row).collect();
                assert_eq!(rows, (0..k.min(1000) as u32).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn near_ties_that_single_precision_cannot_tell_apart_are_ordered_exactly() {
    // Row i differs from the query by i ulps in one column: 1 + i * 2^-23.
    let width = 64;
    let mut references = Vec::new();
    for row in (0..500_u32).rev() {
        let mut values = vec![1.0_f32; width];
        values[7] = f32::from_bits(1.0_f32.to_bits() + row);
        references.extend(values);
    }
    let found = plain(width, references, vec![1.0; width], 40, Metric::L2).search_all_ways();
    let rows: Vec<u32> = found.list(0, 0).iter().map(|n| n.row).collect();
    assert_eq!(rows, (460..500).rev().collect::<Vec<_>>());
    let ulp = 2.0_f64.powi(-23);
    assert_eq!(found.list(0, 0)[3].distance, (3.0 * ulp) * (3.0 * ulp));
    assert_eq!(found.list(0, 0)[3].euclidean(), 3.0 * ulp);
}

#[test]
fn zero_vectors_have_similarity_zero() {
    let mut references = vec![0.0_f32; 3 * 4];
    references[4] = 1.0;
    references[8] = -1.0;
    let found = plain(
        4,
        references,
        vec![5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        3,
        Metric::Cosine,
    )
    .search_all_ways();
    let list = |query| {
        found
            .list(query, 0)
            .iter()
            .map(|n| (n.row, n.distance))
            .collect::<Vec<_>>()
    };
    assert_eq!(list(0), [(1, 0.0), (0, 1.0), (2, 2.0)]);
    assert_eq!(list(1), [(0, 1.0), (1, 1.0), (2, 1.0)]);
}

#[test]
fn extreme_magnitudes_lose_nothing() {
    let width = 33;
    for metric in [Metric::Cosine, Metric::L2] {
        for (reference_scale, query_scale) in [
            (1e30, 1e30),
            (1e-30, 1e-30),
            (1e30, 1e-30),
            (1e-30, 1e30),
            (1e-44, 1.0),
            (3e38, 3e38),
        ] {
            let scaled = |seed, rows: usize, scale: f32| {
                noise(seed, rows * width)
                    .into_iter()
                    .map(|value| value * scale)
                    .collect::<Vec<_>>()
            };
            let mut references = scaled(6, 200, reference_scale);
            references.extend(scaled(7, 50, 1.0));
            let case = plain(width, references, scaled(8, 20, query_scale), 9, metric);
            let found = case.search_all_ways();
            for query in 0..20 {
                let values = case.queries.row(query, width);
                let mut all: Vec<f64> = (0..250)
                    .map(|row| distance(metric, &values, &case.references.row(row, width)))
                    .collect();
                all.sort_by(f64::total_cmp);
                for (found, expected) in found.list(query, 0).iter().zip(all) {
                    let scale = expected
                        .abs()
                        .max(if metric == Metric::L2 { 0.0 } else { 1.0 });
                    assert!((found.distance - expected).abs() <= 1e-12 * scale);
                }
            }
        }
    }
}

#[test]
fn rows_that_are_not_numbers_are_nobodys_neighbours() {
    let mut references = noise(9, 100 * 20);
    references[3 * 20 + 5] = f32::NAN;
    references[8 * 20 + 19] = f32::INFINITY;
    let mut queries = noise(10, 5 * 20);
    queries[2 * 20] = f32::NEG_INFINITY;
    queries[4 * 20 + 1] = f32::NAN;
    for metric in [Metric::Cosine, Metric::L2] {
        let found = plain(20, references.clone(), queries.clone(), 100, metric).search_all_ways();
        for query in 0..5 {
            let list = found.list(query, 0);
            assert_eq!(list.len(), if query == 2 || query == 4 { 0 } else { 98 });
            assert!(
                list.iter()
                    .all(|n| n.row != 3 && n.row != 8 && n.distance.is_finite())
            );
        }
    }
}

#[test]
fn a_group_smaller_than_k_gives_all_its_members() {
    let mut case = plain(
        10,
        noise(11, 500 * 10),
        noise(12, 3 * 10),
        20,
        Metric::Cosine,
    );
    let mut masks = vec![1_u8; 500];
    masks[17] = 3;
    masks[400] = 2;
    masks[401] = 0;
    case.masks = Some((masks, 3));
    case.exclude = Some(vec![Some(17), None, Some(401)]);
    case.check();
    let found = case.search(None, 2);
    assert_eq!((found.list(0, 1).len(), found.list(1, 1).len()), (1, 2));
    assert!(found.list(0, 2).is_empty());
}

#[test]
fn progress_reaches_the_total_and_can_stop_the_search() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let references = noise(13, 3000 * 16);
    let queries = noise(14, 40 * 16);
    let block = |values| RowBlock {
        first_row: 0,
        rows: 0,
        values: Values::F32(values),
    };
    let index = Index::new(
        16,
        vec![RowBlock {
            rows: 3000,
            ..block(&references)
        }],
        Membership::All,
        Metric::L2,
    )
    .unwrap();
    let queries = [RowBlock {
        rows: 40,
        ..block(&queries)
    }];
    let most = AtomicU64::new(0);
    let seen = |done: u64, total: u64| {
        assert_eq!(total, 3000 * 40);
        most.fetch_max(done, Ordering::Relaxed);
        true
    };
    index
        .search(&queries, &SearchOptions::nearest(3), &seen)
        .unwrap();
    assert_eq!(most.into_inner(), 3000 * 40);
    let stopped = index.search(&queries, &SearchOptions::nearest(3), &|_, _| false);
    assert_eq!(stopped.unwrap_err(), SearchError::Cancelled);
}

#[test]
fn nothing_to_search_or_to_search_for_is_no_error() {
    let found = plain(8, Vec::new(), noise(15, 16), 3, Metric::L2).search_all_ways();
    assert_eq!((found.queries(), found.list(1, 0)), (2, &[][..]));
    let found = plain(8, noise(16, 16), Vec::new(), 3, Metric::L2).search_all_ways();
    assert_eq!(found.queries(), 0);
}

#[test]
fn wrong_input_is_told_apart() {
    let values = [0.0_f32; 12];
    let block = |first_row, rows, count: usize| RowBlock {
        first_row,
        rows,
        values: Values::F32(&values[..count]),
    };
    let new = |width, blocks, membership| {
        Index::new(width, blocks, membership, Metric::L2)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(new(0, vec![], Membership::All), SearchError::NoColumns);
    assert!(matches!(
        new(3, vec![block(0, 2, 6), block(2, 1, 4)], Membership::All),
        SearchError::BlockShape {
            block: 1,
            expected: 3,
            found: 4,
            ..
        }
    ));
    assert_eq!(
        new(3, vec![block(0, 2, 6), block(3, 1, 3)], Membership::All),
        SearchError::BlockOrder {
            block: 1,
            expected: 2,
            found: 3
        }
    );
    let two = || vec![block(0, 2, 6)];
    assert_eq!(
        new(
            3,
            two(),
            Membership::Masks {
                masks: &[1],
                groups: 1
            }
        ),
        SearchError::MembershipLength {
            expected: 2,
            found: 1
        }
    );
    assert_eq!(
        new(
            3,
            two(),
            Membership::Masks {
                masks: &[1, 4],
                groups: 2
            }
        ),
        SearchError::MembershipBit {
            row: 1,
            mask: 4,
            groups: 2
        }
    );
    for groups in [0, 9] {
        assert_eq!(
            new(
                3,
                two(),
                Membership::Masks {
                    masks: &[1, 1],
                    groups
                }
            ),
            SearchError::Groups { groups }
        );
    }
    let index = Index::new(3, two(), Membership::All, Metric::L2).unwrap();
    let search = |options: &SearchOptions<'_>| {
        index
            .search(&[block(0, 1, 3)], options, &|_, _| true)
            .unwrap_err()
    };
    assert_eq!(
        search(&SearchOptions::nearest(0)),
        SearchError::NoNeighbours
    );
    assert_eq!(
        search(&SearchOptions {
            exclude: Some(&[]),
            ..SearchOptions::nearest(1)
        }),
        SearchError::ExclusionLength {
            expected: 1,
            found: 0
        }
    );
}
