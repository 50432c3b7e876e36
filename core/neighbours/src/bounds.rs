//! The scaling of rows for a kernel, and the bound on the error of its scores.
//!
//! A kernel ranks references by a *key*. A larger key means a smaller distance. Its unit differs by
//! query:
//!
//! * cosine: `unit * q.r / |r|`, which is `unit * |q| * (1 - distance)`;
//! * L2: `unit * (q.r - |r|^2 / 2)`, which is `unit * (|q|^2 - distance) / 2`.
//!
//! So `key = base - slope * distance` for both. [`QueryScale::error`] bounds the difference between
//! the key that a kernel computes and the key of the distance in double precision, for all
//! references of the index. The bounds are standard (Higham, *Accuracy and Stability of Numerical
//! Algorithms*, chapter 3): the error of a sum of products with at most `n` roundings on any path
//! is at most `n u / (1 - n u) * |q| |r|`; the error of a product of rounded vectors is at most
//! `|e_q| |r| + |q + e_q| |e_r|` (Cauchy-Schwarz).

use crate::{metric::DistanceMetric, precision::Precision};

/// Unit roundoff of single precision.
pub(super) const U: f64 = 1.0 / (1_u64 << 24) as f64;
/// Unit roundoff of double precision.
const U64: f64 = 1.0 / (1_u64 << 53) as f64;
/// Norm of an integer row: the product of two norms is below 2^31, so no sum overflows.
const INT_NORM: f64 = 45_000.0;
/// Largest magnitude of a value in an integer row.
const INT_LARGEST: f64 = 32_700.0;
/// Error of rounding to an integer: half a unit, plus the earlier rounding of the scaled value.
const INT_ROUNDING: f64 = 0.503;
/// The largest width for which [`INT_NORM`] prevents an overflow, rounding included.
const INT_WIDTH: usize = 4_000_000;

/// Norm and largest magnitude of a vector.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// The squared norm.
    pub(super) squared: f64,
    pub(super) largest: f32,
}

impl Size {
    pub(super) fn norm(&self) -> f64 {
        self.squared.sqrt()
    }
}

/// How one reference is packed, and how its sums of products become keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowScale {
    /// Factor of the values before packing.
    pub(super) scale: f32,
    /// Factor of the sum of products.
    pub(super) factor: f32,
    /// Added to the key after multiplication by [`QueryScale::offset_factor`].
    pub(super) offset: f32,
    /// Position of the mask of the row in the classes of the index. It is stored here because the
    /// filter needs both together.
    pub(super) class: u8,
}

/// How one query is packed, and how its keys relate to distances.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct QueryScale {
    pub(super) scale: f32,
    pub(super) offset_factor: f32,
    base: f64,
    slope: f64,
    /// Bound on the error of a computed key.
    error: f64,
}

impl QueryScale {
    /// The lowest computed key of any reference that is at least as near as the farthest of `k`
    /// references whose computed keys are at least `kth`.
    pub(super) fn floor_of_key(&self, kth: f32) -> f32 {
        round_down(f64::from(kth) - 2.0 * self.error)
    }

    /// The exact key of a distance.
    pub(super) fn key_of_distance(&self, distance: f64) -> f64 {
        self.base - self.slope * distance
    }

    /// Bound on the error of a computed key.
    pub(super) fn error(&self) -> f64 {
        self.error
    }

    /// The lowest computed key of any reference at `distance` or nearer.
    pub(super) fn floor_of_distance(&self, distance: f64) -> f32 {
        round_down(self.key_of_distance(distance) - self.error)
    }
}

pub(super) fn round_down(value: f64) -> f32 {
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
    metric: DistanceMetric,
    precision: Precision,
    width: f64,
    /// Relative error of a sum of products.
    gamma: f64,
    /// The largest norm of a reference.
    largest_norm: f64,
    /// The power of two at or below `largest_norm`. With L2 it is the common scale of all
    /// references.
    common: f64,
    /// Bound on the error of rounding a reference to integers, in units of its factor.
    row_loss: f64,
}

