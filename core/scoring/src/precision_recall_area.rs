//! The area under the precision-recall curve.

use crate::best_scores::NamespaceEvaluation;

impl NamespaceEvaluation {
    /// Area under the precision-recall curve, 0..=1, by the formula of the notebook of cafaeval
    /// (`APS` in `plot.ipynb`). First, precision is made monotonic: the highest precision at this
    /// or a lower threshold. The area is then the sum of precision times the step of recall, from
    /// (recall 1, precision 0) below the lowest threshold to (recall 0, precision 1) above the
    /// highest. It is 0 without predictions.
    ///
    /// The formula uses the precision at the lowest threshold for recall that is never reached,
    /// which favours methods with low coverage. [`NamespaceEvaluation::auc_pr_reached`] avoids
    /// this. The notebook excludes methods with a coverage below 0.3; this function does not.
    #[must_use]
    pub fn auc_pr(&self) -> f64 {
        area_by_steps(self.curve.iter().map(|p| (p.scores.pr, p.scores.rc)))
    }

    /// [`NamespaceEvaluation::auc_pr`] of the weighted curve; `None` without information accretion.
    #[must_use]
    pub fn auc_pr_weighted(&self) -> Option<f64> {
        self.without_predictions.weighted?;
        Some(area_by_steps(
            self.curve
                .iter()
                .filter_map(|p| Some((p.weighted?.pr, p.weighted?.rc))),
        ))
    }

    /// Area under the precision-recall curve over the reached recall, 0..=1: the sum of the
    /// trapezoids between consecutive thresholds, plus the area from the highest threshold to
    /// recall 0 with the precision at that threshold.
    #[must_use]
    pub fn auc_pr_reached(&self) -> f64 {
        let mut area = 0.0;
        for pair in self.curve.windows(2) {
            let (low, high) = (&pair[0].scores, &pair[1].scores);
            area += (low.rc - high.rc) * (low.pr + high.pr) / 2.0;
        }
        area + self
            .curve
            .last()
            .map_or(0.0, |last| last.scores.rc * last.scores.pr)
    }
}

fn area_by_steps(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut area, mut best, mut before, mut empty) = (0.0, 0.0, 1.0, true);
    for (pr, rc) in points {
        best = f64::max(best, pr);
        area += (before - rc) * best;
        before = rc;
        empty = false;
    }
    if empty { 0.0 } else { area + before }
}
