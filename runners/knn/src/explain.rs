//! Which neighbours gave which term, with which weight.
//!
//! The scores are those of [`Transfer`]: this module takes apart, neighbour by neighbour, what
//! `evaluate` sums up.

use std::collections::{HashMap, HashSet};

use protea_cafa::{
    assessment::{open_dataset, open_references},
    dataset::FrozenDataset,
    explaining::{describe, find_protein, find_term, specific_first},
    neighbours::Neighbours,
    ontology::{Ontology, Term},
    prediction::with_threads,
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{
    checks::{check_embeddings, check_signals},
    composite::Composite,
    predict::find_neighbours,
    references::{Indices, References},
    spec::{KnnSpec, Vote},
    transfer::{Transfer, distance, divisor_part, similarity, voters},
};

/// Explains the terms of a protein.
///
/// # Errors
///
/// [`RunnerError::NotFound`] for an unknown protein or term; otherwise those of `evaluate`.
pub(crate) fn explain(
    request: &ExplainRequest,
    model: &ReferenceModel<KnnSpec>,
    emit: &Emitter,
) -> Result<Explanation, RunnerError> {
    let queries = open_dataset(&request.dataset_dir()?)?;
    let query = find_protein(&queries, &request.accession)?;
    let reference_set = open_references(model, &request.model_path()?)?;
    check_embeddings(&reference_set, &queries, emit)?;
    with_threads(request.threads, || {
        let references = References::open(&reference_set, &model.spec, emit)?;
        check_signals(&model.spec, &reference_set, &queries)?;
        let asked = request
            .term
            .as_deref()
            .map(|id| find_term(references.ontology(), id))
            .transpose()?;
        let indices = references.indices(model.spec.per_aspect)?;
        let neighbours = find_neighbours(
            &model.spec,
            &references,
            &indices,
            &queries,
            Some(query),
            emit,
        )?;
        let question = Question {
            spec: &model.spec,
            references: &references,
            indices: &indices,
            queries: &queries,
            query,
        };
        let terms = explained(&question, &neighbours, asked);
        let predicted = terms.iter().filter(|term| term.predicted).count();
        let mut kept: Vec<TermExplanation> = terms
            .into_iter()
            .filter(|term| match asked {
                Some(asked) => term.term == references.ontology().id(asked),
                None => term.predicted,
            })
            .collect();
        specific_first(references.ontology(), &mut kept);
        let mut explanation = Explanation::new(&request.accession, "neighbour")
            .with_terms(kept, request.limit)
            .with_extra("references", reference_set.manifest().name.as_str())
            .with_extra("spec", json!(model.spec));
        explanation.predicted = predicted;
        explanation.decimals = model.spec.decimals;
        Ok(explanation)
    })
}

/// One query against the references.
struct Question<'a> {
    spec: &'a KnnSpec,
    references: &'a References<'a>,
    indices: &'a Indices,
    queries: &'a FrozenDataset,
    query: usize,
}

/// All terms with a vote, and the one asked about, each with the votes for it.
fn explained(
    question: &Question<'_>,
    neighbours: &Neighbours,
    asked: Option<Term>,
) -> Vec<TermExplanation> {
    let (spec, ontology) = (question.spec, question.references.ontology());
    let scores_by = |spec: &KnnSpec| {
        Transfer::new(
            question.references,
            question.indices,
            spec,
            question.queries,
        )
        .predict_with(neighbours, 0, question.query)
    };
    let predicted: HashMap<Term, f64> = scores_by(spec)
        .into_iter()
        .filter(|(_, score)| round_score(*score) > 0.0)
        .collect();
    let mut scores = scores_by(&KnnSpec {
        minimum_score: 0.0,
        decimals: None,
        most_specific: false,
        ..spec.clone()
    });
    if let Some(asked) = asked
        && scores.iter().all(|(term, _)| *term != asked)
    {
        scores.push((asked, 0.0));
    }
    let mut contributions = votes(question, neighbours);
    let explain = |(term, score)| {
        let written = predicted.get(&term);
        let mut explained = describe(ontology, term, *written.unwrap_or(&score));
        explained.predicted = written.is_some();
        explained.combination = match spec.vote {
            Vote::Max | Vote::Reliability | Vote::Composite => Combination::Max,
            Vote::Fraction | Vote::Similarity | Vote::Gopredsim => Combination::Sum,
        };
        explained.contributions = contributions.remove(&term).unwrap_or_default();
        explained
    };
    scores.into_iter().map(explain).collect()
}

