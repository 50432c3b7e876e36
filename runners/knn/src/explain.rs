//! Which neighbours gave which term, and with what weight.
//!
//! The scores are those of [`Transfer`], neighbour for neighbour: what `evaluate` adds up is taken
//! apart here.

use std::collections::HashMap;

use protea_cafa::{
    assessment::{open_dataset, with_threads},
    dataset::FrozenDataset,
    explaining::{find_protein, find_term, term_of},
    ontology::{Ontology, Term},
};
use protea_contracts::prelude::*;

use crate::{
    references::{self, Indices, References},
    runner::{check_comparable, find_neighbours, itself, open_references},
    search::{Neighbour, Neighbours},
    spec::{KnnSpec, Vote},
    transfer::{Transfer, counts_of_whole, distance, similarity, voters, weight},
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
        let references = References::open(&reference_set, emit)?;
        let asked = request
            .term
            .as_deref()
            .map(|id| find_term(references.ontology(), id))
            .transpose()?;
        let indices = references.indices(model.spec.per_aspect)?;
        let neighbours = neighbours_of(&model.spec, &references, &indices, &queries, query, emit)?;
        let terms = explained(&model.spec, &references, &indices, &neighbours, asked);
        let predicted = terms.iter().filter(|term| term.predicted).count();
        let kept = terms.into_iter().filter(|term| match asked {
            Some(asked) => term.term == references.ontology().id(asked),
            None => term.predicted,
        });
        let mut explanation = Explanation::new(&request.accession, "neighbour")
            .with_terms(kept.collect(), request.limit)
            .with_extra("references", reference_set.manifest().name.as_str())
            .with_extra("spec", json!(model.spec));
        explanation.predicted = predicted;
        Ok(explanation)
    })
}

/// The neighbours of one protein.
fn neighbours_of(
    spec: &KnnSpec,
    references: &References<'_>,
    indices: &Indices,
    queries: &FrozenDataset,
    query: usize,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let row = references::row(queries, query)?;
    let itself = spec
        .exclude_self
        .then(|| [itself(references.dataset, queries, query)]);
    let itself = itself.as_ref().map(<[_; 1]>::as_slice);
    find_neighbours(spec, references, indices, &[row], itself, emit)
}

/// All terms that got a vote, and the one asked about, with what its voters gave it.
fn explained(
    spec: &KnnSpec,
    references: &References<'_>,
    indices: &Indices,
    neighbours: &Neighbours,
    asked: Option<Term>,
) -> Vec<TermExplanation> {
    let ontology = references.ontology();
    let every_score = KnnSpec {
        minimum_score: 0.0,
        ..spec.clone()
    };
    let mut scores = Transfer::new(references, indices, &every_score).predict(neighbours, 0);
    if let Some(asked) = asked
        && scores.iter().all(|(term, _)| *term != asked)
    {
        scores.push((asked, 0.0));
    }
    let place_of: HashMap<Term, usize> = scores
        .iter()
        .enumerate()
        .map(|(place, (term, _))| (*term, place))
        .collect();
    let mut terms: Vec<TermExplanation> = scores
        .into_iter()
        .map(|(term, score)| {
            let mut explained = term_of(ontology, term, score, spec.minimum_score);
            explained.combination = match spec.vote {
                Vote::Max => Combination::Max,
                Vote::Fraction | Vote::Similarity | Vote::Gopredsim => Combination::Sum,
            };
            explained
        })
        .collect();
    for (index, namespaces) in indices.namespaces.iter().enumerate() {
        let voters: Vec<&Neighbour> = voters(spec, neighbours.list(0, index)).collect();
        let whole: f64 = voters
            .iter()
            .map(|voter| counts_of_whole(spec, voter))
            .sum();
        for (rank, voter) in voters.into_iter().enumerate() {
            let weight = weight(spec, voter);
            if weight <= 0.0 {
                continue;
            }
            let row = voter.row as usize;
            let specific = MostSpecific::of(ontology, references.terms(row));
            for &term in references.terms(row) {
                let Some(&place) = place_of.get(&term) else {
                    continue;
                };
                if !namespaces.contains(&ontology.namespace_of(term)) {
                    continue;
                }
                let mut vote = Contribution::new(
                    references.dataset.accession(row),
                    match spec.vote {
                        Vote::Max => weight,
                        Vote::Fraction | Vote::Similarity | Vote::Gopredsim => weight / whole,
                    },
                );
                vote.rank = Some(rank + 1);
                vote.distance = Some(distance(spec.metric, voter));
                vote.similarity = Some(similarity(spec.metric, voter));
                vote.weight = Some(weight);
                vote.through = specific.below(term);
                terms[place].contributions.push(vote);
            }
        }
    }
    for term in &mut terms {
        // Of one weight the nearer goes before: the sort is stable.
        term.contributions
            .sort_by(|a, b| b.amount.total_cmp(&a.amount));
    }
    terms
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
