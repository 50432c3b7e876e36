//! The bounds of one query.

use crate::bounds::round_down;

/// How the coordinates of one query become bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct QueryBound {
    /// The unit of the bounds.
    pub(super) step: f64,
    /// Factor of the tail of a reference, in that unit.
    pub(super) tail: f32,
    /// Factor of the offset of a reference, in that unit.
    pub(super) offset: f32,
    /// Bound on the error of the bounds, as a key.
    pub(super) error: f64,
}

impl QueryBound {
    /// A reference with a bound below this has a key below `floor`.
    pub(super) fn threshold(&self, floor: f32) -> f32 {
        round_down((f64::from(floor) - self.error) / self.step)
    }
}
