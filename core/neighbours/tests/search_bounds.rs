//! The search by leading directions on vectors that are difficult for its bounds. Every case is
//! compared with a naive search, for every kernel and several numbers of directions.

mod naive;

use naive::{Data, noise, plain};
use protea_neighbours::{
    DistanceMetric, Index, Kernel, Labels, Membership, Pruning, SearchOptions,
};

const METRICS: [DistanceMetric; 2] = [DistanceMetric::Cosine, DistanceMetric::L2];

/// Rows that vary mostly in `rank` directions: a random combination of these plus a little noise.
fn low_rank(seed: u64, rows: usize, width: usize, rank: usize, rest: f32) -> Vec<f32> {
    let directions = noise(1000, rank * width);
    let weights = noise(seed, rows * rank);
    let mut values = noise(seed + 1, rows * width);
    for (values, weights) in values.chunks_mut(width).zip(weights.chunks(rank)) {
        for (column, value) in values.iter_mut().enumerate() {
            let sum: f32 = (0..rank)
                .map(|number| weights[number] * directions[number * width + column])
                .sum();
            *value = *value * rest + sum;
        }
    }
    values
}

#[test]
fn vectors_of_low_rank() {
    for metric in METRICS {
        for (rank, rest) in [
            (1, 0.0),
            (3, 0.0),
            (4, 0.0),
            (32, 0.0),
            (33, 1e-3),
            (20, 0.1),
        ] {
            let references = low_rank(21, 400, 96, rank, rest);
            let mut queries = low_rank(22, 40, 96, rank, rest);
            queries.extend_from_slice(&references[..96 * 3]);
            plain(96, references, queries, 7, metric).check();
        }
    }
}

#[test]
fn duplicates_and_near_ties() {
    for metric in METRICS {
        let few = low_rank(23, 9, 80, 5, 0.05);
        let mut references = few.repeat(40);
        for (number, value) in references.iter_mut().enumerate().step_by(97) {
            *value = f32::from_bits(value.to_bits() + (number % 3) as u32);
        }
        let mut queries = few.clone();
        queries.extend(noise(24, 80 * 5));
        for k in [1, 39, 40, 41, 360, 500] {
            plain(80, references.clone(), queries.clone(), k, metric).check();
        }
    }
}

#[test]
fn zero_equal_and_tiny_rows() {
    for metric in METRICS {
        let width = 48;
        let mut references = low_rank(25, 200, width, 4, 0.1);
        references[..width * 20].fill(0.0);
        for value in &mut references[width * 20..width * 30] {
            *value *= 1e-42;
        }
        for value in &mut references[width * 30..width * 40] {
            *value *= 1e-30;
        }
        let mut queries = references[width * 15..width * 45].to_vec();
        queries.extend(vec![1.0; width]);
        plain(width, references, queries.clone(), 11, metric).check();
        plain(width, vec![0.0; width * 70], queries.clone(), 5, metric).check();
        plain(width, vec![2.5; width * 70], queries, 5, metric).check();
    }
}

#[test]
fn one_huge_dimension() {
    for metric in METRICS {
        for huge in [1e3_f32, 1e6, 1e15] {
            let width = 70;
            let mut references = low_rank(27, 300, width, 6, 0.2);
            let mut queries = low_rank(28, 40, width, 6, 0.2);
            for row in references
                .chunks_mut(width)
                .chain(queries.chunks_mut(width))
            {
                row[11] *= huge;
            }
            let case = plain(width, references, queries, 9, metric);
            // The naive search sums in another order, so it cannot tell neighbours apart whose
            // distances differ by less than the rounding of huge ones.
            case.search_with_all_kernels();
        }
    }
}

#[test]
fn rows_with_nan_and_infinity() {
    for metric in METRICS {
        let width = 64;
        let mut references = low_rank(29, 150, width, 3, 0.1);
        let mut queries = low_rank(30, 36, width, 3, 0.1);
        references[width * 7 + 3] = f32::NAN;
        references[width * 8] = f32::INFINITY;
        queries[width * 33] = f32::NEG_INFINITY;
        queries[5] = f32::NAN;
        let found = plain(width, references, queries, 200, metric).search_with_all_kernels();
        assert_eq!(found.list(0, 0).len(), 0);
        assert_eq!(found.list(33, 0).len(), 0);
        assert_eq!(found.list(1, 0).len(), 148);
        assert!(found.list(1, 0).iter().all(|n| n.row != 7 && n.row != 8));
    }
}

