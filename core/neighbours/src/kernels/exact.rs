//! Distances in double precision with a fixed order of summation.
//!
//! There are sixteen partial sums, one per column modulo sixteen, which are added pairwise at the
//! end. The product of two numbers of single precision is exact in double precision, so a fused
//! multiply-add rounds as a multiplication and an addition do. Every instruction set therefore returns
//! a result that is identical in every bit.
#![allow(unsafe_code)]

const LANES: usize = 16;

/// Computes the exact sums with the widest vector instructions of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exact {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Exact {
    /// What this processor supports, the fastest last.
    pub(crate) fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut found = vec![Exact::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                found.push(Exact::Avx2);
            }
            if is_x86_feature_detected!("avx512f") {
                found.push(Exact::Avx512);
            }
        }
        found
    }

    pub(crate) fn detect() -> Self {
        Self::available().pop().unwrap_or(Exact::Portable)
    }

    /// The inner product. `left` holds numbers of single precision, converted or not.
    pub(crate) fn dot<T: Copy + Into<f64>>(self, left: &[T], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => sum_body(left, right, add_product),
            // SAFETY: `available` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { dot_avx2(left, right) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { dot_avx512(left, right) },
        }
    }

    /// The squared Euclidean distance. `left` is as for [`dot`](Self::dot).
    pub(crate) fn squared_distance<T: Copy + Into<f64>>(self, left: &[T], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => sum_body(left, right, add_square),
            // SAFETY: `available` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { squared_distance_avx2(left, right) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { squared_distance_avx512(left, right) },
        }
    }

    /// Two inner products, identical in every bit to those of [`dot`](Self::dot).
    pub(crate) fn two_dots(self, left: [&[f32]; 2], right: [&[f32]; 2]) -> [f64; 2] {
        match self {
            Exact::Portable => two_sums_body(left, right, add_product),
            // SAFETY: `available` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { two_dots_avx2(left, right) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { two_dots_avx512(left, right) },
        }
    }

    /// Two squared distances, identical in every bit to those of
    /// [`squared_distance`](Self::squared_distance).
    pub(crate) fn two_squared_distances(self, left: [&[f32]; 2], right: [&[f32]; 2]) -> [f64; 2] {
        match self {
            Exact::Portable => two_sums_body(left, right, add_square),
            // SAFETY: `available` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { two_squared_distances_avx2(left, right) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { two_squared_distances_avx512(left, right) },
        }
    }

    /// The squared norm, identical in every bit to the inner product of the vector with itself,
    /// and the largest magnitude. If the squared norm is NaN, the magnitude has no meaning.
    pub(crate) fn norm(self, values: &[f32]) -> (f64, f32) {
        match self {
            Exact::Portable => norm_body(values, add_product),
            // SAFETY: `available` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { norm_avx2(values) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { norm_avx512(values) },
        }
    }
}

#[inline(always)]
fn add_up(mut sums: [f64; LANES]) -> f64 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// `sum + left * right`. The product of two numbers of single precision is exact in double precision, so
/// that one rounding or two make no difference.
#[inline(always)]
fn add_product(left: f64, right: f64, sum: f64) -> f64 {
    left * right + sum
}

#[inline(always)]
fn add_square(left: f64, right: f64, sum: f64) -> f64 {
    let difference = left - right;
    sum + difference * difference
}

#[inline(always)]
fn sum_body<T: Copy + Into<f64>>(
    left: &[T],
    right: &[f32],
    add: impl Fn(f64, f64, f64) -> f64,
) -> f64 {
    let mut sums = [0.0; LANES];
    let mut left_lines = left.chunks_exact(LANES);
    let mut right_lines = right.chunks_exact(LANES);
    for (left, right) in (&mut left_lines).zip(&mut right_lines) {
        for lane in 0..LANES {
            sums[lane] = add(left[lane].into(), f64::from(right[lane]), sums[lane]);
        }
    }
    let rest = left_lines.remainder().iter().zip(right_lines.remainder());
    for (sum, (left, right)) in sums.iter_mut().zip(rest) {
        *sum = add((*left).into(), f64::from(*right), *sum);
    }
    add_up(sums)
}

/// Two sums at once: neither waits for the additions of the other.
#[inline(always)]
fn two_sums_body(
    left: [&[f32]; 2],
    right: [&[f32]; 2],
    add: impl Fn(f64, f64, f64) -> f64,
) -> [f64; 2] {
    let ([left, other_left], [right, other_right]) = (
        left.map(|row| row.as_chunks::<LANES>()),
        right.map(|row| row.as_chunks::<LANES>()),
    );
    let (mut sums, mut other_sums) = ([0.0; LANES], [0.0; LANES]);
    let lines = left.0.iter().zip(right.0);
    let other_lines = other_left.0.iter().zip(other_right.0);
    for ((left, right), (other_left, other_right)) in lines.zip(other_lines) {
        for lane in 0..LANES {
            sums[lane] = add(left[lane].into(), right[lane].into(), sums[lane]);
        }
        for lane in 0..LANES {
            let (left, right) = (other_left[lane].into(), other_right[lane].into());
            other_sums[lane] = add(left, right, other_sums[lane]);
        }
    }
    for (sums, left, right) in [
        (&mut sums, left.1, right.1),
        (&mut other_sums, other_left.1, other_right.1),
    ] {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum = add((*left).into(), (*right).into(), *sum);
        }
    }
    [add_up(sums), add_up(other_sums)]
}

