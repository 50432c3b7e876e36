//! The scores of a method, and the best of them: Fmax, Smin and the threshold of Fmax.

use protea_ontology::Aspect;
use serde::Serialize;

use crate::{curve::CurvePoint, report::SkippedLines};

/// The scores of one method.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Name of the predictions.
    pub name: String,
    /// One per namespace in which the ground truth has a protein, in the order of the ontology.
    pub namespaces: Vec<NamespaceEvaluation>,
    /// Predictions that were skipped.
    pub skipped: SkippedLines,
}

/// The scores of one method in one namespace.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NamespaceEvaluation {
    /// Name of the namespace, such as `molecular_function`.
    pub namespace: String,
    /// The aspect of GO, if the namespace is one.
    pub aspect: Option<Aspect>,
    /// Number of proteins of the ground truth in the namespace; at least 1. With
    /// [`evaluate_partial`](crate::evaluate_partial), only proteins with a term left to predict.
    pub proteins: usize,
    /// One point per threshold at which at least one protein has a prediction, by ascending
    /// threshold. Empty without predictions.
    pub curve: Vec<CurvePoint>,
    /// The scores without any prediction: only the remaining uncertainty is above 0.
    #[serde(rename = "silent")]
    pub(super) without_predictions: CurvePoint,
}

/// The score that selects the best threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Best {
    /// Highest `f`: Fmax.
    F,
    /// Lowest `s`: Smin with a weight of 1 for every term.
    S,
    /// Highest `f_micro`.
    FMicro,
    /// Highest `f_w`: weighted Fmax.
    FWeighted,
    /// Lowest `s_w`: Smin as CAFA reports it. cafaeval writes no table for it.
    SWeighted,
    /// Highest `f_micro_w`.
    FMicroWeighted,
}

impl Best {
    /// Name of the column in cafaeval.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Best::F => "f",
            Best::S => "s",
            Best::FMicro => "f_micro",
            Best::FWeighted => "f_w",
            Best::SWeighted => "s_w",
            Best::FMicroWeighted => "f_micro_w",
        }
    }

    /// Whether this is a weighted score.
    #[must_use]
    pub const fn is_weighted(self) -> bool {
        matches!(
            self,
            Best::FWeighted | Best::SWeighted | Best::FMicroWeighted
        )
    }

    /// The value of this score at a point; `None` for a weighted score without information
    /// accretion.
    #[must_use]
    pub fn value(self, point: &CurvePoint) -> Option<f64> {
        let scores = if self.is_weighted() {
            point.weighted.as_ref()?
        } else {
            &point.scores
        };
        Some(match self {
            Best::F | Best::FWeighted => scores.f,
            Best::S | Best::SWeighted => scores.s,
            Best::FMicro | Best::FMicroWeighted => scores.f_micro,
        })
    }

    const fn is_lowest_best(self) -> bool {
        matches!(self, Best::S | Best::SWeighted)
    }
}

impl NamespaceEvaluation {
    /// The point of the curve with the best value of a score; of equal values, the one with the
    /// lowest threshold. `None` if the curve is empty, or for a weighted score without information
    /// accretion.
    #[must_use]
    pub fn best(&self, by: Best) -> Option<&CurvePoint> {
        let mut best: Option<(f64, &CurvePoint)> = None;
        for point in &self.curve {
            let value = by.value(point)?;
            if best.is_none_or(|(b, _)| {
                if by.is_lowest_best() {
                    value < b
                } else {
                    value > b
                }
            }) {
                best = Some((value, point));
            }
        }
        best.map(|(_, point)| point)
    }

    fn best_value(&self, by: Best) -> Option<f64> {
        by.value(self.best(by).unwrap_or(&self.without_predictions))
    }

    /// Fmax, 0..=1; 0 without predictions.
    #[must_use]
    pub fn fmax(&self) -> f64 {
        self.best_value(Best::F).unwrap_or(0.0)
    }

    /// Weighted Fmax, 0..=1; `None` without information accretion.
    #[must_use]
    pub fn wfmax(&self) -> Option<f64> {
        self.best_value(Best::FWeighted)
    }

    /// Largest micro-averaged F, 0..=1.
    #[must_use]
    pub fn fmicro(&self) -> f64 {
        self.best_value(Best::FMicro).unwrap_or(0.0)
    }

    /// Largest micro-averaged weighted F, 0..=1; `None` without information accretion.
    #[must_use]
    pub fn wfmicro(&self) -> Option<f64> {
        self.best_value(Best::FMicroWeighted)
    }

    /// Smin in bits, at least 0: the lowest `s_w`; `None` without information accretion. Without
    /// predictions it is the mean information content of the ground truth.
    #[must_use]
    pub fn smin(&self) -> Option<f64> {
        self.best_value(Best::SWeighted)
    }

    /// Smin with a weight of 1 for every term, at least 0: the lowest `s`.
    #[must_use]
    pub fn smin_unweighted(&self) -> f64 {
        self.best_value(Best::S).unwrap_or(0.0)
    }

    /// The threshold of Fmax; `None` without predictions.
    #[must_use]
    pub fn tau(&self) -> Option<f64> {
        Some(self.best(Best::F)?.tau)
    }

    /// Coverage as CAFA reports it (`cov_max` of cafaeval), 0..=1: the fraction of proteins with a
    /// prediction at the lowest threshold, where it is largest. It can exceed 1 only with [known
    /// annotations](crate::PartialKnowledge). The curve has the coverage at other thresholds.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.curve.iter().map(|p| p.scores.cov).fold(0.0, f64::max)
    }

    /// [`coverage`](Self::coverage) of the weighted scores; `None` without information accretion.
    #[must_use]
    pub fn coverage_weighted(&self) -> Option<f64> {
        self.without_predictions.weighted?;
        Some(
            self.curve
                .iter()
                .filter_map(|p| Some(p.weighted?.cov))
                .fold(0.0, f64::max),
        )
    }
}
