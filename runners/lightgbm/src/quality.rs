//! How well scores separate right candidates from wrong ones.

use protea_cafa::{
    ontology::Ontology,
    scoring::{GroundTruth, Predictions, ScoringOptions, evaluate, round_score},
};
use protea_contracts::prelude::*;

use crate::{references::References, scores::Score};

/// The smallest likelihood in a logarithm, as in LightGBM.
const MIN_LIKELIHOOD: f64 = 1e-15;

/// The area under the ROC curve: how often a right candidate scores higher than a wrong one; ties
/// count half. `None` without both.
pub(crate) fn auc(scores: &[f64], labels: &[f32]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let right = labels.iter().filter(|label| **label > 0.5).count() as f64;
    let wrong = labels.len() as f64 - right;
    if right == 0.0 || wrong == 0.0 {
        return None;
    }
    // The sum of the ranks of the right candidates (H. Mann and D. Whitney, 1947). Equal scores
    // share their mean rank.
    let mut ranks = 0.0;
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        let right = tied.iter().filter(|&&at| labels[at] > 0.5).count();
        ranks += rank * right as f64;
        before += tied.len();
    }
    Some((ranks - right * (right + 1.0) / 2.0) / (right * wrong))
}

/// The mean negative log likelihood of the labels, in nats.
pub(crate) fn logloss(probabilities: &[f64], labels: &[f32]) -> f64 {
    let losses = probabilities.iter().zip(labels).map(|(&p, &label)| {
        let likelihood = if label > 0.5 { p } else { 1.0 - p };
        -likelihood.max(MIN_LIKELIHOOD).ln()
    });
    losses.sum::<f64>() / labels.len().max(1) as f64
}

/// The harmonic mean of precision and recall of the candidates that score at least 0.5.
pub(crate) fn f1(probabilities: &[f64], labels: &[f32]) -> f64 {
    let (mut right, mut predicted, mut all) = (0.0, 0.0, 0.0);
    for (&probability, &label) in probabilities.iter().zip(labels) {
        let is_right = f64::from(u8::from(label > 0.5));
        let is_predicted = f64::from(u8::from(probability >= 0.5));
        right += is_right * is_predicted;
        predicted += is_predicted;
        all += is_right;
    }
    if predicted + all > 0.0 {
        2.0 * right / (predicted + all)
    } else {
        0.0
    }
}

/// CAFA's Fmax of scores for some of the references in one namespace.
///
/// # Errors
///
/// [`RunnerError::Failed`] when the scores cannot be evaluated.
pub(crate) fn fmax(
    references: &References<'_>,
    namespace: usize,
    proteins: &[usize],
    scores: &[Vec<Score>],
    minimum: f64,
) -> Result<f64, RunnerError> {
    let ontology: &Ontology = references.ontology();
    let dataset = references.dataset();
    let pairs = proteins.iter().flat_map(|&protein| {
        let terms = references.terms(protein).map(|(term, _)| term);
        let here = terms.filter(|&term| ontology.namespace_of(term) == namespace);
        here.map(move |term| (dataset.accession(protein), ontology.id(term)))
    });
    let truth = GroundTruth::from_annotations(ontology, "held out", pairs)
        .or_failed("scoring the held-out proteins")?;
    let mut predictions = Predictions::new(&truth, "held out");
    for (&protein, scores) in proteins.iter().zip(scores) {
        for score in scores.iter().filter(|score| score.score >= minimum) {
            let written = round_score(score.score);
            if written > 0.0 {
                predictions.push(dataset.accession(protein), ontology.id(score.term), written);
            }
        }
    }
    if predictions.is_empty() {
        return Ok(0.0);
    }
    let evaluation = evaluate(&predictions, None, &ScoringOptions::default())
        .or_failed("scoring the held-out proteins")?;
    let scored = evaluation.namespaces.first();
    Ok(scored.map_or(0.0, |namespace| namespace.fmax()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_counts_a_tie_as_half() {
        let labels = [0.0, 1.0, 0.0, 1.0];
        assert_eq!(auc(&[0.1, 0.9, 0.2, 0.8], &labels), Some(1.0));
        assert_eq!(auc(&[0.9, 0.1, 0.8, 0.2], &labels), Some(0.0));
        assert_eq!(auc(&[0.5; 4], &labels), Some(0.5));
        // Three of four pairs are in order, and one is a tie.
        assert_eq!(auc(&[0.1, 0.3, 0.3, 0.4], &labels), Some(0.875));
        assert_eq!(auc(&[0.1, 0.2], &[1.0, 1.0]), None);
    }

    #[test]
    fn log_loss_and_f1_agree_with_their_definitions() {
        let labels = [1.0, 0.0, 1.0];
        assert!((logloss(&[0.5, 0.5, 0.5], &labels) - 2.0_f64.ln()).abs() < 1e-15);
        assert!(logloss(&[0.0, 0.0, 1.0], &labels).is_finite());
        // One of two predicted candidates is right, one of two right candidates is predicted.
        assert_eq!(f1(&[0.5, 0.9, 0.1], &labels), 0.5);
        assert_eq!(f1(&[0.1, 0.1, 0.1], &labels), 0.0);
    }
}
