//! What is behind the scores of a method at one threshold per namespace: the counts of every protein
//! and every term, and how often predictions of each height are right.
//!
//! It must not know how the counts are shown.

use protea_ontology::Term;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::{
    best_scores::{Evaluation, NamespaceEvaluation},
    counting::load,
    counts::ratio,
    error::ScoringError,
    evaluation::with_task,
    namespace_truth::NONE,
    options::ScoringOptions,
    predictions::Predictions,
    propagation::Propagator,
    thresholds::Thresholds,
    truth::GroundTruth,
};

/// The counts of one namespace at the threshold of its Fmax.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NamespaceDetails {
    /// Name of the namespace, such as `molecular_function`.
    pub namespace: String,
    /// The threshold; `None` without predictions, and then nothing counts as predicted.
    pub tau: Option<f64>,
    /// The proteins of the ground truth with a term left to predict, in its order.
    pub proteins: Vec<ProteinCounts>,
    /// The terms that a protein has or that are predicted, in the order of the ontology.
    pub terms: Vec<TermCounts>,
    /// By threshold, ascending: the predictions whose score reaches it, but not the next one.
    pub heights: Vec<HeightCounts>,
}

/// The terms of one protein, with their ancestors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProteinCounts {
    /// The accession.
    pub accession: String,
    /// Number of terms that it has and that were not known before.
    pub positives: u32,
    /// Number of terms that are predicted and were not known before.
    pub predicted: u32,
    /// Number of predicted terms that it has.
    pub correct: u32,
}

impl ProteinCounts {
    /// The part of the predicted terms that is right, 0..=1; 0 if nothing is predicted.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(f64::from(self.correct), f64::from(self.predicted))
    }

    /// The part of the terms that is predicted, 0..=1.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(f64::from(self.correct), f64::from(self.positives))
    }

    /// The harmonic mean of precision and recall, 0..=1.
    #[must_use]
    pub fn f(&self) -> f64 {
        ratio(
            2.0 * f64::from(self.correct),
            f64::from(self.predicted) + f64::from(self.positives),
        )
    }
}

/// The proteins of one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TermCounts {
    /// The term.
    pub term: Term,
    /// Number of proteins that have it.
    pub positives: u32,
    /// Number of proteins that it is predicted for.
    pub predicted: u32,
    /// Number of these that have it.
    pub correct: u32,
}

impl TermCounts {
    /// The part of its predictions that is right; `None` if it is never predicted.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        (self.predicted > 0).then(|| f64::from(self.correct) / f64::from(self.predicted))
    }

    /// The part of its proteins that it is predicted for; `None` if no protein has it.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        (self.positives > 0).then(|| f64::from(self.correct) / f64::from(self.positives))
    }
}

/// The predictions of about the same score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeightCounts {
    /// The threshold that they reach.
    pub tau: f64,
    /// Number of predictions.
    pub predictions: u64,
    /// Number of predictions that are right.
    pub correct: u64,
}

/// Counts what is behind `evaluation`, which must be of the same predictions and options, at the
/// threshold of Fmax: one entry per namespace of it, in its order. Terms of `known`, the annotations
/// that were known before, do not count.
///
/// # Errors
///
/// [`ScoringError::Option`] if the threshold step is out of range; [`ScoringError::Mixed`] if the
/// known annotations use another ontology.
pub fn details(
    predictions: &Predictions<'_>,
    known: Option<&GroundTruth<'_>>,
    options: &ScoringOptions,
    evaluation: &Evaluation,
) -> Result<Vec<NamespaceDetails>, ScoringError> {
    let truth = predictions.truth;
    let thresholds = Thresholds::new(options.th_step)?;
    if known.is_some_and(|known| !std::ptr::eq(known.ontology, truth.ontology)) {
        return Err(ScoringError::Mixed {
            input: "known annotations",
        });
    }
    let mut accessions = vec![""; truth.proteins.len()];
    for (accession, &protein) in &truth.proteins {
        accessions[protein as usize] = std::str::from_utf8(accession).unwrap_or("?");
    }
    let count = |scored: &NamespaceEvaluation| {
        let all = truth.ontology.namespaces();
        let at = all.iter().position(|n| n.name() == scored.namespace)?;
        let inputs = Inputs {
            predictions,
            known,
            options,
            thresholds: &thresholds,
            accessions: &accessions,
        };
        Some(inputs.count(at, scored))
    };
    let counted: Vec<_> = evaluation.namespaces.par_iter().map(count).collect();
    Ok(counted.into_iter().flatten().collect())
}

