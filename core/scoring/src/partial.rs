//! Scoring as CAFA-evaluator-PK does: what was known already counts for nothing.

use serde::Serialize;

use protea_ontology::Namespace;

use super::accretion::InformationAccretion;
use super::counts::{FN, VALUES};
use super::curve::{CurvePoint, Scores};
use super::error::ScoringError;
use super::evaluation::prepare;
use super::interest::TermsOfInterest;
use super::options::{Norm, ScoringOptions};
use super::pairwise::sum_rows;
use super::partial_counting::{Counted, PartialCounter, PartialTask};
use super::predictions::Predictions;
use super::python_set;
use super::result::{Evaluation, NamespaceEvaluation};
use super::thresholds::Thresholds;
use super::truth::{GroundTruth, NONE, NamespaceTruth};

/// What an evaluation leaves out, beside what is in no ground truth.
///
/// Without either, [`evaluate_partial`] differs from [`evaluate`](super::evaluate) in one thing: proteins none of whose terms
/// count (roots under `no_orphans`, terms without information accretion in the weighted scores) are left out altogether.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartialKnowledge<'a> {
    /// What was known of the proteins before the predictions were made. These terms, propagated, count neither for nor against a
    /// prediction of the protein that has them.
    pub known: Option<&'a GroundTruth<'a>>,
    /// The terms that count at all.
    pub interest: Option<&'a TermsOfInterest<'a>>,
}

/// A namespace that is not scored, because no protein has a term left there that could be predicted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NothingLeft {
    /// Name of the namespace.
    pub namespace: String,
    /// Proteins of the ground truth there.
    pub proteins: usize,
}

impl PartialKnowledge<'_> {
    /// That all is of one ontology.
    pub(super) fn check(&self, truth: &GroundTruth<'_>) -> Result<(), ScoringError> {
        let ontology = truth.ontology;
        let mixed = |what| Err(ScoringError::Mixed { what });
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

    /// The namespaces in which no protein of the ground truth has a term left that is of interest and not known yet. They are
    /// missing from the evaluation.
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

    /// The namespaces in which the ground truth has proteins, but nothing of any of them was known.
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

/// Scores predictions as CAFA-evaluator-PK does. `accretion` gives the weighted scores; without it they are `None`.
///
/// The number of proteins that scores are divided by is that of the proteins with a term left to predict. Proteins of which
/// all is known still count where something else is predicted for them, so that coverage can exceed 1. A namespace without a
/// term left to predict is not in the result; see [`PartialKnowledge::nothing_left`].
///
/// # Errors
/// Those of [`evaluate`](super::evaluate); [`ScoringError::NothingLeft`] if there is nothing left in any namespace.
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
    let of_namespace = &predictions.namespaces[at];
    let runs = of_namespace.runs_by_row();
    let task = PartialTask {
        thresholds,
        namespace: scope.namespace,
        options,
        truth: scope.truth,
        known: scope.known,
        known_row: &scope.known_row,
        predictions: of_namespace,
        runs: &runs,
    };
    let plain_sums = sums(task, &plain, &rows);

    let weighted = accretion.map(|accretion| {
        let range = scope.namespace.offset()..scope.namespace.offset() + scope.namespace.len();
        let counted = scope.weighted(&accretion.values()[range]);
        let weighed_rows = scope.rows_with(&counted.place);
        // With known terms the reference looks for what is left among the proteins that count above, without among all.
        let among = if scope.known.is_some() {
            &rows
        } else {
            &weighed_rows
        };
        let proteins = scope.count_left(among, &counted.place);
        let sums = sums(task, &counted, &weighed_rows);
        let silent = scope.silent(&counted, proteins);
        (sums, proteins, silent)
    });

    let point = |(tau, &value): (usize, &f64)| {
        let of = |sums: &[f64], proteins| {
            Scores::from_sums(sums, thresholds.len(), tau, proteins, options.norm)
        };
        CurvePoint {
            tau: value,
            scores: of(&plain_sums, proteins),
            weighted: weighted
                .as_ref()
                .map(|(sums, proteins, _)| of(sums, *proteins)),
        }
    };
    let mut curve: Vec<CurvePoint> = thresholds.taus().iter().enumerate().map(point).collect();
    curve.retain(|p| p.scores.cov > 0.0);
    Some(NamespaceEvaluation {
        namespace: scope.namespace.name().to_owned(),
        aspect: scope.namespace.aspect(),
        proteins,
        curve,
        silent: CurvePoint {
            tau: f64::INFINITY,
            scores: scope.silent(&plain, proteins),
            weighted: weighted.map(|(_, _, silent)| silent),
        },
    })
}

/// Has `act` take what each protein of a namespace adds to the scores: the values of the proteins with a term that counts, and
/// whether each has one left to predict. None where none has.
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
    let of_namespace = &predictions.namespaces[at];
    let task = PartialTask {
        thresholds,
        namespace,
        options,
        truth: scope.truth,
        known: scope.known,
        known_row: &scope.known_row,
        predictions: of_namespace,
        runs: &of_namespace.runs_by_row(),
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

/// One namespace of the ground truth, and what is left out of it.
struct Scope<'a> {
    namespace: &'a Namespace,
    truth: &'a NamespaceTruth,
    known: Option<&'a NamespaceTruth>,
    /// The row of what is known of each protein, by row of the ground truth; [`NONE`] where nothing is.
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

    /// The terms that count 1 each.
    fn plain(&self, options: &ScoringOptions) -> Counted<'static> {
        let orphan = |term: u32| self.namespace.propagation_order().is_root(term as usize);
        let all = 0..self.namespace.len() as u32;
        self.counted(
            all.filter(|&t| !(options.no_orphans && orphan(t)))
                .collect(),
            None,
        )
    }

    /// The terms that count their weight.
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

    fn known_of(&self, row: usize) -> &[u32] {
        match (self.known, self.known_row.get(row)) {
            (Some(known), Some(&row)) if row != NONE => known.terms_of(row as usize),
            _ => &[],
        }
    }

    /// The terms of a protein that count and were not known.
    fn left<'s>(&'s self, row: usize, place: &'s [u32]) -> impl Iterator<Item = u32> + 's {
        let known = self.known_of(row);
        let terms = self.truth.terms_of(row).iter().copied();
        terms
            .filter(move |term| place[*term as usize] != NONE && known.binary_search(term).is_err())
    }

    fn has_left(&self, row: usize, place: &[u32]) -> bool {
        self.left(row, place).next().is_some()
    }

    /// The proteins with a term that counts, known or not.
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

    /// The scores of predicting nothing.
    fn silent(&self, counted: &Counted<'_>, proteins: usize) -> Scores {
        let weight = |term: u32| counted.weights.map_or(1.0, |w| w[term as usize]);
        let missed = (0..self.truth.rows()).flat_map(|row| self.left(row, &counted.place));
        let mut sums = [0.0; VALUES];
        sums[FN] = missed.map(weight).sum();
        Scores::from_sums(&sums, 1, 0, proteins, Norm::Gt)
    }
}

/// The row of what is known of each protein, by row of the ground truth.
fn known_rows(at: usize, truth: &GroundTruth<'_>, known: &GroundTruth<'_>) -> Vec<u32> {
    let (of_truth, of_known) = (&truth.namespaces[at], &known.namespaces[at]);
    let mut rows = vec![NONE; of_truth.rows()];
    for (accession, &protein) in &truth.proteins {
        let row = of_truth.row_of[protein as usize];
        if let (true, Some(&other)) = (row != NONE, known.proteins.get(accession)) {
            rows[row as usize] = of_known.row_of[other as usize];
        }
    }
    rows
}
