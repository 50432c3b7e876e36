//! The bounds of one query.

use crate::bounds::round_down;

/// How the coordinates of one query become bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryBound {
    /// The unit of the bounds.
    pub(crate) step: f64,
    /// Factor of the tail of a reference, in that unit.
    pub(crate) tail: f32,
    /// Factor of the offset of a reference, in that unit.
    pub(crate) offset: f32,
    /// Bound on the error of the bounds, as a key.
    pub(crate) error: f64,
}

impl QueryBound {
    /// A reference whose upper bound is below this is farther than `k` others, if the lower bounds of
    /// these, without the error, are at least `kth`. `slack` bounds the error of the key of a distance.
    pub(crate) fn threshold_of_kth(&self, kth: f32, slack: f64) -> f32 {
        round_down(f64::from(kth) - 2.0 * (self.error + slack) / self.step)
    }

    /// A reference with a bound below this has a key below `floor`.
    pub(crate) fn threshold(&self, floor: f32) -> f32 {
        round_down((f64::from(floor) - self.error) / self.step)
    }
}
