//! The weighted sums of a namespace with a single protein.
//!
//! cafaeval sums the terms of several proteins in sequence, but the terms of a single protein
//! pairwise, because numpy chooses the order of summation from the shape of the array. The last
//! bits differ. This module computes the pairwise sums.

use crate::{
    counts::{FN, FP, TP},
    pairwise::sum,
};

/// Overwrites the true positives, false positives and false negatives of the single row in
/// `values`. Returns the sum of the predicted terms at each threshold and the sum of the ground
/// truth. `code` returns the code of a term after propagation, and `truth` whether the term is in
/// the ground truth.
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
    let mut sum_where = |condition: &dyn Fn(usize, bool) -> bool| {
        for (value, &(weight, reached, correct)) in masked.iter_mut().zip(&counted) {
            *value = if condition(reached, correct) {
                weight
            } else {
                0.0
            };
        }
        sum(&masked)
    };
    // The sums at a threshold differ from those before only if some score reaches the threshold
    // before as its last.
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