#[test]
fn groups_exclusions_and_half_precision() {
    for metric in METRICS {
        let (width, rows, count) = (72, 500, 70);
        let references = low_rank(31, rows, width, 8, 0.1);
        let queries = references[..count * width].to_vec();
        let mut case = plain(width, references, queries, 6, metric);
        case.references = Data::new(low_rank(31, rows, width, 8, 0.1), true);
        case.cut = 130;
        let mut masks: Vec<u8> = (0..rows).map(|row| (row * row % 8) as u8).collect();
        // A group with fewer members than `k`.
        for (row, mask) in masks.iter_mut().enumerate() {
            *mask |= u8::from(row % 200 == 0) << 3;
        }
        case.masks = Some((masks, 4));
        case.exclude = Some((0..count as u32).map(Some).collect());
        let label = |row: usize| {
            if row.is_multiple_of(5) {
                Labels::NONE
            } else {
                (row % 17) as u32
            }
        };
        case.labels = Some((
            (0..count).map(label).collect(),
            (0..rows).map(label).collect(),
        ));
        case.check();
    }
}

/// Of a large index, a part of the references tells which others are worth a look first.
#[test]
fn a_part_that_misleads_loses_no_neighbour() {
    let (width, rows) = (40, 4500);
    for metric in METRICS {
        let mut queries = low_rank(41, 30, width, 6, 0.1);
        queries.extend(vec![0.0; width]);
        let references = low_rank(42, rows, width, 6, 0.1);
        plain(width, references.clone(), queries.clone(), 8, metric).check();
        // The first rows are in that part. Each is nearer to one query than all others, or is far.
        for near in [6, 7, 8, 12] {
            let mut references = references.clone();
            for (row, query) in references.chunks_mut(width).zip(queries.chunks(width)) {
                row.copy_from_slice(query);
            }
            let copies = queries[..width].repeat(near);
            references[..near * width].copy_from_slice(&copies);
            plain(width, references, queries.clone(), 8, metric).check();
        }
        // Groups with few members, which that part may not have at all.
        let mut case = plain(width, references, queries, 8, metric);
        let masks = (0..rows).map(|row| 1 | u8::from(row % 700 == 650) << 1);
        case.masks = Some((masks.collect(), 2));
        case.check();
    }
}

#[test]
fn the_result_tells_how_it_was_found() {
    let case = plain(
        128,
        low_rank(33, 3000, 128, 10, 0.1),
        low_rank(34, 64, 128, 10, 0.1),
        5,
        DistanceMetric::Cosine,
    );
    let method = |pruning| {
        let found = case.search_with(Some(Kernel::Portable), 2, pruning);
        found.method().unwrap()
    };
    assert_eq!(method(Pruning::Off).directions, None);
    assert_eq!(method(Pruning::Directions(32)).directions, Some(32));
    assert_eq!(method(Pruning::Off).kernel, Kernel::Portable);
    // Too small for leading directions to pay.
    assert_eq!(method(Pruning::Auto).directions, None);
}

#[test]
fn a_large_search_chooses_leading_directions() {
    let (width, rows) = (256, 40_000);
    let queries = 1_200;
    let choice = |references: Vec<f32>, asked: Vec<f32>| {
        let case = plain(width, references, asked, 5, DistanceMetric::Cosine);
        let index = Index::new(
            width,
            case.references.blocks(width, rows),
            Membership::All,
            DistanceMetric::Cosine,
        )
        .unwrap();
        let options = SearchOptions {
            // It has no bytes, which may be faster still.
            kernel: Some(Kernel::Portable),
            ..SearchOptions::nearest(5)
        };
        // Stopped at the first report: only the choice matters here.
        let blocks = case.queries.blocks(width, queries);
        let stopped = index.search(&blocks, &options, &|_, _| false);
        assert!(stopped.is_err());
        index.has_leading_directions()
    };
    assert!(choice(
        low_rank(35, rows, width, 12, 0.02),
        low_rank(36, queries, width, 12, 0.02)
    ));
    assert!(!choice(noise(37, rows * width), noise(38, queries * width)));
}

