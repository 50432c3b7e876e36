//! Distances in double precision with a fixed order of summation.
//!
//! There are sixteen partial sums, one per column modulo sixteen, which are added pairwise at the
//! end. Every instruction set performs exactly these operations (no fused multiply-add), so the
//! result is identical in every bit.
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
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Exact::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Exact::Avx2;
            }
        }
        Exact::Portable
    }

    /// The inner product.
    pub(crate) fn dot(self, left: &[f64], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => dot_body(left, right),
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { dot_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { dot_avx512(left, right) },
        }
    }

    /// The squared Euclidean distance.
    pub(crate) fn squared_distance(self, left: &[f64], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => squared_distance_body(left, right),
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { squared_distance_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { squared_distance_avx512(left, right) },
        }
    }

    /// The inner product, identical in every bit to [`dot`](Self::dot).
    pub(crate) fn dot_rows(self, left: &[f32], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => dot_body(left, right),
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { dot_rows_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { dot_rows_avx512(left, right) },
        }
    }

    /// The squared distance, identical in every bit to
    /// [`squared_distance`](Self::squared_distance).
    pub(crate) fn squared_distance_rows(self, left: &[f32], right: &[f32]) -> f64 {
        match self {
            Exact::Portable => squared_distance_body(left, right),
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { squared_distance_rows_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx512 => unsafe { squared_distance_rows_avx512(left, right) },
        }
    }

    /// The squared norm, identical in every bit to the inner product of the vector with itself,
    /// and the largest magnitude. If the squared norm is NaN, the magnitude has no meaning.
    pub(crate) fn norm(self, values: &[f32]) -> (f64, f32) {
        match self {
            Exact::Portable => norm_body(values),
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Exact::Avx2 => unsafe { norm_avx2(values) },
            // SAFETY: `detect` found AVX-512F on this processor.
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

#[inline(always)]
fn sum_body<T: Copy + Into<f64>>(left: &[T], right: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let mut left_lines = left.chunks_exact(LANES);
    let mut right_lines = right.chunks_exact(LANES);
    for (left, right) in (&mut left_lines).zip(&mut right_lines) {
        for lane in 0..LANES {
            sums[lane] += term(left[lane].into(), f64::from(right[lane]));
        }
    }
    let rest = left_lines.remainder().iter().zip(right_lines.remainder());
    for (sum, (left, right)) in sums.iter_mut().zip(rest) {
        *sum += term((*left).into(), f64::from(*right));
    }
    add_up(sums)
}

#[inline(always)]
fn dot_body<T: Copy + Into<f64>>(left: &[T], right: &[f32]) -> f64 {
    sum_body(left, right, |left, right| left * right)
}

#[inline(always)]
fn squared_distance_body<T: Copy + Into<f64>>(left: &[T], right: &[f32]) -> f64 {
    sum_body(left, right, |left, right| {
        let difference = left - right;
        difference * difference
    })
}

#[inline(always)]
fn norm_body(values: &[f32]) -> (f64, f32) {
    let mut sums = [0.0_f64; LANES];
    let mut largest = [0.0_f32; LANES];
    let mut lines = values.chunks_exact(LANES);
    for line in &mut lines {
        for lane in 0..LANES {
            let value = f64::from(line[lane]);
            sums[lane] += value * value;
            largest[lane] = largest[lane].max(line[lane].abs());
        }
    }
    for (lane, value) in lines.remainder().iter().enumerate() {
        let wide = f64::from(*value);
        sums[lane] += wide * wide;
        largest[lane] = largest[lane].max(value.abs());
    }
    (add_up(sums), largest.into_iter().fold(0.0, f32::max))
}

macro_rules! compiled_for {
    ($feature:literal, $dot:ident, $squared_distance:ident, $dot_rows:ident,
     $squared_distance_rows:ident, $norm:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $dot_rows(left: &[f32], right: &[f32]) -> f64 {
            dot_body(left, right)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $squared_distance_rows(left: &[f32], right: &[f32]) -> f64 {
            squared_distance_body(left, right)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $dot(left: &[f64], right: &[f32]) -> f64 {
            dot_body(left, right)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $squared_distance(left: &[f64], right: &[f32]) -> f64 {
            squared_distance_body(left, right)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $norm(values: &[f32]) -> (f64, f32) {
            norm_body(values)
        }
    };
}

compiled_for!(
    "avx2",
    dot_avx2,
    squared_distance_avx2,
    dot_rows_avx2,
    squared_distance_rows_avx2,
    norm_avx2
);
compiled_for!(
    "avx512f",
    dot_avx512,
    squared_distance_avx512,
    dot_rows_avx512,
    squared_distance_rows_avx512,
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
