//! The values that are counted per protein and threshold, and their layout.

/// Number of values per row, threshold and kind (unweighted, weighted). The layout is
/// `[value][threshold]`.
pub(super) const VALUES: usize = 6;
pub(super) const TP: usize = 0;
pub(super) const FP: usize = 1;
pub(super) const FN: usize = 2;
pub(super) const PR: usize = 3;
pub(super) const RC: usize = 4;
/// 1 if the protein has a prediction at the threshold, otherwise 0.
pub(super) const N: usize = 5;

/// `part / whole`, or 0 if `whole` is not above 0.
#[inline]
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
