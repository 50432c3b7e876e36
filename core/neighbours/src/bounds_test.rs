//! Compares the actual errors of the kernels with their proven bounds.

#[cfg(target_arch = "x86_64")]
use crate::kernels::{Avx2, Avx512, Vnni};
use crate::{
    bounds::{Scaling, Size},
    kernels::{Exact, KeyKernel, PackedValue, Portable, SumValue},
    metric::DistanceMetric,
};

/// Pseudo-random numbers. With `spread` their magnitudes differ widely, as in real embeddings with
/// outlier columns.
fn noise(seed: u64, count: usize, spread: bool) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count)
        .map(|_| {
            if spread {
                next() * (20.0 * next()).exp2()
            } else {
                next() + 0.7
            }
        })
        .collect()
}

/// The largest error of a key and its bound, both relative to the range of the keys.
fn errors<K: KeyKernel>(
    kernel: K,
    metric: DistanceMetric,
    width: usize,
    spread: bool,
) -> (f64, f64) {
    let exact = Exact::detect();
    let rows: Vec<Vec<f32>> = (0..K::ROWS as u64)
        .map(|s| noise(s + 1, width, spread))
        .collect();
    let sizes: Vec<Size> = rows
        .iter()
        .map(|row| {
            let (squared, largest) = exact.norm(row);
            Size { squared, largest }
        })
        .collect();
    let padded = width.next_multiple_of(K::LINE);
    let scaling = Scaling::new(metric, K::PRECISION, width, &sizes).with_run(padded);
    let mut tile = vec![K::Packed::default(); padded * K::ROWS];
    let mut scales = Vec::new();
    for (number, (row, size)) in rows.iter().zip(&sizes).enumerate() {
        let scale = scaling.row(*size, 0);
        kernel.pack_row(row, scale.scale, &mut tile[number * K::LINE..]);
        scales.push(scale);
    }
    let query = noise(99, width, spread);
    let (squared, largest) = exact.norm(&query);
    let described = scaling.query(Size { squared, largest });
    let mut panel = vec![K::Packed::default(); padded * K::QUERIES];
    for (column, value) in query.iter().enumerate() {
        let at = column / K::PAIR * K::QUERIES * K::PAIR + column % K::PAIR;
        panel[at] = K::Packed::from_scaled(value * described.scale);
    }
    let mut sums = vec![K::Sum::default(); K::ROWS * K::QUERIES];
    kernel.multiply(&panel, &tile, padded / K::LINE, &mut sums, false);
    let wide: Vec<f64> = query.iter().map(|&value| f64::from(value)).collect();
    let worst = (0..K::ROWS)
        .map(|row| {
            let scale = scales[row];
            let sum = sums[row * K::QUERIES].to_f32();
            let key = sum * scale.factor + scale.offset * described.offset_factor;
            let distance = match metric {
                DistanceMetric::L2 => exact.squared_distance(&wide, &rows[row]),
                DistanceMetric::Cosine => {
                    1.0 - exact.dot(&wide, &rows[row]) / (squared * sizes[row].squared).sqrt()
                }
            };
            (f64::from(key) - described.key_of_distance(distance)).abs()
        })
        .fold(0.0, f64::max);
    // The range of keys: cosine distances from 0 to 1, or L2 distances from 0 to the largest
    // possible.
    let largest = sizes.iter().map(|size| size.squared).fold(0.0, f64::max);
    let farthest = match metric {
        DistanceMetric::Cosine => 1.0,
        DistanceMetric::L2 => (squared.sqrt() + largest.sqrt()).powi(2),
    };
    let unit = described.key_of_distance(0.0) - described.key_of_distance(farthest);
    (worst / unit, described.error() / unit)
}

fn check<K: KeyKernel>(kernel: Option<K>, name: &str) {
    let Some(kernel) = kernel else {
        eprintln!("skipped: this processor cannot run {name}");
        return;
    };
    for metric in [DistanceMetric::Cosine, DistanceMetric::L2] {
        for width in [1, 2, 31, 64, 768, 1280, 5000] {
            for spread in [false, true] {
                let (error, bound) = errors(kernel, metric, width, spread);
                let case = format!("{name} {metric:?} {width} {spread}: {error:e} of {bound:e}");
                assert!(error <= bound, "{case}");
                // A very large bound would be correct but useless.
                assert!(bound < 0.02, "{case}");
            }
        }
    }
}

#[test]
fn kernel_errors_stay_within_their_bounds() {
    check(Some(Portable), "portable");
    #[cfg(target_arch = "x86_64")]
    {
        check(Avx2::detect(), "avx2");
        check(Avx512::<1>::detect(), "avx512, one register");
        check(Avx512::<2>::detect(), "avx512");
        check(Vnni::<1>::detect(), "avx512-vnni, one register");
        check(Vnni::<2>::detect(), "avx512-vnni");
    }
}
