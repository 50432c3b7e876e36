//! Scoring by the rules of CAFA-evaluator-PK: known terms do not count.

use protea_ontology::Namespace;
use serde::Serialize;

use crate::{
    accretion::InformationAccretion,
    best_scores::{Evaluation, NamespaceEvaluation},
    counts::{FN, VALUES},
    curve::{CurvePoint, Scores},
    error::ScoringError,
    evaluation::prepare,
    interest::TermsOfInterest,
    namespace_truth::{NONE, NamespaceTruth},
    options::{Norm, ScoringOptions},
    pairwise::sum_rows,
    partial_counting::{Counted, PartialCounter, PartialTask},
    predictions::Predictions,
    python_set,
    thresholds::Thresholds,
    truth::GroundTruth,
};

/// The known annotations and the terms of interest of an evaluation.
///
/// If both are `None`, [`evaluate_partial`] differs from [`evaluate`](crate::evaluate) in one
/// point: it excludes proteins without a term that counts (roots with `no_orphans`; in the weighted
/// scores, terms without information accretion).
#[derive(Clone, Copy, Debug, Default)]
pub struct PartialKnowledge<'a> {
    /// The annotations that were known before the predictions were made. These terms, propagated to
    /// the roots, are ignored in the predictions and in the ground truth of the same protein.
    pub known: Option<&'a GroundTruth<'a>>,
    /// The terms of interest; `None` means all terms. Other terms are ignored.
    pub interest: Option<&'a TermsOfInterest<'a>>,
}

/// A namespace that is not scored because no protein has a term left to predict in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NothingLeft {
    /// Name of the namespace.
    pub namespace: String,
    /// Number of proteins of the ground truth in the namespace.
    pub proteins: usize,
}

impl PartialKnowledge<'_> {
    /// Checks that the ground truth, the known annotations and the terms of interest use one
    /// ontology.
    pub(super) fn check(&self, truth: &GroundTruth<'_>) -> Result<(), ScoringError> {
        let ontology = truth.ontology;
        let mixed = |input| Err(ScoringError::Mixed { input });
        if self
            .known
            .is_some_and(|known| !std::ptr::eq(known.ontology, ontology))
        {
            return mixed("known annotations");
        }
        if self
            .interest
            .is_some_and(|interest| !interest.belongs_to(ontology))
        {
            return mixed("list of terms of interest");
        }
        Ok(())
    }

    /// The namespaces in which no protein of the ground truth has a term that is of interest and
    /// not known. The evaluation does not contain them.
    #[must_use]
    pub fn nothing_left(
        &self,
        truth: &GroundTruth<'_>,
        options: &ScoringOptions,
    ) -> Vec<NothingLeft> {
        let namespaces = truth.ontology.namespaces().iter().enumerate();
        namespaces
            .filter(|(at, _)| truth.namespaces[*at].rows() > 0)
            .filter_map(|(at, namespace)| {
                let scope = Scope::new(at, namespace, truth, self);
                let plain = scope.plain(options);
                let left = (0..scope.truth.rows()).any(|row| scope.has_left(row, &plain.place));
                (!left).then(|| NothingLeft {
                    namespace: namespace.name().to_owned(),
                    proteins: scope.truth.rows(),
                })
            })
            .collect()
    }

    /// The namespaces in which the ground truth has proteins but none of them has a known
    /// annotation.
    #[must_use]
    pub fn nothing_known(&self, truth: &GroundTruth<'_>) -> Vec<String> {
        let Some(known) = self.known else {
            return Vec::new();
        };
        let namespaces = truth.ontology.namespaces().iter().enumerate();
        namespaces
            .filter(|(at, _)| truth.namespaces[*at].rows() > 0)
            .filter(|(at, _)| known_rows(*at, truth, known).iter().all(|row| *row == NONE))
            .map(|(_, namespace)| namespace.name().to_owned())
            .collect()
    }
}

/// Scores predictions by the rules of CAFA-evaluator-PK. Without `accretion`, the weighted scores
/// are `None`.
///
/// Scores are divided by the number of proteins with a term left to predict. A protein whose terms
/// are all known still counts in `n` if other terms are predicted for it, so coverage can exceed 1.
/// The result does not contain namespaces without a term left to predict; see
/// [`PartialKnowledge::nothing_left`].
///
/// # Errors
///
/// The errors of [`evaluate`](crate::evaluate); [`ScoringError::NothingLeft`] if no namespace has a
/// term left to predict.
pub fn evaluate_partial(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    knowledge: &PartialKnowledge<'_>,
) -> Result<Evaluation, ScoringError> {
    let thresholds = prepare(predictions, accretion, options)?;
    score_all(predictions, accretion, options, &thresholds, knowledge)
}

