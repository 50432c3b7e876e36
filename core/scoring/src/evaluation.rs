//! Scoring by the rules of cafaeval.

use protea_ontology::Namespace;

use crate::{
    accretion::InformationAccretion,
    best_scores::{Evaluation, NamespaceEvaluation},
    counting::{Counter, Task},
    counts::{FN, VALUES},
    curve::{CurvePoint, Scores},
    error::ScoringError,
    files::PredictionFile,
    options::{Norm, ScoringOptions},
    pairwise::sum_rows,
    predictions::Predictions,
    propagation::Propagator,
    thresholds::Thresholds,
    truth::GroundTruth,
};

/// Scores predictions by the rules of cafaeval. Without `accretion`, the weighted scores are
/// `None`.
///
/// # Errors
///
/// [`ScoringError::NoOverlap`] if no protein of the ground truth has a prediction, or
/// [`ScoringError::Separator`] if that is because the columns have another separator;
/// [`ScoringError::Option`] if the threshold step is out of range; [`ScoringError::Mixed`] if
/// `accretion` uses another ontology.
pub fn evaluate(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Evaluation, ScoringError> {
    let thresholds = prepare(predictions, accretion, options)?;
    Ok(score_all(predictions, accretion, options, &thresholds))
}

/// Checks the input of an evaluation, which must not be empty, and creates the thresholds.
pub(super) fn prepare(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Thresholds, ScoringError> {
    let thresholds = check(predictions, accretion, options)?;
    if predictions.is_empty() {
        let skipped = predictions.skipped();
        if let Some(separator) = skipped.other_separator() {
            return Err(ScoringError::Separator {
                input: "predictions",
                file: predictions.name.clone(),
                separator,
            });
        }
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

/// Checks the input of an evaluation, which can be empty, and creates the thresholds.
pub(super) fn check(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
) -> Result<Thresholds, ScoringError> {
    let ontology = predictions.truth.ontology;
    if accretion.is_some_and(|a| !a.belongs_to(ontology)) {
        return Err(ScoringError::Mixed {
            input: "information accretion",
        });
    }
    Thresholds::new(options.th_step)
}

pub(super) fn score_all(
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
            let scores = |sums| Scores::from_sums(sums, thresholds.len(), tau, rows, options.norm);
            CurvePoint {
                tau: value,
                scores: scores(plain),
                weighted: (!weighted.is_empty()).then(|| scores(weighted)),
            }
        };
        let mut curve: Vec<CurvePoint> = thresholds.taus().iter().enumerate().map(point).collect();
        curve.retain(|p| p.scores.cov > 0.0);
        NamespaceEvaluation {
            namespace: namespace.name().to_owned(),
            aspect: namespace.aspect(),
            proteins: rows,
            curve,
            without_predictions: empty_scores(&task),
        }
    })
}

/// Calls `act` with the task of the namespace with index `at`: the input that all its proteins
/// share.
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

/// The scores without any prediction.
fn empty_scores(task: &Task<'_>) -> CurvePoint {
    let rows = task.truth.rows();
    let mean = |weight: &dyn Fn(usize) -> f64| {
        let mut sums = [0.0; VALUES];
        sums[FN] = task.truth.terms.iter().map(|&t| weight(t as usize)).sum();
        Scores::from_sums(&sums, 1, 0, rows, Norm::Gt)
    };
    CurvePoint {
        tau: f64::INFINITY,
        scores: mean(&|t| f64::from(u8::from(task.interest.is_none_or(|i| i[t])))),
        weighted: task.weights.map(|weights| mean(&|t| weights[t])),
    }
}

/// Reads and scores files in order. While one file is scored, the next one is read.
///
/// # Errors
///
/// The errors of [`Predictions::read`] and [`evaluate`], for the first file that fails.
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
