//! Sums in the order of numpy, so that the results are identical in every bit.
//!
//! `numpy.sum` halves a long array (at a multiple of 8) until at most 128 elements are left, adds
//! those with eight accumulators, and adds the halves. This module does the same for many sums at
//! once, row by row, without storing all rows. It sums the halves in parallel.

use std::ops::Range;

const LEAF: usize = 128;
const LANES: usize = 8;

/// Sums `width` values over `rows`. `leaf` creates a function that writes the values of one row
/// into a slice of zeros.
pub(super) fn sum_rows<F: FnMut(usize, &mut [f64])>(
    rows: Range<usize>,
    width: usize,
    leaf: &(impl Fn() -> F + Sync),
) -> Vec<f64> {
    add_rows(rows, width, &|| {
        let mut values = leaf();
        let mut row_values = vec![0.0; width];
        move |row: usize, into: &mut [f64]| {
            row_values.fill(0.0);
            values(row, &mut row_values);
            add(into, &row_values);
        }
    })
}

/// Like [`sum_rows`], but `leaf` creates a function that adds the values of one row to the sums
/// itself, one addition per value.
pub(super) fn add_rows<F: FnMut(usize, &mut [f64])>(
    rows: Range<usize>,
    width: usize,
    leaf: &(impl Fn() -> F + Sync),
) -> Vec<f64> {
    if rows.len() > LEAF {
        let half = rows.len() / 2;
        let middle = rows.start + half - half % LANES;
        let (mut left, right) = rayon::join(
            || add_rows(rows.start..middle, width, leaf),
            || add_rows(middle..rows.end, width, leaf),
        );
        add(&mut left, &right);
        return left;
    }
    let mut add_row = leaf();
    let mut sum = vec![0.0; width];
    let whole = rows.len() - rows.len() % LANES;
    if whole > 0 {
        let mut lanes = vec![0.0; width * LANES];
        for (at, row) in rows.clone().take(whole).enumerate() {
            add_row(row, &mut lanes[at % LANES * width..][..width]);
        }
        for (at, sum) in sum.iter_mut().enumerate() {
            let lane = |l: usize| lanes[l * width + at];
            *sum = ((lane(0) + lane(1)) + (lane(2) + lane(3)))
                + ((lane(4) + lane(5)) + (lane(6) + lane(7)));
        }
    }
    for row in rows.skip(whole) {
        add_row(row, &mut sum);
    }
    sum
}

fn add(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// Sums one array like `numpy.sum`.
pub(super) fn sum(values: &[f64]) -> f64 {
    if values.len() > LEAF {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % LANES);
        return sum(left) + sum(right);
    }
    let (whole, rest) = values.split_at(values.len() - values.len() % LANES);
    let mut lanes = [0.0; LANES];
    for chunk in whole.chunks_exact(LANES) {
        add(&mut lanes, chunk);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| {
            sum + value
        })
}

/// [`sum`] of an array of `length` numbers that is 0 except for `values`, pairs of position and
/// number with ascending positions. Zeros change no sum, so they are not added.
pub(super) fn sum_sparse(length: usize, values: &[(usize, f64)]) -> f64 {
    sum_sparse_from(0, length, values)
}

fn sum_sparse_from(start: usize, length: usize, values: &[(usize, f64)]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    if length > LEAF {
        let half = length / 2;
        let half = half - half % LANES;
        let (left, right) =
            values.split_at(values.partition_point(|&(place, _)| place < start + half));
        return sum_sparse_from(start, half, left)
            + sum_sparse_from(start + half, length - half, right);
    }
    let whole = length - length % LANES;
    let (in_lanes, rest) =
        values.split_at(values.partition_point(|&(place, _)| place < start + whole));
    let mut lanes = [0.0; LANES];
    for &(place, value) in in_lanes {
        lanes[(place - start) % LANES] += value;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter().fold(
        ((a + b) + (c + d)) + ((e + f) + (g + h)),
        |sum, &(_, value)| sum + value,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NUMPY: [(usize, f64); 14] = [
        (0, 0.0),
        (1, 0.1),
        (7, 2.8000000000000003),
        (8, 3.6),
        (9, 4.5),
        (100, 505.0),
        (127, 812.8000000000001),
        (128, 825.6),
        (129, 838.5),
        (130, 851.5),
        (257, 3315.2999999999997),
        (1000, 50050.0),
        (2408, 290043.6),
        (20000, 20001000.0),
    ];

    #[test]
    fn sums_equal_numpy() {
        // numpy 2.4: (0.1 * numpy.arange(1, n + 1)).sum()
        let sum_of = |n: usize| sum(&(1..=n).map(|i| 0.1 * i as f64).collect::<Vec<_>>());
        for (n, wanted) in NUMPY {
            assert_eq!(sum_of(n), wanted, "{n}");
        }
    }

    proptest! {
        #[test]
        fn sums_of_rows_equal_sums_of_arrays(values in proptest::collection::vec(0f64..10.0, 0..700)) {
            let rows = sum_rows(0..values.len(), 1, &|| |row: usize, into: &mut [f64]| into[0] = values[row]);
            prop_assert_eq!(rows[0], sum(&values));
        }

        #[test]
        fn sparse_sums_equal_dense_sums(values in proptest::collection::vec(prop_oneof![3 => Just(0f64), 1 => 0f64..10.0], 0..1500)) {
            let some: Vec<(usize, f64)> = values.iter().copied().enumerate().filter(|(_, v)| *v != 0.0).collect();
            prop_assert_eq!(sum_sparse(values.len(), &some), sum(&values));
        }
    }
}
