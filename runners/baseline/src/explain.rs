//! Explanations of `naive`: every protein gets the same frequencies.

use protea_cafa::{
    assessment::{open_dataset, open_ontology},
    explaining::{describe, find_protein, find_term, specific_first},
    ontology::Term,
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{model::Model, naive::TermFrequencies};

/// What each score comes from.
const SOURCE: &str = "frequency in the training set";
/// The kind of contributor.
const CONTRIBUTORS: &str = "evidence";

/// The terms that `naive` predicts for every protein, with their scores.
pub(crate) fn predicted_frequencies<'f>(
    model: &'f Model,
    frequencies: &'f TermFrequencies,
) -> Vec<(&'f str, f64)> {
    let mut predicted = frequencies.at_least(model.spec.minimum_score);
    if let Some(calibrated) = &model.calibrated {
        for (term, score) in &mut predicted {
            *score = calibrated.get(term);
        }
    }
    predicted
}

/// The explanation of these terms, for any protein, without their names.
pub(crate) fn naive_evidence(
    model: &Model,
    predicted: &[(&str, f64)],
    frequencies: &TermFrequencies,
) -> Explanation {
    let terms = predicted.iter().map(|&(term, score)| {
        let mut explained = TermExplanation::new(term, score);
        add_frequency(&mut explained, model, frequencies.get(term));
        explained
    });
    let mut explanation = Explanation::new("", CONTRIBUTORS);
    explanation.terms = terms.collect();
    explanation
}

fn add_frequency(explained: &mut TermExplanation, model: &Model, frequency: f64) {
    if frequency > 0.0 {
        explained.contributions = vec![Contribution::new(SOURCE, frequency)];
    }
    if model.calibrated.is_some() {
        explained.uncalibrated = Some(frequency);
    }
}

/// Explains the scores by the frequencies that `fit` counted.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term, [`RunnerError::Dataset`].
pub(crate) fn explain_frequencies(
    request: &ExplainRequest,
    model: &Model,
    frequencies: &TermFrequencies,
) -> Result<Explanation, RunnerError> {
    let dataset = open_dataset(&request.dataset_dir()?)?;
    find_protein(&dataset, &request.accession)?;
    let ontology = open_ontology(&dataset)?;
    let explain = |term: Term, frequency: f64, score: f64| {
        let mut explained = describe(&ontology, term, score);
        explained.predicted = frequency >= model.spec.minimum_score && round_score(score) > 0.0;
        add_frequency(&mut explained, model, frequency);
        explained
    };
    let score = |id: &str, frequency| match &model.calibrated {
        Some(calibrated) => calibrated.get(id),
        None => frequency,
    };
    let known = |id: &str| ontology.resolve(id).first().copied();
    let all = frequencies.at_least(0.0);
    let mut terms: Vec<TermExplanation> = all
        .iter()
        .filter_map(|&(id, frequency)| Some(explain(known(id)?, frequency, score(id, frequency))))
        .filter(|term| term.predicted)
        .collect();
    let explanation = Explanation::new(&request.accession, CONTRIBUTORS);
    let Some(asked) = &request.term else {
        specific_first(&ontology, &mut terms);
        return Ok(explanation.with_terms(terms, request.limit));
    };
    let asked = find_term(&ontology, asked)?;
    let found = all.iter().find(|(id, _)| known(id) == Some(asked));
    let term = match found {
        Some(&(id, frequency)) => explain(asked, frequency, score(id, frequency)),
        None => explain(asked, 0.0, 0.0),
    };
    let mut explanation = explanation.with_terms(vec![term], 1);
    explanation.predicted = terms.len();
    Ok(explanation)
}
