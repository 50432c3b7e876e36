//! The guarantees of the search, one case per test. `search_properties` tests them on random input.

mod naive;

use naive::{distance, noise, plain};
use protea_neighbours::{
    DistanceMetric, Index, Labels, Membership, Neighbour, NeighbourSearchError, RowBlock,
    SearchOptions, Values,
};

#[test]
fn large_input_spans_many_blocks_and_panels() {
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        let mut case = plain(530, noise(1, 1300 * 530), noise(2, 40 * 530), 7, metric);
        case.masks = Some(((0..1300_u32).map(|row| (row % 8) as u8).collect(), 3));
        case.exclude = Some(
            (0..40)
                .map(|query| (query % 3 == 0).then_some(query))
                .collect(),
        );
        case.check();
    }
}

#[test]
fn every_row_finds_itself_at_distance_zero() {
    let values = noise(3, 300 * 97);
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        let found = plain(97, values.clone(), values.clone(), 1, metric).search_with_all_kernels();
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
fn ties_are_broken_by_the_lowest_row() {
    let row = noise(4, 50);
    let mut queries = noise(5, 50 * 3);
    queries.extend_from_slice(&row);
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        for k in [1, 5, 30, 999, 1000, 1001] {
            let found =
                plain(50, row.repeat(1000), queries.clone(), k, metric).search_with_all_kernels();
            for query in 0..4 {
                let rows: Vec<u32> = found.list(query, 0).iter().map(|n| n.row).collect();
                assert_eq!(rows, (0..k.min(1000) as u32).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn near_ties_are_ordered_in_double_precision() {
    // Row i differs from the query by i ulps in one column: 1 + i * 2^-23.
    let width = 64;
    let mut references = Vec::new();
    for row in (0..500_u32).rev() {
        let mut values = vec![1.0_f32; width];
        values[7] = f32::from_bits(1.0_f32.to_bits() + row);
        references.extend(values);
    }
    let found = plain(width, references, vec![1.0; width], 40, DistanceMetric::L2)
        .search_with_all_kernels();
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
        DistanceMetric::Cosine,
    )
    .search_with_all_kernels();
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
fn extreme_magnitudes_keep_full_precision() {
    let width = 33;
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
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
            let found = case.search_with_all_kernels();
            for query in 0..20 {
                let values = case.queries.row(query, width);
                let mut all: Vec<f64> = (0..250)
                    .map(|row| distance(metric, &values, &case.references.row(row, width)))
                    .collect();
                all.sort_by(f64::total_cmp);
                for (found, expected) in found.list(query, 0).iter().zip(all) {
                    let scale = expected.abs().max(if metric == DistanceMetric::L2 {
                        0.0
                    } else {
                        1.0
                    });
                    assert!((found.distance - expected).abs() <= 1e-12 * scale);
                }
            }
        }
    }
}

#[test]
fn rows_with_nan_or_infinity_are_never_neighbours() {
    let mut references = noise(9, 100 * 20);
    references[3 * 20 + 5] = f32::NAN;
    references[8 * 20 + 19] = f32::INFINITY;
    let mut queries = noise(10, 5 * 20);
    queries[2 * 20] = f32::NEG_INFINITY;
    queries[4 * 20 + 1] = f32::NAN;
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        let found =
            plain(20, references.clone(), queries.clone(), 100, metric).search_with_all_kernels();
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
fn a_group_smaller_than_k_returns_all_members() {
    let mut case = plain(
        10,
        noise(11, 500 * 10),
        noise(12, 3 * 10),
        20,
        DistanceMetric::Cosine,
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
fn progress_reaches_the_total_and_can_cancel() {
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
        DistanceMetric::L2,
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
    assert_eq!(stopped.unwrap_err(), NeighbourSearchError::Cancelled);
}

#[test]
fn empty_references_or_queries_are_not_an_error() {
    let found =
        plain(8, Vec::new(), noise(15, 16), 3, DistanceMetric::L2).search_with_all_kernels();
    assert_eq!((found.queries(), found.list(1, 0)), (2, &[][..]));
    let found =
        plain(8, noise(16, 16), Vec::new(), 3, DistanceMetric::L2).search_with_all_kernels();
    assert_eq!(found.queries(), 0);
}

#[test]
fn each_invalid_input_has_its_own_error() {
    let values = [0.0_f32; 12];
    let block = |first_row, rows, count: usize| RowBlock {
        first_row,
        rows,
        values: Values::F32(&values[..count]),
    };
    let new = |width, blocks, membership| {
        Index::new(width, blocks, membership, DistanceMetric::L2)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        new(0, vec![], Membership::All),
        NeighbourSearchError::NoColumns
    );
    assert!(matches!(
        new(3, vec![block(0, 2, 6), block(2, 1, 4)], Membership::All),
        NeighbourSearchError::BlockShape {
            block: 1,
            expected: 3,
            found: 4,
            ..
        }
    ));
    assert_eq!(
        new(3, vec![block(0, 2, 6), block(3, 1, 3)], Membership::All),
        NeighbourSearchError::BlockOrder {
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
        NeighbourSearchError::MembershipLength {
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
        NeighbourSearchError::MembershipBit {
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
            NeighbourSearchError::Groups { groups }
        );
    }
    let index = Index::new(3, two(), Membership::All, DistanceMetric::L2).unwrap();
    let search = |options: &SearchOptions<'_>| {
        index
            .search(&[block(0, 1, 3)], options, &|_, _| true)
            .unwrap_err()
    };
    assert_eq!(
        search(&SearchOptions::nearest(0)),
        NeighbourSearchError::NoNeighbours
    );
    assert_eq!(
        search(&SearchOptions {
            exclude: Some(&[]),
            ..SearchOptions::nearest(1)
        }),
        NeighbourSearchError::ExclusionLength {
            expected: 1,
            found: 0
        }
    );
    assert!(matches!(
        search(&SearchOptions {
            labels: &[Labels {
                queries: &[0],
                references: &[]
            }],
            ..SearchOptions::nearest(1)
        }),
        NeighbourSearchError::LabelLength { found: (1, 0), .. }
    ));
}
