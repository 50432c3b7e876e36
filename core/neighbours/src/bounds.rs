//! How rows are scaled for a kernel, and how far its scores can be from the truth.
//!
//! A kernel ranks by a *key*, larger being nearer, in a unit of each query's own:
//!
//! * cosine: `unit * q.r / |r|`, which is `unit * |q| * (1 - distance)`;
//! * L2: `unit * (q.r - |r|^2 / 2)`, which is `unit * (|q|^2 - distance) / 2`.
//!
//! So `key = base - slope * distance` for both. [`QueryScale::error`] bounds the difference
//! between the key a kernel computes and the key that belongs to the distance in double precision,
//! for every reference of the index at once. The bounds are the classical ones (Higham, *Accuracy
//! and Stability of Numerical Algorithms*, chapter 3): a sum of products with at most `n` roundings
//! on any path is off by at most `n u / (1 - n u) * |q| |r|`; a product of rounded vectors by at
//! most `|e_q| |r| + |q + e_q| |e_r|` (Cauchy-Schwarz).

use super::metric::Metric;
use super::precision::Precision;

/// Unit roundoff of single precision.
const U: f64 = 1.0 / (1_u64 << 24) as f64;
/// Unit roundoff of double precision.
const U64: f64 = 1.0 / (1_u64 << 53) as f64;
/// Norm of an integer row: two of them multiply to less than 2^31, so no sum overflows.
const INT_NORM: f64 = 45_000.0;
/// Largest magnitude in an integer row.
const INT_LARGEST: f64 = 32_700.0;
/// Rounding to an integer: half a unit, and the rounding of the scaled value before it.
const INT_ROUNDING: f64 = 0.503;
/// Widest vectors for which [`INT_NORM`] keeps its promise, rounding included.
const INT_WIDTH: usize = 4_000_000;

/// Norm and largest magnitude of a vector.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// The squared norm.
    pub(super) squared: f64,
    pub(super) largest: f32,
}

impl Size {
    fn norm(&self) -> f64 {
        self.squared.sqrt()
    }
}

/// How one reference is packed and its products are turned into keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowScale {
    /// Multiplies the values before they are packed.
    pub(super) scale: f32,
    /// Multiplies the sum of products.
    pub(super) factor: f32,
    /// Is added, times [`QueryScale::offset_factor`].
    pub(super) offset: f32,
    /// The row's place in the index's classes, kept here because it is needed at the same time.
    pub(super) class: u8,
}

/// How one query is packed and its keys are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct QueryScale {
    pub(super) scale: f32,
    pub(super) offset_factor: f32,
    base: f64,
    slope: f64,
    /// Bound on a computed key's error.
    error: f64,
}

impl QueryScale {
    /// The least key that a reference can be given which is at least as near as one of `k` others,
    /// when the farthest of those has the computed key `kth`.
    pub(super) fn floor_of_key(&self, kth: f32) -> f32 {
        round_down(f64::from(kth) - 2.0 * self.error)
    }

    /// The key that belongs to a distance.
    pub(super) fn key_of_distance(&self, distance: f64) -> f64 {
        self.base - self.slope * distance
    }

    #[cfg(test)]
    pub(super) fn error(&self) -> f64 {
        self.error
    }

    /// The least key that a reference at `distance` or nearer can be given.
    pub(super) fn floor_of_distance(&self, distance: f64) -> f32 {
        round_down(self.key_of_distance(distance) - self.error)
    }
}

fn round_down(value: f64) -> f32 {
    let rounded = value as f32;
    if f64::from(rounded) > value {
        rounded.next_down()
    } else {
        rounded
    }
}

/// The scaling of a whole search.
#[derive(Debug, Clone)]
pub(super) struct Scaling {
    metric: Metric,
    precision: Precision,
    width: f64,
    /// Relative error of a sum of products.
    gamma: f64,
    /// Largest norm of a reference.
    largest_norm: f64,
    /// Power of two near `largest_norm`; L2 measures references by it.
    common: f64,
    /// Bound on what rounding a reference to integers loses, in the unit of its factor.
    row_loss: f64,
}

impl Scaling {
    /// For these references; a kernel's scaling is had by [`Scaling::with_run`].
    pub(super) fn new(
        metric: Metric,
        precision: Precision,
        width: usize,
        references: &[Size],
    ) -> Self {
        let largest_norm = references
            .iter()
            .map(|size| size.norm())
            .fold(0.0, f64::max);
        let mut scaling = Self {
            metric,
            precision,
            width: width as f64,
            gamma: 0.0,
            largest_norm,
            common: power_below(largest_norm),
            row_loss: 0.0,
        };
        if precision == Precision::Int16 {
            let largest_factor = references
                .iter()
                .filter(|size| size.norm() > 0.0)
                .map(|&size| f64::from(scaling.row(size, 0).factor))
                .fold(0.0, f64::max);
            scaling.row_loss = scaling.rounding_loss() * largest_factor * (1.0 + 4.0 * U);
        }
        scaling
    }