impl Scaling {
    /// The scaling for these references. [`Scaling::with_run`] completes it for a kernel.
    pub(super) fn new(
        metric: DistanceMetric,
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

    /// The scaling for a kernel that sums `run` products and then adds them to the sum of earlier
    /// runs.
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

    /// Whether the error is small enough for the kernel to be faster than single precision.
    pub(super) fn is_useful(&self) -> bool {
        match self.precision {
            Precision::Single => true,
            Precision::Int16 => {
                self.width <= INT_WIDTH as f64
                    && self.row_loss <= 2e-3 * self.largest_scaled_norm().max(1e-300)
            }
        }
    }

    /// Bound on the norm of the error of rounding a vector to integers.
    fn rounding_loss(&self) -> f64 {
        INT_ROUNDING * self.width.sqrt()
    }

    /// The largest norm of the references as they enter the key.
    pub(super) fn largest_scaled_norm(&self) -> f64 {
        match self.metric {
            DistanceMetric::Cosine => 1.0,
            DistanceMetric::L2 => self.largest_norm / self.common,
        }
    }

    /// The norm that the key divides a reference by: its own, or with L2 the common one.
    pub(super) fn divisor(&self, size: Size) -> f64 {
        match self.metric {
            DistanceMetric::Cosine => size.norm(),
            DistanceMetric::L2 => self.common,
        }
    }

    pub(super) fn row(&self, size: Size, class: u8) -> RowScale {
        let scale = match (self.precision, self.metric) {
            (Precision::Single, DistanceMetric::Cosine) => 1.0 / power_below(size.norm()),
            (Precision::Single, DistanceMetric::L2) => 1.0 / self.common,
            (Precision::Int16, _) => self.integer_scale(size),
        };
        // The factor uses the rounded scale, so the rounding of the scale adds no error.
        let scale = scale as f32;
        let applied = f64::from(scale);
        let (factor, offset) = match self.metric {
            DistanceMetric::Cosine if size.norm() == 0.0 => (0.0, 0.0),
            DistanceMetric::Cosine => (1.0 / (applied * size.norm()), 0.0),
            DistanceMetric::L2 => {
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
        // With L2, a query much shorter than the references uses their scale: its own rounding
        // error is then negligible next to theirs.
        let least = match self.metric {
            DistanceMetric::Cosine => 0.0,
            DistanceMetric::L2 => self.largest_norm * U,
        };
        let scale = match self.precision {
            Precision::Single => 1.0 / power_below(size.norm().max(least)),
            Precision::Int16 => self.integer_scale(size),
        } as f32;
        let applied = f64::from(scale);
        let scaled_norm = applied * size.norm();
        let reference_norm = self.largest_scaled_norm();
        let width = self.width;
        let exact = 4.0 * (width + 16.0) * U64;
        // The error of underflow: products and packed values below the smallest normal number.
        let tiny = width * 1e-36;
        let (own_loss, row_loss) = match self.precision {
            Precision::Single => (0.0, 0.0),
            Precision::Int16 => (self.rounding_loss(), self.row_loss),
        };
        let product = own_loss * reference_norm + (scaled_norm + own_loss) * row_loss;
        let rounding =
            (self.gamma + 8.0 * U) * (scaled_norm + own_loss) * (reference_norm + row_loss);
        match self.metric {
            DistanceMetric::Cosine => QueryScale {
                scale,
                offset_factor: 0.0,
                base: scaled_norm,
                slope: scaled_norm,
                error: product + rounding + exact * scaled_norm + tiny,
            },
            DistanceMetric::L2 => {
                let unit = applied / self.common;
                let offset_factor = applied * self.common;
                let span = size.norm() + self.largest_norm;
                let offset_rounding = 8.0 * U * offset_factor * reference_norm * reference_norm;
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
            DistanceMetric::Cosine => 0.0,
            DistanceMetric::L2 => self.largest_norm * U,
        };
        let norm = size.norm().max(least);
        let scale = (INT_NORM / norm).min(INT_LARGEST / f64::from(size.largest));
        // Also true for the zero vector (infinity or NaN), whose scale does not matter.
        if scale < 1e37 { scale } else { 1e37 }
    }
}

/// The factor that packs one vector for a kernel, whatever the other vectors are. It is always
/// positive and finite.
pub(super) fn packing_scale(precision: Precision, size: Size) -> f32 {
    let scale = match precision {
        Precision::Single => 1.0 / power_below(size.norm()),
        Precision::Int16 => (INT_NORM / size.norm()).min(INT_LARGEST / f64::from(size.largest)),
    };
    // Also true for the zero vector (infinity or NaN), whose scale does not matter.
    (if scale < 1e37 { scale } else { 1e37 }) as f32
}

/// Bound on the norm of the error of the products of one packed row with `vectors` packed vectors
/// of norm 1, relative to the norm of the row: only the error of the row counts for integers, since
/// the packed vectors themselves are the vectors meant.
pub(super) fn packing_error(
    precision: Precision,
    width: usize,
    vectors: usize,
    size: Size,
    scale: f32,
) -> f64 {
    let width = width as f64;
    let scaled = f64::from(scale) * size.norm();
    if scaled == 0.0 {
        return 0.0;
    }
    match precision {
        Precision::Int16 => INT_ROUNDING * width.sqrt() / scaled,
        Precision::Single => {
            let roundings = (1.0625 * width + 8.0) * U;
            let vectors = (vectors as f64).sqrt();
            if roundings < 0.5 {
                vectors * (roundings / (1.0 - roundings) + width * 1e-36 / scaled)
            } else {
                f64::INFINITY
            }
        }
    }
}

/// The power of two at or below `norm`, clamped so that its inverse is a normal number in single
/// precision.
fn power_below(norm: f64) -> f64 {
    if norm == 0.0 {
        return 1.0;
    }
    let exponent = ((norm.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.clamp(-126, 126))
}
