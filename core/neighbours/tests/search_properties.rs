//! Property test: the search agrees with a naive search in double precision, for every kernel and
//! number of threads.

mod naive;

use naive::{Case, Data};
use proptest::prelude::*;
use protea_neighbours::{DistanceMetric, Labels};

fn matrix(rows: std::ops::Range<usize>, width: usize) -> impl Strategy<Value = Vec<f32>> {
    // Different kinds of rows: random, duplicates of few patterns, nearly equal, zero, long.
    let row = prop_oneof![
        4 => prop::collection::vec(-1.0_f32..1.0, width),
        3 => (0_u8..4).prop_map(move |p| (0..width).map(|c| f32::from((c as u8 ^ p) % 5) - 2.0).collect()),
        2 => prop::collection::vec(0.999_f32..1.0, width),
        1 => Just(vec![0.0; width]),
        1 => prop::collection::vec(-1000.0_f32..1000.0, width),
    ];
    prop::collection::vec(row, rows).prop_map(|rows| rows.concat())
}

fn label() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..3, 1 => Just(Labels::NONE)]
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
                prop::option::of(prop::collection::vec(label(), 45 + 160)),
                prop_oneof![1_usize..8, 20_usize..40, Just(200_usize)],
                prop_oneof![1_usize..10, Just(1000_usize)],
            )
                .prop_map(
                    move |((references, queries), masks, exclude, labels, k, cut)| {
                        let rows = references.len() / width;
                        let asked = queries.len() / width;
                        Case {
                            width,
                            references: Data::new(references, half),
                            queries: Data::new(queries, half_queries),
                            masks: masks.map(|masks| (masks[..rows].to_vec(), groups)),
                            exclude: exclude.map(|exclude| exclude[..asked].to_vec()),
                            labels: labels.map(|labels| {
                                (labels[..asked].to_vec(), labels[45..45 + rows].to_vec())
                            }),
                            k,
                            cut,
                            metric: if cosine {
                                DistanceMetric::Cosine
                            } else {
                                DistanceMetric::L2
                            },
                        }
                    },
                )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_a_naive_search(case in case()) {
        case.check();
    }
}