struct Inputs<'a> {
    predictions: &'a Predictions<'a>,
    known: Option<&'a GroundTruth<'a>>,
    options: &'a ScoringOptions,
    thresholds: &'a Thresholds,
    /// By number of the protein in the ground truth.
    accessions: &'a [&'a str],
}

impl Inputs<'_> {
    fn count(&self, at: usize, scored: &NamespaceEvaluation) -> NamespaceDetails {
        let truth = self.predictions.truth;
        let namespace = &truth.ontology.namespaces()[at];
        let rows = &truth.namespaces[at];
        let mut protein_of = vec![0; rows.rows()];
        for (protein, &row) in rows.row_of.iter().enumerate() {
            if row != NONE {
                protein_of[row as usize] = protein;
            }
        }
        let tau = scored.tau();
        let taus = self.thresholds.taus();
        // A term is predicted if it reaches more thresholds than there are below tau.
        let below = tau.map_or(taus.len(), |tau| taus.partition_point(|t| *t < tau));
        let mut counted = NamespaceDetails {
            namespace: namespace.name().to_owned(),
            tau,
            proteins: Vec::with_capacity(rows.rows()),
            terms: Vec::new(),
            heights: taus
                .iter()
                .map(|&tau| HeightCounts {
                    tau,
                    predictions: 0,
                    correct: 0,
                })
                .collect(),
        };
        // By term: positives, predicted, correct.
        let mut terms = vec![[0u32; 3]; namespace.len()];
        with_task(
            at,
            self.predictions,
            None,
            self.options,
            self.thresholds,
            |task| {
                let mut propagator = Propagator::new(namespace, self.options.prop);
                let is_counted = |term: u32| task.interest.is_none_or(|i| i[term as usize]);
                for (row, &protein) in protein_of.iter().enumerate() {
                    let accession = self.accessions[protein];
                    let known = self.known_terms(at, accession);
                    let is_counted =
                        |term: u32| is_counted(term) && known.binary_search(&term).is_err();
                    let own = rows.terms_of(row);
                    let mut protein = ProteinCounts {
                        accession: accession.to_owned(),
                        positives: 0,
                        predicted: 0,
                        correct: 0,
                    };
                    for &term in own.iter().filter(|term| is_counted(**term)) {
                        protein.positives += 1;
                        terms[term as usize][0] += 1;
                    }
                    load(
                        &mut propagator,
                        task.predictions,
                        task.runs,
                        self.thresholds,
                        task.max_terms,
                        row,
                    );
                    propagator.drain(|term, code| {
                        let reached = code.saturating_sub(1) as usize;
                        if reached == 0 || !is_counted(term) {
                            return;
                        }
                        let correct = own.binary_search(&term).is_ok();
                        let height = &mut counted.heights[reached - 1];
                        height.predictions += 1;
                        height.correct += u64::from(correct);
                        if reached > below {
                            protein.predicted += 1;
                            protein.correct += u32::from(correct);
                            terms[term as usize][1] += 1;
                            terms[term as usize][2] += u32::from(correct);
                        }
                    });
                    if protein.positives > 0 {
                        counted.proteins.push(protein);
                    }
                }
            },
        );
        let all = namespace.terms().zip(&terms);
        counted.terms = all
            .filter(|(_, counts)| counts[0] > 0 || counts[1] > 0)
            .map(|(term, &[positives, predicted, correct])| TermCounts {
                term,
                positives,
                predicted,
                correct,
            })
            .collect();
        counted
    }

    /// The terms of a protein that were known before, ascending.
    fn known_terms(&self, at: usize, accession: &str) -> &[u32] {
        let Some(known) = self.known else {
            return &[];
        };
        let Some(&protein) = known.proteins.get(accession.as_bytes()) else {
            return &[];
        };
        match known.namespaces[at].row_of.get(protein as usize) {
            Some(&row) if row != NONE => known.namespaces[at].terms_of(row as usize),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use protea_ontology::Ontology;

    use super::*;
    use crate::{Rules, evaluate_allowing_empty};

    const OBO: &[u8] = b"[Term]\nid: GO:0003674\nnamespace: molecular_function\n\n\
        [Term]\nid: GO:0005488\nnamespace: molecular_function\nis_a: GO:0003674\n\n\
        [Term]\nid: GO:0003824\nnamespace: molecular_function\nis_a: GO:0003674\n";

    #[test]
    fn counts_add_up_to_the_curve() {
        let ontology = Ontology::parse(OBO, "test.obo").unwrap();
        let pairs = [
            ("P1", "GO:0005488"),
            ("P2", "GO:0003824"),
            ("P3", "GO:0005488"),
        ];
        let truth = GroundTruth::from_annotations(&ontology, "test", pairs).unwrap();
        let mut predictions = Predictions::new(&truth, "mine");
        predictions.push("P1", "GO:0005488", 0.9);
        predictions.push("P1", "GO:0003824", 0.4);
        predictions.push("P2", "GO:0005488", 0.8);
        let options = ScoringOptions::default();
        let evaluation =
            evaluate_allowing_empty(&predictions, None, &options, Rules::Cafaeval).unwrap();
        let found = details(&predictions, None, &options, &evaluation).unwrap();
        let [mfo] = &found[..] else {
            panic!("{found:?}");
        };
        let point = evaluation.namespaces[0].best(crate::Best::F).unwrap();
        let predicted: Vec<_> = mfo.proteins.iter().filter(|p| p.predicted > 0).collect();
        let precision: f64 = predicted.iter().map(|p| p.precision()).sum::<f64>() / 2.0;
        let recall: f64 = mfo.proteins.iter().map(ProteinCounts::recall).sum::<f64>() / 3.0;
        assert_eq!(predicted.len(), 2);
        assert!((precision - point.scores.pr).abs() < 1e-12);
        assert!((recall - point.scores.rc).abs() < 1e-12);
        let positives: Vec<u32> = mfo.terms.iter().map(|term| term.positives).collect();
        assert_eq!(positives, [3, 2, 1]);
        let all: u64 = mfo.heights.iter().map(|height| height.predictions).sum();
        // The root of two proteins and three predicted terms.
        assert_eq!(all, 5);
    }

    #[test]
    fn known_terms_do_not_count() {
        let ontology = Ontology::parse(OBO, "test.obo").unwrap();
        let pairs = [("P1", "GO:0005488"), ("P2", "GO:0003824")];
        let truth = GroundTruth::from_annotations(&ontology, "test", pairs).unwrap();
        let known =
            GroundTruth::from_annotations(&ontology, "known", [("P1", "GO:0003674")]).unwrap();
        let predictions = Predictions::for_every_protein(
            &truth,
            "all",
            &[(ontology.resolve("GO:0005488")[0], 0.5)],
        );
        let options = ScoringOptions::default();
        let evaluation =
            evaluate_allowing_empty(&predictions, None, &options, Rules::Cafaeval).unwrap();
        let found = details(&predictions, Some(&known), &options, &evaluation).unwrap();
        let first = &found[0].proteins[0];
        assert_eq!((first.positives, first.predicted, first.correct), (1, 1, 1));
        let second = &found[0].proteins[1];
        assert_eq!(
            (second.positives, second.predicted, second.correct),
            (2, 2, 1)
        );
    }
}
