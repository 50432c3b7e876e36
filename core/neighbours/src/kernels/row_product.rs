//! Single inner products in single precision, for the few references that the bounds leave.
#![allow(unsafe_code)]

/// Number of partial sums: enough to keep the multipliers of every processor busy.
const LANES: usize = 64;

/// Computes inner products with the widest vector instructions of the processor.
///
/// Every order of summation is within the bound for `width` roundings on any path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowProduct {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl RowProduct {
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                return RowProduct::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return RowProduct::Avx2;
            }
        }
        RowProduct::Portable
    }

    /// Subtracts `factor` times `other` from `row`.
    pub(crate) fn subtract(self, row: &mut [f32], factor: f32, other: &[f32]) {
        match self {
            RowProduct::Portable => subtract_body(row, factor, other),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx2 => unsafe { subtract_avx2(row, factor, other) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx512 => unsafe { subtract_avx512(row, factor, other) },
        }
    }

    /// The inner product of two integer rows of the same width. The sum must fit.
    #[inline(always)]
    pub(crate) fn dot_integers(self, left: &[i16], right: &[i16]) -> i32 {
        match self {
            RowProduct::Portable => dot_integers_body(left, right),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx2 => unsafe { dot_integers_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F and AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx512 => unsafe { dot_integers_avx512(left, right) },
        }
    }

    /// The inner product of two rows of the same width.
    pub(crate) fn dot(self, left: &[f32], right: &[f32]) -> f32 {
        match self {
            // Every ARM processor of 64 bits multiplies and adds in one instruction.
            RowProduct::Portable if cfg!(target_arch = "aarch64") => {
                dot_body(left, right, f32::mul_add)
            }
            RowProduct::Portable => dot_body(left, right, |left, right, sum| left * right + sum),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx2 => unsafe { dot_avx2(left, right) },
            // SAFETY: `detect` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            RowProduct::Avx512 => unsafe { dot_avx512(left, right) },
        }
    }
}

#[inline(always)]
fn subtract_body(row: &mut [f32], factor: f32, other: &[f32]) {
    for (value, other) in row.iter_mut().zip(other) {
        *value -= factor * other;
    }
}

#[inline(always)]
fn dot_integers_body(left: &[i16], right: &[i16]) -> i32 {
    let mut sum = 0;
    for (left, right) in left.iter().zip(right) {
        sum += i32::from(*left) * i32::from(*right);
    }
    sum
}

#[inline(always)]
fn dot_body(left: &[f32], right: &[f32], add: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let mut left_lines = left.chunks_exact(LANES);
    let mut right_lines = right.chunks_exact(LANES);
    for (left, right) in (&mut left_lines).zip(&mut right_lines) {
        for lane in 0..LANES {
            sums[lane] = add(left[lane], right[lane], sums[lane]);
        }
    }
    let rest = left_lines.remainder().iter().zip(right_lines.remainder());
    for (sum, (left, right)) in sums.iter_mut().zip(rest) {
        *sum = add(*left, *right, *sum);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_avx2(left: &[f32], right: &[f32]) -> f32 {
    dot_body(left, right, f32::mul_add)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn dot_avx512(left: &[f32], right: &[f32]) -> f32 {
    dot_body(left, right, f32::mul_add)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_integers_avx2(left: &[i16], right: &[i16]) -> i32 {
    dot_integers_body(left, right)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn dot_integers_avx512(left: &[i16], right: &[i16]) -> i32 {
    dot_integers_body(left, right)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn subtract_avx2(row: &mut [f32], factor: f32, other: &[f32]) {
    subtract_body(row, factor, other);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn subtract_avx512(row: &mut [f32], factor: f32, other: &[f32]) {
    subtract_body(row, factor, other);
}
