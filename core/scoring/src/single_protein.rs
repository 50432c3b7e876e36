//! The weighted sums of a namespace with a single protein.
//!
//! cafaeval sums the terms of several proteins one after the other, but those of a single one as numpy sums one array (both come from
//! numpy, which adds along the longer stretch of memory): the last bits differ. This module exists for those bits.

use super::counts::{FN, FP, TP};
use super::pairwise::sum;

/// Overwrites the true positives, false positives and false negatives of the one row in `values`, and returns the sums of the predicted terms
/// at each threshold and that of the ground truth. `code` gives the code of a term after propagation, `truth` whether it is in the ground truth.
pub(super) fn sums_of_single(
    weights: &[f64],
    thresholds: usize,
    code: impl Fn(usize) -> u32,
    truth: impl Fn(usize) -> bool,
    values: &mut [f64],
) -> (Vec<f64>, f64) {
    let counted: Vec<(f64, usize, bool)> = (0..weights.len())
        .filter(|&t| weights[t] > 0.0)
        .map(|t| (weights[t], code(t).saturating_sub(1) as usize, truth(t)))
        .collect();
    let mut masked = vec![0.0; counted.len()];
    let mut sum_where = |holds: &dyn Fn(usize, bool) -> bool| {
        for (value, &(weight, reached, correct)) in masked.iter_mut().zip(&counted) {
            *value = if holds(reached, correct) { weight } else { 0.0 };
        }
        sum(&masked)
    };
    // Sums change only after a threshold that some score reaches as its last.
    let mut changes = vec![false; thresholds + 1];
    for &(_, reached, _) in &counted {
        changes[reached] = true;
    }
    let mut predicted = vec![0.0; thresholds];
    for tau in 0..thresholds {
        if tau > 0 && !changes[tau] {
            predicted[tau] = predicted[tau - 1];
            for value in [TP, FP, FN] {
                values[value * thresholds + tau] = values[value * thresholds + tau - 1];
            }
            continue;
        }
        predicted[tau] = sum_where(&|reached, _| reached > tau);
        values[TP * thresholds + tau] = sum_where(&|reached, correct| reached > tau && correct);
        values[FP * thresholds + tau] = sum_where(&|reached, correct| reached > tau && !correct);
        values[FN * thresholds + tau] = sum_where(&|reached, correct| reached <= tau && correct);
    }
    let all = sum_where(&|_, correct| correct);
    (predicted, all)
}
