//! Explains the terms of one protein.

use protea_cafa::{
    assessment::{open_dataset, open_references},
    explaining::{find_protein, find_term, specific_first},
    prediction::with_threads,
};
use protea_contracts::prelude::*;

use crate::{
    checks::check_embeddings,
    contributions::CONTRIBUTORS,
    model::Model,
    predict::{Predictor, Prepared},
    references::References,
};

/// Explains the terms of a protein.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term; otherwise those of `evaluate`.
pub(crate) fn explain(
    request: &ExplainRequest,
    model: &Model,
    emit: &Emitter,
) -> Result<Explanation, RunnerError> {
    let queries = open_dataset(&request.dataset_dir()?)?;
    let query = find_protein(&queries, &request.accession)?;
    let reference_set = open_references(&model.reference, &request.model_path()?)?;
    let spec = &model.reference.spec;
    check_embeddings(&reference_set, &queries, emit)?;
    with_threads(request.threads, || {
        let references = References::open(&reference_set, spec, emit)?;
        let prepared = Prepared::new(spec, &references)?;
        let mut predictor = Predictor::new(spec, &references, &prepared, &queries, emit)?;
        predictor.calibration = model.calibration.as_ref();
        let ontology = references.ontology();
        let asked = request
            .term
            .as_deref()
            .map(|id| find_term(ontology, id))
            .transpose()?;
        let progress = |part: f64| {
            emit.progress((part * 1e6) as u64, 1_000_000);
        };
        let neighbours = predictor.neighbours.find(&[query], emit, &progress)?;
        let question = predictor.question(&neighbours, 0, query);
        let terms = question.explained(asked);
        let predicted = terms.iter().filter(|term| term.predicted).count();
        let mut kept: Vec<TermExplanation> = terms
            .into_iter()
            .filter(|term| match asked {
                Some(asked) => term.term == ontology.id(asked),
                None => term.predicted,
            })
            .collect();
        specific_first(ontology, &mut kept);
        let mut explanation = Explanation::new(&request.accession, CONTRIBUTORS)
            .with_terms(kept, request.limit)
            .with_extra("references", reference_set.manifest().name.as_str())
            .with_extra("spec", json!(spec));
        explanation.predicted = predicted;
        explanation.decimals = spec.decimals;
        Ok(explanation)
    })
}
