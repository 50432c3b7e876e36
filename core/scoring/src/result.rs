//! The scores of a method, and where they are best.

use protea_ontology::Aspect;
use serde::Serialize;

use super::curve::CurvePoint;
use super::report::Skipped;

/// The scores of one method.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Name of the predictions.
    pub name: String,
    /// One per namespace in which the ground truth has a protein, in the order of the ontology.
    pub namespaces: Vec<NamespaceEvaluation>,
    /// What of the predictions was left out.
    pub skipped: Skipped,
}

/// The scores of one method in one namespace.
#[derive(Clone, Debug, Serialize)]
pub struct NamespaceEvaluation {
    /// Name of the namespace, such as `molecular_function`.
    pub namespace: String,
    /// The aspect of GO that it is, if it is one.
    pub aspect: Option<Aspect>,
    /// Proteins of the ground truth here; at least 1. With [`evaluate_partial`](super::evaluate_partial), those with a term left to
    /// predict.
    pub proteins: usize,
    /// One point per threshold at which at least one protein has a prediction, by ascending threshold. Empty if nothing was predicted here.
    pub curve: Vec<CurvePoint>,
    /// The scores of predicting nothing: remaining uncertainty alone.
    pub(super) silent: CurvePoint,
}

/// By which score the best threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Best {
    /// Highest `f`: Fmax.
    F,
    /// Lowest `s`, every term counting 1.
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
    /// Name of cafaeval's column.
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

    /// Whether it is about weighted scores.
    #[must_use]
    pub const fn is_weighted(self) -> bool {
        matches!(
            self,
            Best::FWeighted | Best::SWeighted | Best::FMicroWeighted
        )
    }

    /// The score itself; `None` for a weighted one without weights.
    #[must_use]
    pub fn of(self, point: &CurvePoint) -> Option<f64> {
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

    const fn lowest(self) -> bool {
        matches!(self, Best::S | Best::SWeighted)
    }
}

impl NamespaceEvaluation {
    /// The point of the curve where a score is best, the lowest threshold if several are equal; `None` if the curve is empty or there are
    /// no weights.
    #[must_use]
    pub fn best(&self, by: Best) -> Option<&CurvePoint> {
        let mut best: Option<(f64, &CurvePoint)> = None;
        for point in &self.curve {
            let value = by.of(point)?;
            if best.is_none_or(|(b, _)| if by.lowest() { value < b } else { value > b }) {
                best = Some((value, point));
            }
        }
        best.map(|(_, point)| point)
    }

    fn best_value(&self, by: Best) -> Option<f64> {
        by.of(self.best(by).unwrap_or(&self.silent))
    }

    /// Fmax, 0..=1; 0 if nothing was predicted.
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

    /// Smin in bits, at least 0: the lowest `s_w`; `None` without information accretion. If nothing was predicted, the mean
    /// information of the ground truth.
    #[must_use]
    pub fn smin(&self) -> Option<f64> {
        self.best_value(Best::SWeighted)
    }

    /// Smin with every term counting 1, at least 0: the lowest `s`.
    #[must_use]
    pub fn smin_unweighted(&self) -> f64 {
        self.best_value(Best::S).unwrap_or(0.0)
    }

    /// The threshold of Fmax; `None` if nothing was predicted.
    #[must_use]
    pub fn tau(&self) -> Option<f64> {
        Some(self.best(Best::F)?.tau)
    }

    /// Coverage as CAFA reports it, 0..=1 (above 1 only where [known annotations](super::PartialKnowledge) are left out): the largest share of the proteins with a prediction, which is that at the lowest threshold
    /// (cafaeval's `cov_max`). The coverage at another threshold is in the curve.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.curve.iter().map(|p| p.scores.cov).fold(0.0, f64::max)
    }

    /// Likewise of terms with information accretion; `None` without it.
    #[must_use]
    pub fn coverage_weighted(&self) -> Option<f64> {
        self.silent.weighted?;
        Some(
            self.curve
                .iter()
                .filter_map(|p| Some(p.weighted?.cov))
                .fold(0.0, f64::max),
        )
    }
}
