//! What is counted of a protein at each threshold, and where it stands.

/// Values per threshold of one row and kind (unweighted, weighted), each for all thresholds before the next.
pub(super) const VALUES: usize = 6;
pub(super) const TP: usize = 0;
pub(super) const FP: usize = 1;
pub(super) const FN: usize = 2;
pub(super) const PR: usize = 3;
pub(super) const RC: usize = 4;
/// 1 for a protein with a prediction at the threshold.
pub(super) const N: usize = 5;

/// A ratio that is 0 where there is nothing to divide by.
#[inline]
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
