//! Which neighbours gave which term, and with what weight.
//!
//! The scores are those of [`Transfer`], neighbour for neighbour: what `evaluate` adds up is taken
//! apart here.

use std::collections::{HashMap, HashSet};

use protea_cafa::{
    assessment::{open_dataset, open_references, with_threads},
    dataset::FrozenDataset,
    explaining::{describe, find_protein, find_term, specific_first},
    ontology::{Ontology, Term},
    scoring::round_score,
};
use protea_contracts::prelude::*;

use crate::{
    composite::{self, Composite},
    neighbours::Neighbours,
    predict::find_neighbours,
    references::{Indices, References},
    runner::check_comparable,
    spec::{KnnSpec, Vote},
    transfer::{Transfer, distance, share_of_whole, similarity, voters},
};

/// Answers the request.
pub(crate) fn explain(
    request: &ExplainRequest,
    emit: &Emitter,
) -> Result<Explanation, RunnerError> {
    let model: ReferenceModel<KnnSpec> = request.read_model()?;
    let queries = open_dataset(&request.dataset_dir()?)?;
    let query = find_protein(&queries, &request.accession)?;
    let reference_set = open_references(&model, &request.model_path()?)?;
    check_comparable(&reference_set, &queries, emit)?;
    with_threads(request.threads, || {
        let references = References::open(&reference_set, &model.spec, emit)?;
        composite::check(&model.spec, &reference_set, &queries)?;
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
        let of = Asked {
            spec: &model.spec,
            references: &references,
            indices: &indices,
            queries: &queries,
            query,
        };
        let terms = explained(&of, &neighbours, asked);
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

/// What is asked about.
struct Asked<'a> {
    spec: &'a KnnSpec,
    references: &'a References<'a>,
    indices: &'a Indices,
    queries: &'a FrozenDataset,
    query: usize,
}

/// All terms that got a vote, and the one asked about, with what its voters gave it.
fn explained(of: &Asked<'_>, neighbours: &Neighbours, asked: Option<Term>) -> Vec<TermExplanation> {
    let (spec, ontology) = (of.spec, of.references.ontology());
    let scores_by = |spec: &KnnSpec| {
        Transfer::new(of.references, of.indices, spec, of.queries)
            .predict_by(neighbours, 0, of.query)
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
    let mut contributions = votes(of, neighbours);
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

/// By term, the votes that it got, the one that counts most first. Of a composite score that is the
/// one of the nearest that has the term.
fn votes(of: &Asked<'_>, neighbours: &Neighbours) -> HashMap<Term, Vec<Contribution>> {
    let Asked {
        spec,
        references,
        indices,
        ..
    } = *of;
    let ontology = references.ontology();
    let composite = Composite::new(spec, references, of.queries);
    let mut decided = HashSet::new();
    let mut votes: HashMap<Term, Vec<Contribution>> = HashMap::new();
    for index in 0..indices.namespaces.len() {
        let list = neighbours.list(0, index);
        let shares = voters(spec, list).map(|voter| share_of_whole(spec.vote, voter.weight));
        let whole = match spec.vote {
            Vote::Max | Vote::Reliability | Vote::Composite => 1.0,
            Vote::Fraction | Vote::Similarity | Vote::Gopredsim => shares.sum(),
        };
        for (place, voter) in voters(spec, list).enumerate() {
            // What counts nothing is no contribution.
            if voter.weight <= 0.0 && spec.vote != Vote::Composite {
                continue;
            }
            let mut own = match spec.vote {
                Vote::Composite => Some(composite.scores(of.query, voter.row, voter.weight)),
                _ => None,
            };
            let row = voter.row as usize;
            let mut vote =
                Contribution::new(references.dataset.accession(row), voter.weight / whole);
            vote.rank = Some(place + 1);
            vote.weight = Some(voter.weight);
            if let Some(neighbour) = list.iter().find(|neighbour| neighbour.row == voter.row) {
                vote.distance = Some(distance(spec.metric, neighbour));
                vote.similarity = Some(similarity(spec.metric, neighbour));
            }
            let specific = MostSpecific::of(ontology, references.terms(row));
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
                vote.through = specific.below(term);
                votes.entry(term).or_default().push(vote);
            }
        }
    }
    for votes in votes.values_mut() {
        // Of votes that count the same the nearer goes before: the sort is stable.
        votes.sort_by(|a, b| b.amount.total_cmp(&a.amount));
    }
    votes
}

/// The terms of a protein that none of its others is below.
struct MostSpecific<'o> {
    ontology: &'o Ontology,
    /// Each with its ancestors, sorted.
    leaves: Vec<(Term, Vec<Term>)>,
}

impl<'o> MostSpecific<'o> {
    /// Of a protein's terms with all their ancestors, sorted.
    fn of(ontology: &'o Ontology, terms: &[Term]) -> Self {
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

    /// The ids of those that imply `term` without being it.
    fn below(&self, term: Term) -> Vec<String> {
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
