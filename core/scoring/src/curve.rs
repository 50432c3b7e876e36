//! The curve: the scores at every threshold.

use serde::Serialize;

use crate::{
    counts::{FN, FP, N, PR, RC, TP, VALUES, ratio},
    options::Norm,
};

/// The scores at one threshold, with the column names of cafaeval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Scores {
    /// Number of proteins with at least one predicted term that counts.
    pub n: f64,
    /// True positives: the mean per protein of the ground truth (per protein of `n` with
    /// `norm=pred`). All following values except `pr` use the same divisor.
    pub tp: f64,
    /// False positives.
    pub fp: f64,
    /// False negatives.
    #[serde(rename = "fn")]
    pub fn_: f64,
    /// Precision, 0..=1: the mean over the `n` proteins (over all proteins with `norm=gt`).
    pub pr: f64,
    /// Recall, 0..=1.
    pub rc: f64,
    /// Coverage, 0..=1: `n` divided by the number of proteins of the ground truth. It exceeds 1 if
    /// `n` includes proteins whose terms were all [known](crate::PartialKnowledge).
    pub cov: f64,
    /// Misinformation, equal to `fp`.
    pub mi: f64,
    /// Remaining uncertainty, equal to `fn`.
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
    /// Names of the columns. The columns of weighted scores have the suffix `_w`.
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

    /// Computes the scores at threshold `tau` from sums over proteins.
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
        let (precision_divisor, divisor) = match norm {
            Norm::Cafa => (n, all),
            Norm::Pred => (n, n),
            Norm::Gt => (all, all),
        };
        let (tp, fp, fn_) = (
            ratio(sum(TP), divisor),
            ratio(sum(FP), divisor),
            ratio(sum(FN), divisor),
        );
        let (pr, rc) = (ratio(sum(PR), precision_divisor), ratio(sum(RC), divisor));
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

/// The scores at one threshold of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CurvePoint {
    /// The threshold: a term is predicted if its score is at least `tau`.
    pub tau: f64,
    /// Scores in which every term has the weight 1.
    pub scores: Scores,
    /// Scores in which the weight of a term is its information accretion; `None` without
    /// information accretion.
    pub weighted: Option<Scores>,
}
