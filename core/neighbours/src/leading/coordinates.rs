//! The leading coordinates of a vector, and the proof of the bound.
//!
//! Let `B` be the matrix of the leading directions, one per row, as the kernel sees it after its
//! rounding. It is nearly orthonormal: `B B' = I + E`, and a bound `d` on the spectral norm of
//! `E` ([`deviation`]) is computed from the rounded matrix itself. For a query `q` and a reference `r`,
//! let `x` and `y` be any vectors of coordinates: here, the rounded products of `B` with `q` and
//! `r`. Let `u = q - B'x` and `t = r - B'y` be what the coordinates leave out. Then, exactly,
//!
//! ```text
//! q.r = x.(B B')y + (B u).y + x.(B t) + u.t
//! ```
//!
//! With `e_x = |B q - x|` and `e_y = |B r - y|`, `|B u| <= e_x + d |x|` and `|B t| <= e_y + d |y|`,
//! so that (Cauchy-Schwarz)
//!
//! ```text
//! q.r <= x.y + |u| |t| + e_x |y| + e_y |x| + 3 d |x| |y|
//! |t|^2 = |r|^2 - |c|^2 + |c - y|^2 + 2 (c - B r).y + y.E y
//!      <= |r|^2 - |c|^2 + |c - y|^2 + 2 |c - B r| |y| + d |y|^2
//! ```
//!
//! where `c` are the coordinates before they are rounded to the representation of the kernel. Of
//! `c`, only the bound on `|c - B r|` is known: the error of the product
//! ([`packing_error`](crate::bounds::packing_error)).

use crate::{
    bounds::U,
    kernels::{Exact, PackedValue, Rounding, RowProduct},
};

/// The smallest step: a normal number in single precision, so that products with it are accurate.
const SMALLEST_STEP: f32 = 1e-30;

/// A norm that is too small to matter.
const TINY: f64 = 1e-17;

/// Coordinates of one vector, in units of `step`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Coordinates {
    /// The value of one unit.
    pub(super) step: f32,
    /// Bound on the norm of what the coordinates leave out: `|t|`.
    pub(super) tail: f64,
    /// Bound on the error of the coordinates: `e_y`.
    pub(super) error: f64,
    /// Bound on the norm of the coordinates: `|y|`.
    pub(super) norm: f64,
}

/// How vectors of coordinates are rounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounder {
    rounding: Rounding,
    product: RowProduct,
    /// The norm of `E`.
    deviation: f64,
    /// The least step.
    least: f32,
}

impl Rounder {
    pub(super) fn new(deviation: f64, least: f32) -> Self {
        Self {
            rounding: Rounding::detect(),
            product: RowProduct::detect(),
            deviation,
            least,
        }
    }

    /// Rounds the coordinates `values` in place to whole numbers of steps, or leaves them as they are
    /// if the representation is single precision.
    ///
    /// `squared` is the squared norm of the vector, and `product_error` the bound on the error of the
    /// products relative to that norm.
    pub(super) fn round<T: PackedValue>(
        self,
        values: &mut [f32],
        squared: f64,
        product_error: f64,
    ) -> Coordinates {
        let Self {
            rounding,
            product,
            deviation,
            least,
        } = self;
        let norm = squared.sqrt();
        let (mut step, mut own) = (1.0, 0.0);
        let before = f64::from(product.dot(values, values));
        if T::LARGEST > 0.0 {
            step = (rounding.largest(values) / T::LARGEST * (1.0 + 4.0 * U as f32))
                .max(least)
                .max(SMALLEST_STEP);
            own = f64::from(rounding.round(values, step)).sqrt();
        }
        // Sums of up to 256 squares in single precision, within 32 roundings each.
        // `TINY` covers squares that underflow; all vectors here have norms near 1 or below.
        let coordinates = before.sqrt() * (1.0 + 1e-5) + TINY;
        let own = if T::LARGEST > 0.0 {
            own * (1.0 + 1e-5) + 4.0 * U * coordinates + TINY
        } else {
            0.0
        };
        let before = before * (1.0 - 1e-5);
        let product_error = product_error * norm + 8.0 * U * coordinates + TINY;
        let rounded = coordinates + own;
        let tail = squared * (1.0 + 1e-9) - before
            + own * own
            + 2.0 * product_error * rounded
            + deviation * rounded * rounded;
        Coordinates {
            step,
            tail: tail.max(0.0).sqrt() * (1.0 + 1e-9),
            error: product_error + own,
            norm: rounded,
        }
    }
}

/// Bound on the spectral norm of `B B' - I`, for the vectors of `B`: numbers, and a factor for each.
///
/// The spectral norm of a symmetric matrix `E` is at most the square root of that of `E E`, and so
/// on, and at most its Frobenius norm. Squaring once brings the bound within a few times the norm.
pub(super) fn deviation(numbers: &[Vec<f32>], factors: &[f32]) -> f64 {
    let exact = Exact::detect();
    let count = numbers.len();
    let mut matrix = vec![0.0; count * count];
    let mut wide = Vec::new();
    for (row, left) in numbers.iter().enumerate() {
        wide.clear();
        wide.extend(left.iter().map(|&value| f64::from(value)));
        for (column, right) in numbers[..=row].iter().enumerate() {
            let factor = f64::from(factors[row]) * f64::from(factors[column]);
            let product = exact.dot(&wide, right) * factor;
            let value = product - if row == column { 1.0 } else { 0.0 };
            matrix[row * count + column] = value;
            matrix[column * count + row] = value;
        }
    }
    let square = squared(&matrix, count);
    let norm = square.iter().map(|value| value * value).sum::<f64>().sqrt();
    // The products are within about 1e-12 of the exact ones; there are at most 256 squared.
    norm.sqrt() * (1.0 + 1e-9) + 1e-9
}

/// The square of a symmetric matrix.
fn squared(matrix: &[f64], count: usize) -> Vec<f64> {
    let mut out = vec![0.0; count * count];
    for (row, out) in matrix.chunks_exact(count).zip(out.chunks_exact_mut(count)) {
        for (&value, other) in row.iter().zip(matrix.chunks_exact(count)) {
            for (out, other) in out.iter_mut().zip(other) {
                *out += value * other;
            }
        }
    }
    out
}