/// By term, the votes for it, the largest first. A composite score has one vote, that of the
/// nearest neighbour with the term.
fn votes(question: &Question<'_>, neighbours: &Neighbours) -> HashMap<Term, Vec<Contribution>> {
    let Question {
        spec,
        references,
        indices,
        queries,
        query,
    } = *question;
    let ontology = references.ontology();
    let composite = Composite::new(spec, references, queries);
    let mut decided = HashSet::new();
    let mut votes: HashMap<Term, Vec<Contribution>> = HashMap::new();
    for index in 0..indices.namespaces.len() {
        let list = neighbours.list(0, index);
        let parts = voters(spec, list).map(|voter| divisor_part(spec.vote, voter.weight));
        let divisor = match spec.vote {
            Vote::Max | Vote::Reliability | Vote::Composite => 1.0,
            Vote::Fraction | Vote::Similarity | Vote::Gopredsim => parts.sum(),
        };
        for (position, voter) in voters(spec, list).enumerate() {
            // A vote without weight is not a contribution.
            if voter.weight <= 0.0 && spec.vote != Vote::Composite {
                continue;
            }
            let mut own = match spec.vote {
                Vote::Composite => Some(composite.scores(query, voter.row, voter.weight)),
                _ => None,
            };
            let row = voter.row as usize;
            let mut vote =
                Contribution::new(references.dataset.accession(row), voter.weight / divisor);
            vote.rank = Some(position + 1);
            vote.weight = Some(voter.weight);
            if let Some(neighbour) = list.iter().find(|neighbour| neighbour.row == voter.row) {
                vote.distance = Some(distance(spec.metric, neighbour));
                vote.similarity = Some(similarity(spec.metric, neighbour));
            }
            let specific = MostSpecific::new(ontology, references.terms(row));
            for &term in references.terms(row) {
                let own = own.as_mut().and_then(Iterator::next);
                if !indices.transfers(index, ontology.namespace_of(term)) {
                    continue;
                }
                let mut vote = vote.clone();
                if let Some(own) = own {
                    if !decided.insert(term) || own <= 0.0 {
                        continue;
                    }
                    (vote.amount, vote.weight) = (own, Some(own));
                }
                vote.through = specific.implying(term);
                votes.entry(term).or_default().push(vote);
            }
        }
    }
    for votes in votes.values_mut() {
        // The sort is stable: of equal votes, the nearer comes first.
        votes.sort_by(|a, b| b.amount.total_cmp(&a.amount));
    }
    votes
}

/// The terms of a protein that have no descendant among its terms.
struct MostSpecific<'o> {
    ontology: &'o Ontology,
    /// Each with its ancestors in ascending order.
    leaves: Vec<(Term, Vec<Term>)>,
}

impl<'o> MostSpecific<'o> {
    /// `terms` are those of a protein with all ancestors, in ascending order.
    fn new(ontology: &'o Ontology, terms: &[Term]) -> Self {
        let has = |term: &Term| terms.binary_search(term).is_ok();
        let leaves = terms
            .iter()
            .filter(|term| !ontology.children(**term).iter().any(has))
            .map(|&leaf| {
                let mut ancestors = ontology.ancestors(leaf);
                ancestors.sort_unstable();
                (leaf, ancestors)
            })
            .collect();
        Self { ontology, leaves }
    }

    /// The ids of those that imply `term` and are not `term` itself.
    fn implying(&self, term: Term) -> Vec<String> {
        let implying = self
            .leaves
            .iter()
            .filter(|(_, ancestors)| ancestors.binary_search(&term).is_ok());
        let mut ids: Vec<String> = implying
            .map(|(leaf, _)| self.ontology.id(*leaf).to_owned())
            .collect();
        ids.sort_unstable();
        ids
    }
}