pub(super) fn score_all(
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
    knowledge: &PartialKnowledge<'_>,
) -> Result<Evaluation, ScoringError> {
    let truth = predictions.truth;
    knowledge.check(truth)?;
    let namespaces = truth.ontology.namespaces().iter().enumerate();
    let namespaces: Vec<_> = namespaces
        .filter(|(at, _)| truth.namespaces[*at].rows() > 0)
        .filter_map(|(at, namespace)| {
            let scope = Scope::new(at, namespace, truth, knowledge);
            score(&scope, at, predictions, accretion, options, thresholds)
        })
        .collect();
    if namespaces.is_empty() {
        return Err(ScoringError::NothingLeft {
            truth: truth.name.clone(),
        });
    }
    Ok(Evaluation {
        name: predictions.name.clone(),
        namespaces,
        skipped: predictions.skipped().clone(),
    })
}

fn score(
    scope: &Scope<'_>,
    at: usize,
    predictions: &Predictions<'_>,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
) -> Option<NamespaceEvaluation> {
    let plain = scope.plain(options);
    let rows = scope.rows_with(&plain.place);
    let proteins = scope.count_left(&rows, &plain.place);
    if proteins == 0 {
        return None;
    }
    let scores = &predictions.namespaces[at];
    let runs = scores.runs_by_row();
    let task = PartialTask {
        thresholds,
        namespace: scope.namespace,
        options,
        truth: scope.truth,
        known: scope.known,
        known_row: &scope.known_row,
        predictions: scores,
        runs: &runs,
    };
    let plain_sums = sums(task, &plain, &rows);

    let weighted = accretion.map(|accretion| {
        let range = scope.namespace.offset()..scope.namespace.offset() + scope.namespace.len();
        let counted = scope.weighted(&accretion.values()[range]);
        let weighted_rows = scope.rows_with(&counted.place);
        // With known terms, CAFA-evaluator-PK counts among the proteins of the unweighted scores,
        // otherwise among those of the weighted scores.
        let candidates = if scope.known.is_some() {
            &rows
        } else {
            &weighted_rows
        };
        let proteins = scope.count_left(candidates, &counted.place);
        let sums = sums(task, &counted, &weighted_rows);
        let empty = scope.empty_scores(&counted, proteins);
        (sums, proteins, empty)
    });

    let point = |(tau, &value): (usize, &f64)| {
        let scores = |sums: &[f64], proteins| {
            Scores::from_sums(sums, thresholds.len(), tau, proteins, options.norm)
        };
        CurvePoint {
            tau: value,
            scores: scores(&plain_sums, proteins),
            weighted: weighted
                .as_ref()
                .map(|(sums, proteins, _)| scores(sums, *proteins)),
        }
    };
    let mut curve: Vec<CurvePoint> = thresholds.taus().iter().enumerate().map(point).collect();
    curve.retain(|p| p.scores.cov > 0.0);
    Some(NamespaceEvaluation {
        namespace: scope.namespace.name().to_owned(),
        aspect: scope.namespace.aspect(),
        proteins,
        curve,
        without_predictions: CurvePoint {
            tau: f64::INFINITY,
            scores: scope.empty_scores(&plain, proteins),
            weighted: weighted.map(|(_, _, empty)| empty),
        },
    })
}

/// Calls `act` with the task of a namespace, its proteins with a term that counts, and for each of
/// these whether it has a term left to predict. Returns `None` if no protein has a term left to
/// predict.
pub(super) fn with_proteins<T>(
    at: usize,
    predictions: &Predictions<'_>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
    knowledge: &PartialKnowledge<'_>,
    act: impl FnOnce(PartialTask<'_>, &Counted<'_>, &[u32], Vec<bool>) -> T,
) -> Option<T> {
    let truth = predictions.truth;
    let namespace = &truth.ontology.namespaces()[at];
    let scope = Scope::new(at, namespace, truth, knowledge);
    let plain = scope.plain(options);
    let rows = scope.rows_with(&plain.place);
    let left = rows
        .iter()
        .map(|&row| scope.has_left(row as usize, &plain.place));
    let left: Vec<bool> = left.collect();
    let scores = &predictions.namespaces[at];
    let task = PartialTask {
        thresholds,
        namespace,
        options,
        truth: scope.truth,
        known: scope.known,
        known_row: &scope.known_row,
        predictions: scores,
        runs: &scores.runs_by_row(),
    };
    left.contains(&true).then(|| act(task, &plain, &rows, left))
}

fn sums(task: PartialTask<'_>, counted: &Counted<'_>, rows: &[u32]) -> Vec<f64> {
    let width = task.thresholds.len() * VALUES;
    sum_rows(0..rows.len(), width, &|| {
        let mut counter = PartialCounter::new(task, counted, rows.len());
        move |at: usize, values: &mut [f64]| counter.count(rows[at] as usize, values)
    })
}

