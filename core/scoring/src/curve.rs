//! The curve: scores at every threshold.

use serde::Serialize;

use super::counts::{FN, FP, N, PR, RC, TP, VALUES, ratio};
use super::options::Norm;

/// The scores at one threshold, in cafaeval's columns and with its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Proteins with at least one (counted) term predicted.
    pub n: f64,
    /// True positives: mean per protein of the ground truth (of `n` with `norm=pred`), like all that follows but `pr`.
    pub tp: f64,
    /// False positives.
    pub fp: f64,
    /// False negatives.
    #[serde(rename = "fn")]
    pub fn_: f64,
    /// Precision, 0..=1: mean over the `n` proteins (over all with `norm=gt`).
    pub pr: f64,
    /// Recall, 0..=1.
    pub rc: f64,
    /// Coverage, 0..=1: `n` by the number of proteins of the ground truth. Above 1 where `n` counts proteins of which all was
    /// [known](super::PartialKnowledge).
    pub cov: f64,
    /// Misinformation: `fp`.
    pub mi: f64,
    /// Remaining uncertainty: `fn`.
    pub ru: f64,
    /// Harmonic mean of `pr` and `rc`.
    pub f: f64,
    /// `sqrt(ru² + mi²)`.
    pub s: f64,
    /// `tp / (tp + fp)`.
    pub pr_micro: f64,
    /// `tp / (tp + fn)`.
    pub rc_micro: f64,
    /// Harmonic mean of `pr_micro` and `rc_micro`.
    pub f_micro: f64,
}

impl Scores {
    /// Names of the columns; those of weighted scores end with `_w`.
    pub const COLUMNS: [&str; 14] = [
        "n", "tp", "fp", "fn", "pr", "rc", "cov", "mi", "ru", "f", "s", "pr_micro", "rc_micro",
        "f_micro",
    ];

    /// The values, in the order of [`Scores::COLUMNS`].
    #[must_use]
    pub fn values(&self) -> [f64; 14] {
        [
            self.n,
            self.tp,
            self.fp,
            self.fn_,
            self.pr,
            self.rc,
            self.cov,
            self.mi,
            self.ru,
            self.f,
            self.s,
            self.pr_micro,
            self.rc_micro,
            self.f_micro,
        ]
    }

    /// From sums over proteins.
    pub(super) fn from_sums(
        sums: &[f64],
        taus: usize,
        tau: usize,
        proteins: usize,
        norm: Norm,
    ) -> Scores {
        debug_assert_eq!(sums.len(), VALUES * taus);
        let sum = |value: usize| sums[value * taus + tau];
        let (n, all) = (sum(N), proteins as f64);
        let (of_precision, of_rest) = match norm {
            Norm::Cafa => (n, all),
            Norm::Pred => (n, n),
            Norm::Gt => (all, all),
        };
        let (tp, fp, fn_) = (
            ratio(sum(TP), of_rest),
            ratio(sum(FP), of_rest),
            ratio(sum(FN), of_rest),
        );
        let (pr, rc) = (ratio(sum(PR), of_precision), ratio(sum(RC), of_rest));
        let (pr_micro, rc_micro) = (ratio(tp, tp + fp), ratio(tp, tp + fn_));
        Scores {
            n,
            tp,
            fp,
            fn_,
            pr,
            rc,
            cov: ratio(n, all),
            mi: fp,
            ru: fn_,
            f: harmonic(pr, rc),
            s: (fn_ * fn_ + fp * fp).sqrt(),
            pr_micro,
            rc_micro,
            f_micro: harmonic(pr_micro, rc_micro),
        }
    }
}

fn harmonic(pr: f64, rc: f64) -> f64 {
    ratio(2.0 * pr * rc, pr + rc)
}

/// One row of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The threshold: a term is predicted if its score is at least this.
    pub tau: f64,
    /// Every term counts 1.
    pub scores: Scores,
    /// Every term counts its information accretion; `None` if none was given.
    pub weighted: Option<Scores>,
}