    /// For a kernel that sums `run` products before it adds them to the sum of earlier runs.
    pub(super) fn with_run(&self, run: usize) -> Self {
        let run = run as f64;
        let roundings = (run.min(self.width) + (self.width / run).ceil() + 2.0) * U;
        let gamma = match self.precision {
            Precision::Int16 => 0.0,
            Precision::Single if roundings < 0.5 => roundings / (1.0 - roundings),
            Precision::Single => f64::INFINITY,
        };
        Self {
            gamma,
            ..self.clone()
        }
    }

    /// Whether the error is small enough for the kernel to be worth using.
    pub(super) fn is_useful(&self) -> bool {
        match self.precision {
            Precision::Single => true,
            Precision::Int16 => {
                self.width <= INT_WIDTH as f64 && self.row_loss <= 2e-3 * self.reach().max(1e-300)
            }
        }
    }

    /// Norm of what rounding a vector to integers loses, at most.
    fn rounding_loss(&self) -> f64 {
        INT_ROUNDING * self.width.sqrt()
    }

    /// Norm of the references as they enter the key.
    fn reach(&self) -> f64 {
        match self.metric {
            Metric::Cosine => 1.0,
            Metric::L2 => self.largest_norm / self.common,
        }
    }

    pub(super) fn row(&self, size: Size, class: u8) -> RowScale {
        let scale = match (self.precision, self.metric) {
            (Precision::Single, Metric::Cosine) => 1.0 / power_below(size.norm()),
            (Precision::Single, Metric::L2) => 1.0 / self.common,
            (Precision::Int16, _) => self.integer_scale(size),
        };
        // Whatever the rounding of the scale, the factor is that of the scale used.
        let scale = scale as f32;
        let applied = f64::from(scale);
        let (factor, offset) = match self.metric {
            Metric::Cosine if size.norm() == 0.0 => (0.0, 0.0),
            Metric::Cosine => (1.0 / (applied * size.norm()), 0.0),
            Metric::L2 => {
                let norm = size.norm() / self.common;
                (1.0 / (applied * self.common), -norm * norm / 2.0)
            }
        };
        RowScale {
            scale,
            factor: factor as f32,
            offset: offset as f32,
            class,
        }
    }

    pub(super) fn query(&self, size: Size) -> QueryScale {
        // In L2 a query far shorter than the references is measured on their scale, where its
        // own rounding disappears in theirs.
        let least = match self.metric {
            Metric::Cosine => 0.0,
            Metric::L2 => self.largest_norm * U,
        };
        let scale = match self.precision {
            Precision::Single => 1.0 / power_below(size.norm().max(least)),
            Precision::Int16 => self.integer_scale(size),
        } as f32;
        let applied = f64::from(scale);
        let length = applied * size.norm();
        let reach = self.reach();
        let width = self.width;
        let exact = 4.0 * (width + 16.0) * U64;
        // Underflow: products and packed values below the smallest normal number.
        let tiny = width * 1e-36;
        let (own_loss, row_loss) = match self.precision {
            Precision::Single => (0.0, 0.0),
            Precision::Int16 => (self.rounding_loss(), self.row_loss),
        };
        let product = own_loss * reach + (length + own_loss) * row_loss;
        let rounding = (self.gamma + 8.0 * U) * (length + own_loss) * (reach + row_loss);
        match self.metric {
            Metric::Cosine => QueryScale {
                scale,
                offset_factor: 0.0,
                base: length,
                slope: length,
                error: product + rounding + exact * length + tiny,
            },
            Metric::L2 => {
                let unit = applied / self.common;
                let offset_factor = applied * self.common;
                let span = size.norm() + self.largest_norm;
                let offset_rounding = 8.0 * U * offset_factor * reach * reach;
                QueryScale {
                    scale,
                    offset_factor: offset_factor as f32,
                    base: unit * size.norm() * size.norm() / 2.0,
                    slope: unit / 2.0,
                    error: product
                        + rounding
                        + offset_rounding
                        + exact * unit * span * span
                        + tiny * (1.0 + offset_factor),
                }
            }
        }
    }

    fn integer_scale(&self, size: Size) -> f64 {
        let least = match self.metric {
            Metric::Cosine => 0.0,
            Metric::L2 => self.largest_norm * U,
        };
        let norm = size.norm().max(least);
        let scale = (INT_NORM / norm).min(INT_LARGEST / f64::from(size.largest));
        // Also catches the zero vector, whose scale does not matter.
        if scale < 1e37 { scale } else { 1e37 }
    }
}

/// The power of two at or below `norm`, kept where its inverse is a normal single.
fn power_below(norm: f64) -> f64 {
    if norm == 0.0 {
        return 1.0;
    }
    let exponent = ((norm.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.clamp(-126, 126))
}
