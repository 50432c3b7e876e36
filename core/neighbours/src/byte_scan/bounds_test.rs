//! Compares the bounds from rows as bytes with exact keys, and the products of all kernels.

use super::{queries::Batch, references::ByteRows};
use crate::{
    DistanceMetric, Index, Membership, RowBlock, Values,
    kernels::{BoundLanes, PackedValue, SumValue, TileKernel},
    precision::Precision,
    rows::Matrix,
};

fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| number()).collect()
}

fn block(values: &[f32], width: usize) -> RowBlock<'_> {
    RowBlock {
        first_row: 0,
        rows: values.len() / width,
        values: Values::F32(values),
    }
}

/// Rows of many kinds: plain, with one large column, tiny, zero, huge, and all of the largest byte.
fn rows(seed: u64, width: usize) -> Vec<f32> {
    let mut rows = noise(seed, 40 * width);
    for (row, factor) in [(3, 1e-30), (4, 1e-42), (5, 0.0), (6, 1e14), (7, 1e-5)] {
        for value in &mut rows[row * width..(row + 1) * width] {
            *value *= factor;
        }
    }
    for row in 8..12 {
        rows[row * width + row % width] *= 1e4;
    }
    rows[12 * width..13 * width].fill(1.0);
    rows[13 * width..14 * width].fill(-1.0);
    rows
}

/// Checks every bound, and returns how often it was checked.
fn check<L: TileKernel>(kernel: L, metric: DistanceMetric, width: usize) -> usize {
    let (references, asked) = (rows(1, width), rows(2, width));
    let blocks = vec![block(&references, width)];
    let index = Index::new(width, blocks, Membership::All, metric).unwrap();
    let queries = Matrix::new(width, vec![block(&asked, width)]).unwrap();
    let byte_rows = ByteRows::<L>::new(&index);
    let scaling = index.scaling(Precision::Single).with_run(width);
    let count = queries.rows();
    let batch = Batch::<L>::new(&index, &byte_rows, &scaling, &queries, (0, count));
    let mut sums = vec![L::Sum::default(); L::ROWS * L::QUERIES];
    let mut masks = vec![0; L::ROWS];
    let mut checked = 0;
    let (padded, lines) = (byte_rows.width, byte_rows.width / L::LINE);
    for (panel, packed) in batch.panels.chunks_exact(padded * L::QUERIES).enumerate() {
        let lane = panel * L::QUERIES;
        let thresholds = vec![0.0; L::QUERIES];
        let lanes = BoundLanes {
            starts: &batch.starts[lane..][..L::QUERIES],
            tails: &batch.tails[lane..][..L::QUERIES],
            offsets: &batch.offsets[lane..][..L::QUERIES],
            thresholds: &thresholds,
        };
        for (number, tile) in byte_rows.tiles.chunks_exact(padded * L::ROWS).enumerate() {
            let bounds = &byte_rows.rows[number * L::ROWS..][..L::ROWS];
            kernel.reach(packed, tile, lines, bounds, &lanes, &mut sums, &mut masks);
            for (at, sum) in sums.iter().enumerate() {
                let (member, query) = (number * L::ROWS + at / L::QUERIES, lane + at % L::QUERIES);
                if member >= index.members.len() || query >= count {
                    continue;
                }
                let (row, bound) = (&byte_rows.rows[member], &batch.bounds[query]);
                let scale = batch.scales[query].unwrap();
                let values = &asked[query * width..][..width];
                let squared = batch.squared_norms[query];
                let distance = index.distance(values, squared, member, &mut Vec::new());
                let key = f64::from(sum.to_f32() * row.factor + row.offset * bound.offset);
                let error =
                    f64::from(row.tail * bound.tail) + (bound.error + scale.error()) / bound.step;
                let exact = scale.key_of_distance(distance) / bound.step;
                let case = format!("{metric:?} {width}: row {member}, query {query}");
                assert!(
                    (key - exact).abs() <= error,
                    "{case}: {key} {exact} {error}"
                );
                let upper =
                    sum.to_f32() * row.factor + (row.tail * bound.tail + row.offset * bound.offset);
                let reaches = masks[at / L::QUERIES] >> (at % L::QUERIES) & 1 == 1;
                let near = f64::from(upper).abs() <= 1e-5 * error;
                assert!(near || reaches == (upper >= 0.0), "{case}: {upper}");
                checked += 1;
            }
        }
    }
    checked
}