/// One namespace of the ground truth, with its known annotations and terms of interest.
struct Scope<'a> {
    namespace: &'a Namespace,
    truth: &'a NamespaceTruth,
    known: Option<&'a NamespaceTruth>,
    /// For each row of the ground truth, the row of the same protein in `known`, or [`NONE`].
    known_row: Vec<u32>,
    /// Whether each term of the namespace is of interest.
    interest: Option<Vec<bool>>,
}

impl<'a> Scope<'a> {
    fn new(
        at: usize,
        namespace: &'a Namespace,
        truth: &'a GroundTruth<'_>,
        knowledge: &'a PartialKnowledge<'_>,
    ) -> Scope<'a> {
        Scope {
            namespace,
            truth: &truth.namespaces[at],
            known: knowledge.known.map(|known| &known.namespaces[at]),
            known_row: knowledge
                .known
                .map(|known| known_rows(at, truth, known))
                .unwrap_or_default(),
            interest: knowledge.interest.map(|interest| {
                let terms = namespace.terms();
                terms.map(|term| interest.contains(term)).collect()
            }),
        }
    }

    /// The terms that count in the unweighted scores.
    fn plain(&self, options: &ScoringOptions) -> Counted<'static> {
        let is_root = |term: u32| self.namespace.propagation_order().is_root(term as usize);
        let all = 0..self.namespace.len() as u32;
        self.counted(
            all.filter(|&t| !(options.no_orphans && is_root(t)))
                .collect(),
            None,
        )
    }

    /// The terms that count in the weighted scores: those with a weight above 0.
    fn weighted<'w>(&self, weights: &'w [f64]) -> Counted<'w> {
        let all = 0..self.namespace.len() as u32;
        self.counted(
            all.filter(|&t| weights[t as usize] > 0.0).collect(),
            Some(weights),
        )
    }

    fn counted<'w>(&self, mut terms: Vec<u32>, weights: Option<&'w [f64]>) -> Counted<'w> {
        if let Some(interest) = &self.interest {
            terms.retain(|&term| interest[term as usize]);
            terms = python_set::order(terms);
        }
        let mut place = vec![NONE; self.namespace.len()];
        for (at, &term) in terms.iter().enumerate() {
            place[term as usize] = at as u32;
        }
        Counted {
            place,
            terms: terms.len(),
            weights,
        }
    }

    fn known_terms(&self, row: usize) -> &[u32] {
        match (self.known, self.known_row.get(row)) {
            (Some(known), Some(&row)) if row != NONE => known.terms_of(row as usize),
            _ => &[],
        }
    }

    /// The terms of a protein that are left to predict: they count and are not known.
    fn terms_left<'s>(&'s self, row: usize, place: &'s [u32]) -> impl Iterator<Item = u32> + 's {
        let known = self.known_terms(row);
        let terms = self.truth.terms_of(row).iter().copied();
        terms
            .filter(move |term| place[*term as usize] != NONE && known.binary_search(term).is_err())
    }

    fn has_left(&self, row: usize, place: &[u32]) -> bool {
        self.terms_left(row, place).next().is_some()
    }

    /// The rows of the proteins with a term that counts, known or not.
    fn rows_with(&self, place: &[u32]) -> Vec<u32> {
        let counts = |&row: &u32| {
            let terms = self.truth.terms_of(row as usize);
            terms.iter().any(|&term| place[term as usize] != NONE)
        };
        (0..self.truth.rows() as u32).filter(counts).collect()
    }

    fn count_left(&self, rows: &[u32], place: &[u32]) -> usize {
        let left = |row: &&u32| self.has_left(**row as usize, place);
        rows.iter().filter(left).count()
    }

    /// The scores without any prediction.
    fn empty_scores(&self, counted: &Counted<'_>, proteins: usize) -> Scores {
        let weight = |term: u32| counted.weights.map_or(1.0, |w| w[term as usize]);
        let missed = (0..self.truth.rows()).flat_map(|row| self.terms_left(row, &counted.place));
        let mut sums = [0.0; VALUES];
        sums[FN] = missed.map(weight).sum();
        Scores::from_sums(&sums, 1, 0, proteins, Norm::Gt)
    }
}

/// For each row of the ground truth, the row of the same protein in the known annotations, or
/// [`NONE`].
fn known_rows(at: usize, truth: &GroundTruth<'_>, known: &GroundTruth<'_>) -> Vec<u32> {
    let (truth_namespace, known_namespace) = (&truth.namespaces[at], &known.namespaces[at]);
    let mut rows = vec![NONE; truth_namespace.rows()];
    for (accession, &protein) in &truth.proteins {
        let row = truth_namespace.row_of[protein as usize];
        if row == NONE {
            continue;
        }
        if let Some(&other) = known.proteins.get(accession) {
            rows[row as usize] = known_namespace.row_of[other as usize];
        }
    }
    rows
}