#[inline(always)]
fn norm_body(values: &[f32], add: impl Fn(f64, f64, f64) -> f64) -> (f64, f32) {
    let mut sums = [0.0_f64; LANES];
    let mut largest = [0.0_f32; LANES];
    let larger = |left: f32, right: f32| if left > right { left } else { right };
    let (lines, rest) = values.as_chunks::<LANES>();
    for line in lines {
        for lane in 0..LANES {
            let value = f64::from(line[lane]);
            sums[lane] = add(value, value, sums[lane]);
            largest[lane] = larger(line[lane].abs(), largest[lane]);
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        let wide = f64::from(*value);
        sums[lane] = add(wide, wide, sums[lane]);
        largest[lane] = larger(value.abs(), largest[lane]);
    }
    (add_up(sums), largest.into_iter().fold(0.0, f32::max))
}

macro_rules! compiled_for {
    ($feature:literal, $dot:ident, $squared_distance:ident, $two_dots:ident,
     $two_squared_distances:ident, $norm:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $two_dots(left: [&[f32]; 2], right: [&[f32]; 2]) -> [f64; 2] {
            two_sums_body(left, right, f64::mul_add)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $two_squared_distances(left: [&[f32]; 2], right: [&[f32]; 2]) -> [f64; 2] {
            two_sums_body(left, right, add_square)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $dot<T: Copy + Into<f64>>(left: &[T], right: &[f32]) -> f64 {
            sum_body(left, right, add_product)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $squared_distance<T: Copy + Into<f64>>(left: &[T], right: &[f32]) -> f64 {
            sum_body(left, right, add_square)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $norm(values: &[f32]) -> (f64, f32) {
            norm_body(values, f64::mul_add)
        }
    };
}

compiled_for!(
    "avx2,fma",
    dot_avx2,
    squared_distance_avx2,
    two_dots_avx2,
    two_squared_distances_avx2,
    norm_avx2
);
compiled_for!(
    "avx512f",
    dot_avx512,
    squared_distance_avx512,
    two_dots_avx512,
    two_squared_distances_avx512,
    norm_avx512
);

/// Requests the cache lines of a row before its use.
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks((64 / size_of::<T>()).max(1)) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all magnitudes, zeros and subnormal numbers too.
    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed;
        let mut bits = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 32) as u32
        };
        let number = |bits: u32| match bits % 4 {
            // Any finite number.
            0 => f32::from_bits(bits & !(1 << 30)),
            1 => f32::from_bits(bits & 0x807f_ffff),
            2 => 0.0,
            _ => (bits >> 8) as f32 / (1 << 23) as f32 - 1.0,
        };
        (0..count).map(|_| number(bits())).collect()
    }

    #[test]
    fn every_instruction_set_finds_the_same_bits() {
        for width in [1, 15, 16, 17, 64, 100, 255] {
            let rows: Vec<Vec<f32>> = (0..4).map(|seed| numbers(seed, width)).collect();
            let (left, right) = ([&rows[0][..], &rows[1]], [&rows[2][..], &rows[3]]);
            let wide = left.map(|row| {
                row.iter()
                    .map(|&value| f64::from(value))
                    .collect::<Vec<_>>()
            });
            let expected: Vec<u64> = left
                .iter()
                .zip(right)
                .flat_map(|(left, right)| {
                    // The definition: sixteen sums, without a fused multiply-add.
                    let sum = |term: fn(f64, f64) -> f64| {
                        let mut sums = [0.0; LANES];
                        for (column, (left, right)) in left.iter().zip(right).enumerate() {
                            sums[column % LANES] += term(f64::from(*left), f64::from(*right));
                        }
                        add_up(sums).to_bits()
                    };
                    [
                        sum(|l, r| l * r),
                        sum(|l, r| (l - r) * (l - r)),
                        sum(|l, _| l * l),
                    ]
                })
                .collect();
            for exact in Exact::available() {
                let dots = exact.two_dots(left, right);
                let distances = exact.two_squared_distances(left, right);
                for at in 0..2 {
                    let case = format!("{exact:?} {width} {at}");
                    let [dot, distance, norm] = [0, 1, 2].map(|kind| expected[3 * at + kind]);
                    let (left, right) = (left[at], right[at]);
                    assert_eq!(exact.dot(left, right).to_bits(), dot, "{case}");
                    assert_eq!(exact.dot(&wide[at], right).to_bits(), dot, "{case}");
                    assert_eq!(dots[at].to_bits(), dot, "{case}");
                    let found = exact.squared_distance(left, right).to_bits();
                    assert_eq!(found, distance, "{case}");
                    assert_eq!(distances[at].to_bits(), distance, "{case}");
                    let (squared, largest) = exact.norm(left);
                    assert_eq!(squared.to_bits(), norm, "{case}");
                    let magnitudes = left.iter().map(|value| value.abs());
                    assert_eq!(largest, magnitudes.fold(0.0, f32::max), "{case}");
                }
            }
        }
    }
}