fn check_kernel<L: TileKernel>(kernel: Option<L>, name: &str) {
    let Some(kernel) = kernel else {
        eprintln!("*** NOT RUN: bytes with {name}: this processor lacks the instructions ***");
        return;
    };
    products_are_exact(kernel, name);
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        for width in [1, 31, 64, 65, 200, 1024] {
            assert_eq!(check(kernel, metric, width), 1600);
        }
    }
}

/// The sums of a kernel are those of integers without rounding.
fn products_are_exact<L: TileKernel>(kernel: L, name: &str) {
    let largest = L::Packed::LARGEST as i32;
    for (lines, extreme) in [(0, false), (1, false), (3, true), (16, false), (40, true)] {
        let width = lines * L::LINE;
        let numbers = |seed, count: usize| -> Vec<i8> {
            let noise = noise(seed, count * width).into_iter();
            let number = |value: f32| {
                if extreme {
                    -largest
                } else {
                    (value * largest as f32) as i32
                }
            };
            noise.map(|value| number(value) as i8).collect()
        };
        let (rows, queries) = (numbers(5, L::ROWS), numbers(6, L::QUERIES));
        let mut tile = vec![L::Packed::default(); width * L::ROWS];
        let mut panel = vec![L::Packed::default(); width * L::QUERIES];
        for column in 0..width {
            for row in 0..L::ROWS {
                let at = (column / L::LINE * L::ROWS + row) * L::LINE + column % L::LINE;
                tile[at] = L::Packed::reference_integer(rows[row * width + column]);
            }
            for query in 0..L::QUERIES {
                let at = (column / L::PAIR * L::QUERIES + query) * L::PAIR + column % L::PAIR;
                panel[at] = L::Packed::query_integer(queries[query * width + column]);
            }
        }
        let product = |row: usize, query: usize| -> i32 {
            let (row, query) = (&rows[row * width..], &queries[query * width..]);
            let pairs = row.iter().zip(query).take(width);
            pairs
                .map(|(&row, &query)| i32::from(row) * i32::from(query))
                .sum()
        };
        let own = |query: usize| -> i32 {
            let values = &queries[query * width..][..width];
            values.iter().map(|&value| i32::from(value)).sum()
        };
        let mut sums = vec![L::Sum::default(); L::ROWS * L::QUERIES];
        for (round, add) in [(1, false), (2, true), (3, true)] {
            // Nested sessions, as in a search that a search calls.
            let _session = (round == 2).then(|| kernel.session());
            kernel.multiply(&panel, &tile, lines, &mut sums, add);
            for (at, sum) in sums.iter().enumerate() {
                let (row, query) = (at / L::QUERIES, at % L::QUERIES);
                let shift = L::Packed::SHIFT * own(query);
                let expected = L::Sum::from_i32(round * (product(row, query) + shift));
                assert_eq!(sum.to_f32(), expected.to_f32(), "{name}, {lines} lines");
            }
        }
    }
}

#[test]
fn bytes_stay_within_their_bounds() {
    #[cfg(target_arch = "x86_64")]
    {
        use crate::kernels::{Avx2Bytes, AvxVnni, Vnni8};
        check_kernel(Avx2Bytes::detect(), "avx2");
        check_kernel(AvxVnni::detect(), "avx-vnni");
        check_kernel(Vnni8::<2>::detect(), "avx512-vnni");
    }
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    check_kernel(crate::kernels::Amx::detect(), "amx");
    #[cfg(target_arch = "aarch64")]
    check_kernel(crate::kernels::NeonBytes::detect(), "neon");
}
