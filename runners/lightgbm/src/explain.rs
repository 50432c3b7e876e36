//! Explains the terms of one protein.

use protea_cafa::{
    assessment::open_dataset,
    explaining::{describe, find_protein, find_term, specific_first},
    prediction::with_threads,
};
use protea_contracts::prelude::*;

use crate::{
    contributions::TermNames, features::Extractor, model::Model, neighbours::Searcher,
    predict::Predictor, references::References, scores::Score, statistics::Statistics,
};

/// Explains the terms of a protein.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term; otherwise those of `evaluate`.
pub(crate) fn explain(
    request: &ExplainRequest,
    emit: &Emitter,
) -> Result<Explanation, RunnerError> {
    let model = Model::read(request)?;
    let path = request.model_path()?;
    let queries = open_dataset(&request.dataset_dir()?)?;
    let query = find_protein(&queries, &request.accession)?;
    model.check(&queries, emit)?;
    let library = model.open_library()?;
    let reference_set = model.open_references(&path)?;
    let components = model.read_components(&path)?;
    with_threads(request.threads, || {
        let references = References::open(&reference_set, &model.reference.spec, emit)?;
        let ontology = references.ontology();
        let asked = request
            .term
            .as_deref()
            .map(|id| find_term(ontology, id))
            .transpose()?;
        let spec = &model.reference.spec;
        let statistics = Statistics::of_all(&references);
        let predictor = Predictor {
            extractor: Extractor::new(&references, statistics, &model.schema, &components, spec),
            trees: model.read_trees(library.as_ref(), ontology, &path)?,
            spec,
            threads: request.threads,
            features: &model.schema.features,
            calibration: model.calibration.as_ref(),
        };
        let only = query..query + 1;
        let report = |part: f64| {
            emit.progress((part * 1e6) as u64, 1_000_000);
        };
        let searcher = Searcher::new(&references, &queries, spec)?;
        let neighbours = searcher.find(only.clone(), emit, &report)?;
        let candidates = predictor.candidates(&queries, only, &neighbours, query)?;
        let scores = predictor.scores(&candidates)?;
        let explainer = predictor.explainer();
        let mut terms = Vec::new();
        let mut predicted = 0;
        let by_namespace = candidates.iter().flatten().zip(scores.iter().flatten());
        for (candidates, scores) in by_namespace {
            let list = neighbours.list(0, candidates.namespace);
            predicted += scores
                .iter()
                .filter(|score| explainer.is_predicted(score))
                .count();
            let wanted: Vec<Score> = scores
                .iter()
                .filter(|score| match asked {
                    Some(asked) => score.term == asked,
                    None => explainer.is_predicted(score),
                })
                .copied()
                .collect();
            terms.extend(explainer.terms(candidates, &wanted, list, TermNames::Given)?);
        }
        if let Some(asked) = asked
            && terms.is_empty()
        {
            // No neighbour has the term.
            let mut without_votes = describe(ontology, asked, 0.0);
            without_votes.predicted = false;
            terms.push(without_votes);
        }
        specific_first(ontology, &mut terms);
        let mut explanation = Explanation::new(&request.accession, explainer.contributors())
            .with_terms(terms, request.limit)
            .with_extra("references", reference_set.manifest().name.as_str())
            .with_extra("spec", json!(spec));
        explanation.predicted = predicted;
        Ok(explanation)
    })
}