#[test]
fn bytes_are_multiplied_where_they_are_fast() {
    let (width, rows, queries) = (256, 6000, 800);
    let choice = |kernel, values: Vec<f32>| {
        let asked = noise(44, queries * width);
        let case = plain(width, values, asked, 5, DistanceMetric::Cosine);
        let found = case.search_with(Some(kernel), 2, Pruning::Auto);
        found.method().unwrap().bytes
    };
    for kernel in Kernel::available() {
        let case = plain(
            width,
            noise(43, 100 * width),
            noise(44, 40 * width),
            5,
            DistanceMetric::Cosine,
        );
        let method = |pruning| case.search_with(Some(kernel), 1, pruning).method().unwrap();
        // Small searches: only as bytes if that is asked for.
        assert!(!method(Pruning::Off).bytes && !method(Pruning::Auto).bytes);
        let has_bytes = ![Kernel::Portable, Kernel::Avx512].contains(&kernel);
        if kernel != Kernel::Neon {
            assert_eq!(method(Pruning::Bytes).bytes, has_bytes, "{kernel:?}");
        }
    }
    if !Kernel::Amx.is_available() {
        eprintln!("*** NOT RUN: the choice of bytes: this processor lacks AMX ***");
        return;
    }
    assert!(choice(Kernel::Amx, noise(43, rows * width)));
    // One huge column: rounded to its step, the others are lost.
    let mut huge = noise(43, rows * width);
    huge.chunks_mut(width).for_each(|row| row[0] *= 1e4);
    assert!(!choice(Kernel::Amx, huge));
}

#[test]
fn a_second_search_reuses_the_leading_coordinates() {
    let case = plain(
        100,
        low_rank(39, 900, 100, 10, 0.1),
        low_rank(40, 50, 100, 10, 0.1),
        4,
        DistanceMetric::L2,
    );
    let blocks = case.references.blocks(100, 200);
    let index = Index::new(100, blocks, Membership::All, DistanceMetric::L2).unwrap();
    let options = SearchOptions {
        pruning: Pruning::Directions(32),
        ..SearchOptions::nearest(4)
    };
    let queries = case.queries.blocks(100, 100);
    let first = index.search(&queries, &options, &|_, _| true).unwrap();
    assert!(index.has_leading_directions());
    let second = index.search(&queries, &options, &|_, _| true).unwrap();
    assert_eq!(first, second);
}

/// A sample of the tiles gives the floors of the search by bytes. The nearest references are placed
/// where the sample misleads most.
#[test]
fn floors_from_a_sample_lose_no_neighbour() {
    let (width, rows, count, k) = (36, 4000, 33, 3);
    for metric in METRICS {
        let references = low_rank(51, rows, width, 6, 0.1);
        let mut queries = low_rank(52, count, width, 6, 0.1);
        queries[..width].fill(0.0);
        let case =
            |references: &[f32]| plain(width, references.to_vec(), queries.clone(), k, metric);
        case(&references).check();
        // Copies of a query in every tile, one or two short of `k` in one tile, or all in one.
        for (first, step, copies) in [
            (0, 1, 2),
            (0, 1, 3),
            (5, 40, 60),
            (3990, 1, 10),
            (0, 33, 121),
        ] {
            let mut references = references.clone();
            for copy in 0..copies {
                let row = first + copy * step;
                let source = 2 + copy % (count - 2);
                let values = &queries[source * width..][..width];
                references[row * width..][..width].copy_from_slice(values);
            }
            case(&references).check();
        }
        // Two copies of a query, in two tiles that the sample of every kernel has. The next is far.
        let mut copied = references.clone();
        for (query, rows) in [
            (2, [160, 320]),
            (3, [161, 321]),
            (4, [0, 322]),
            (5, [1, 323]),
        ] {
            for row in rows {
                let values = &queries[query * width..][..width];
                copied[row * width..][..width].copy_from_slice(values);
            }
        }
        case(&copied).check();
        // Each query excludes itself, which is the best of its tile.
        let mut own = case(&references);
        own.queries = Data::F32(references[..count * width].to_vec());
        own.exclude = Some((0..count as u32).map(Some).collect());
        own.check();
        // All distances are equal.
        let equal = references[..width].repeat(rows);
        let mut ties = case(&equal);
        ties.exclude = Some((0..count as u32).map(Some).collect());
        ties.check();
        // Groups of which most tiles have no member, and labels that exclude most references.
        let mut grouped = case(&references);
        let masks = (0..rows).map(|row| 1 << (row % 2) | u8::from(row % 900 == 7) << 2);
        grouped.masks = Some((masks.collect(), 3));
        grouped.check();
        grouped.labels = Some((
            vec![1; count],
            (0..rows).map(|row| u32::from(row % 50 > 0)).collect(),
        ));
        grouped.check();
        // A query that is not finite has no neighbours, and does not disturb the others.
        queries[width] = f32::NAN;
        let found = plain(width, references, queries, k, metric).search_with_all_kernels();
        assert_eq!([found.list(1, 0).len(), found.list(2, 0).len()], [0, k]);
    }
}
