//! Explanations of `naive`: every protein gets the same frequencies.

use protea_cafa::{
    assessment::{open_dataset, open_ontology},
    explaining::{describe, find_protein, find_term, specific_first},
    ontology::Term,
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::naive::TermFrequencies;

/// Explains the scores by the frequencies that `fit` counted. Terms below `minimum` are not
/// predicted.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term, [`RunnerError::Dataset`].
pub(crate) fn explain_frequencies(
    request: &ExplainRequest,
    frequencies: &TermFrequencies,
    minimum: f64,
) -> Result<Explanation, RunnerError> {
    let dataset = open_dataset(&request.dataset_dir()?)?;
    find_protein(&dataset, &request.accession)?;
    let ontology = open_ontology(&dataset)?;
    let explain = |term: Term, frequency: f64| {
        let mut explained = describe(&ontology, term, frequency);
        explained.predicted = frequency >= minimum && round_score(frequency) > 0.0;
        if frequency > 0.0 {
            let source = "frequency in the training set";
            explained.contributions = vec![Contribution::new(source, frequency)];
        }
        explained
    };
    let known = |id: &str| ontology.resolve(id).first().copied();
    let all = frequencies.at_least(0.0);
    let mut terms: Vec<TermExplanation> = all
        .iter()
        .filter_map(|(id, frequency)| Some(explain(known(id)?, *frequency)))
        .filter(|term| term.predicted)
        .collect();
    let explanation = Explanation::new(&request.accession, "evidence");
    let Some(asked) = &request.term else {
        specific_first(&ontology, &mut terms);
        return Ok(explanation.with_terms(terms, request.limit));
    };
    let asked = find_term(&ontology, asked)?;
    let frequency = all.iter().find(|(id, _)| known(id) == Some(asked));
    let term = explain(asked, frequency.map_or(0.0, |(_, frequency)| *frequency));
    let mut explanation = explanation.with_terms(vec![term], 1);
    explanation.predicted = terms.len();
    Ok(explanation)
}
