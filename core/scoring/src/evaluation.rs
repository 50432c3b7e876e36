//! From predictions to scores.

use serde::Serialize;

use protea_ontology::{Aspect, Namespace};

use super::ScoringError;
use super::accretion::InformationAccretion;
use super::counting::{Counter, FN, Task, VALUES};
use super::curve::{CurvePoint, Scores};
use super::files::PredictionFile;
use super::options::ScoringOptions;
use super::pairwise::sum_rows;
use super::partial;
use super::predictions::Predictions;
use super::propagation::Propagator;
use super::report::Skipped;
use super::rules::Rules;
use super::thresholds::Thresholds;
use super::truth::GroundTruth;

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

/// Scores predictions. `accretion` gives the weighted scores; without it they are `None`.
///
/// # Errors
/// [`ScoringError::NoOverlap`] if nothing was predicted for any protein of the ground truth, [`ScoringError::Option`] for a threshold step out of
/// range, [`ScoringError::Mixed`] if `accretion` is of another ontology.
pub fn evaluate(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Evaluation, ScoringError> {
    let thresholds = prepare(predictions, accretion, options)?;
    Ok(score_all(predictions, accretion, options, &thresholds))
}

/// As [`evaluate`] and [`evaluate_partial`](super::evaluate_partial), which refuse predictions of nothing, as cafaeval does; here they
/// have the scores of silence: an Fmax of 0, and as Smin the mean information of the ground truth.
///
/// # Errors
/// Theirs but [`ScoringError::NoOverlap`].
pub fn evaluate_also_silence(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    rules: Rules<'_>,
) -> Result<Evaluation, ScoringError> {
    let thresholds = check(predictions, accretion, options)?;
    match rules {
        Rules::Cafaeval => Ok(score_all(predictions, accretion, options, &thresholds)),
        Rules::PartialKnowledge(knowledge) => {
            partial::score_all(predictions, accretion, options, &thresholds, knowledge)
        }
    }
}

/// What every evaluation asks for.
pub(super) fn prepare(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Thresholds, ScoringError> {
    let thresholds = check(predictions, accretion, options)?;
    if predictions.is_empty() {
        let skipped = predictions.skipped();
        return Err(ScoringError::NoOverlap {
            predictions: predictions.name.clone(),
            truth: predictions.truth.name.clone(),
            lines: skipped.lines,
            proteins: skipped.unknown_proteins.sample(),
            terms: skipped.unknown_terms.sample(),
        });
    }
    Ok(thresholds)
}

fn check(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Thresholds, ScoringError> {
    let ontology = predictions.truth.ontology;
    if accretion.is_some_and(|a| !a.belongs_to(ontology)) {
        return Err(ScoringError::Mixed {
            what: "information accretion",
        });
    }
    Thresholds::new(options.th_step)
}

fn score_all(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
) -> Evaluation {
    let truth = predictions.truth;
    let namespaces = truth.ontology.namespaces().iter().enumerate();
    Evaluation {
        name: predictions.name.clone(),
        namespaces: namespaces
            .filter(|(at, _)| truth.namespaces[*at].rows() > 0)
            .map(|(at, namespace)| {
                score(at, namespace, predictions, accretion, options, thresholds)
            })
            .collect(),
        skipped: predictions.skipped().clone(),
    }
}

fn score(
    at: usize,
    namespace: &Namespace,
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
) -> NamespaceEvaluation {
    with_task(at, predictions, accretion, options, thresholds, |task| {
        let rows = task.truth.rows();
        let sums = sum_rows(0..rows, task.width(), &|| {
            let propagator = Propagator::new(namespace, options.prop);
            let mut counter = Counter::new(task, propagator, namespace.len());
            move |row: usize, values: &mut [f64]| counter.count(row, values)
        });

        let (plain, weighted) = sums.split_at(thresholds.len() * VALUES);
        let point = |(tau, &value): (usize, &f64)| {
            let of = |sums| Scores::from_sums(sums, thresholds.len(), tau, rows, options.norm);
            CurvePoint {
                tau: value,
                scores: of(plain),
                weighted: (!weighted.is_empty()).then(|| of(weighted)),
            }
        };
        let mut curve: Vec<CurvePoint> = thresholds.taus().iter().enumerate().map(point).collect();
        curve.retain(|p| p.scores.cov > 0.0);
        NamespaceEvaluation {
            namespace: namespace.name().to_owned(),
            aspect: namespace.aspect(),
            proteins: rows,
            curve,
            silent: silent(&task),
        }
    })
}

/// Does something with what is the same for all proteins of the namespace at this place.
pub(super) fn with_task<T>(
    at: usize,
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
    act: impl FnOnce(Task<'_>) -> T,
) -> T {
    let ontology = predictions.truth.ontology;
    let namespace = &ontology.namespaces()[at];
    let interest: Option<Vec<bool>> = options
        .no_orphans
        .then(|| namespace.terms().map(|t| !ontology.is_root(t)).collect());
    let range = namespace.offset()..namespace.offset() + namespace.len();
    act(Task {
        thresholds,
        truth: &predictions.truth.namespaces[at],
        predictions: &predictions.namespaces[at],
        runs: &predictions.namespaces[at].runs_by_row(),
        max_terms: options.max_terms,
        interest: interest.as_deref(),
        weights: accretion.map(|a| &a.values()[range]),
    })
}

/// The scores of predicting nothing.
fn silent(task: &Task<'_>) -> CurvePoint {
    let rows = task.truth.rows();
    let mean = |weight: &dyn Fn(usize) -> f64| {
        let mut sums = [0.0; VALUES];
        sums[FN] = task.truth.terms.iter().map(|&t| weight(t as usize)).sum();
        Scores::from_sums(&sums, 1, 0, rows, super::Norm::Gt)
    };
    CurvePoint {
        tau: f64::INFINITY,
        scores: mean(&|t| f64::from(u8::from(task.interest.is_none_or(|i| i[t])))),
        weighted: task.weights.map(|weights| mean(&|t| weights[t])),
    }
}

/// Reads and scores files, one after the other, the next being read while one is scored.
///
/// # Errors
/// Those of [`Predictions::read`] and [`evaluate`], for the first file that fails.
pub fn evaluate_files(
    truth: &GroundTruth<'_>,
    files: &[PredictionFile],
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Vec<Evaluation>, ScoringError> {
    let read = |file: &PredictionFile| Predictions::read(&file.path, truth, &file.name);
    let mut evaluations = Vec::with_capacity(files.len());
    let mut current = files.first().map(read).transpose()?;
    for next in files.iter().skip(1).map(Some).chain([None]) {
        let Some(predictions) = current.take() else {
            break;
        };
        let (evaluation, read) = rayon::join(
            || evaluate(&predictions, accretion, options),
            || next.map(read).transpose(),
        );
        evaluations.push(evaluation?);
        current = read?;
    }
    Ok(evaluations)
}
