//! Rounding of rows to integers, compiled for the vector instructions of the processor.
#![allow(unsafe_code)]

/// Added to a number of magnitude below 2^22, it leaves the nearest integer in the low bits.
const NEAREST: f32 = 12_582_912.0;
const LANES: usize = 16;

/// Rounds rows with the widest vector instructions of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rounding {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Rounding {
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                return Rounding::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Rounding::Avx2;
            }
        }
        Rounding::Portable
    }

    /// The largest magnitude of finite values, 0 for none.
    pub(crate) fn largest(self, values: &[f32]) -> f32 {
        match self {
            Rounding::Portable => largest_body(values),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx2 => unsafe { largest_avx2(values) },
            // SAFETY: `detect` found AVX-512F and AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx512 => unsafe { largest_avx512(values) },
        }
    }

    /// Replaces the values by the nearest whole numbers of steps. Returns the sum of the squares of
    /// the errors, in single precision. The magnitudes must be below 2^22 steps.
    pub(crate) fn round(self, values: &mut [f32], step: f32) -> f32 {
        match self {
            Rounding::Portable => round_body(values, step),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx2 => unsafe { round_avx2(values, step) },
            // SAFETY: `detect` found AVX-512F and AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx512 => unsafe { round_avx512(values, step) },
        }
    }

    /// Rounds the values times `1 / step` to 8-bit integers. Returns the sum of the squares of the
    /// errors, in single precision. The magnitudes must be at most 127 steps.
    pub(crate) fn round_to_bytes(self, values: &[f32], step: f32, out: &mut [i8]) -> f32 {
        match self {
            Rounding::Portable => round_to_bytes_body(values, step, out),
            // SAFETY: `detect` found AVX2 and FMA on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx2 => unsafe { round_to_bytes_avx2(values, step, out) },
            // SAFETY: `detect` found AVX-512F and AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            Rounding::Avx512 => unsafe { round_to_bytes_avx512(values, step, out) },
        }
    }
}

#[inline(always)]
fn largest_body(values: &[f32]) -> f32 {
    let mut largest = [0.0_f32; LANES];
    let mut lines = values.chunks_exact(LANES);
    for line in &mut lines {
        for (largest, value) in largest.iter_mut().zip(line) {
            let magnitude = value.abs();
            *largest = if magnitude > *largest {
                magnitude
            } else {
                *largest
            };
        }
    }
    let rest = lines.remainder().iter().map(|value| value.abs());
    largest.into_iter().chain(rest).fold(0.0, f32::max)
}

#[inline(always)]
fn round_body(values: &mut [f32], step: f32) -> f32 {
    let inverse = 1.0 / step;
    let mut lost = [0.0_f32; LANES];
    for line in values.chunks_mut(LANES) {
        for (value, lost) in line.iter_mut().zip(&mut lost) {
            let rounded = (*value * inverse + NEAREST) - NEAREST;
            let error = *value - rounded * step;
            *lost += error * error;
            *value = rounded;
        }
    }
    lost.iter().sum()
}

#[inline(always)]
fn round_to_bytes_body(values: &[f32], step: f32, out: &mut [i8]) -> f32 {
    let inverse = 1.0 / step;
    let mut lost = [0.0_f32; LANES];
    for (values, out) in values.chunks(LANES).zip(out.chunks_mut(LANES)) {
        for ((value, out), lost) in values.iter().zip(out).zip(&mut lost) {
            let shifted = value * inverse + NEAREST;
            let error = value - (shifted - NEAREST) * step;
            *lost += error * error;
            *out = shifted.to_bits() as i8;
        }
    }
    lost.iter().sum()
}

macro_rules! compiled_for {
    ($features:literal, $largest:ident, $round:ident, $round_to_bytes:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $largest(values: &[f32]) -> f32 {
            largest_body(values)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $round(values: &mut [f32], step: f32) -> f32 {
            round_body(values, step)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $round_to_bytes(values: &[f32], step: f32, out: &mut [i8]) -> f32 {
            round_to_bytes_body(values, step, out)
        }
    };
}

compiled_for!("avx2,fma", largest_avx2, round_avx2, round_to_bytes_avx2);
compiled_for!(
    "avx512f,avx512bw",
    largest_avx512,
    round_avx512,
    round_to_bytes_avx512
);
