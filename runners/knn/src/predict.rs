//! From references and queries to predictions.

use std::sync::{Mutex, PoisonError};

use protea_cafa::{
    assessment::embedding_rows,
    dataset::FrozenDataset,
    neighbours::{self, Index, Labels, Membership, NeighbourSearchError, Neighbours},
    prediction::PredictionSink,
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    checks::{check_sequences, check_signals, check_taxa, common_lineages, lineages},
    references::{HalfRows, Indices, References},
    select::Selection,
    spec::{KnnSpec, Metric, Vote},
    transfer::{Transfer, voters},
};

/// How many queries are predicted at a time: bounds the memory.
const BATCH: usize = 8192;
/// The same if neighbours are aligned. That takes long, and a cancellation is noticed between
/// batches.
const ALIGNED_BATCH: usize = 64;

/// Predicts for every query.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when a dataset lacks what the spec needs, [`RunnerError::Cancelled`],
/// [`RunnerError::Failed`] when predictions cannot be written.
pub(crate) fn predict(
    spec: &KnnSpec,
    references: &References<'_>,
    queries: &FrozenDataset,
    emit: &Emitter,
    predictions: &mut PredictionSink<'_>,
) -> Result<(), RunnerError> {
    emit.info(
        "runner.knn.search_start",
        &json!({ "references": references.dataset.len(), "queries": queries.len(), "k": spec.k }),
    );
    check_signals(spec, references.dataset, queries)?;
    let indices = references.indices(spec.per_aspect)?;
    let neighbours = find_neighbours(spec, references, &indices, queries, None, emit)?;

    let ontology = references.ontology();
    let aligns = spec.vote == Vote::Composite && spec.weights.need_sequences();
    let batch = if aligns { ALIGNED_BATCH } else { BATCH };
    if aligns {
        emit.info(
            "runner.knn.align_start",
            &json!({ "queries": queries.len() }),
        );
    }
    for first in (0..queries.len()).step_by(batch) {
        emit.check()?;
        let last = queries.len().min(first + batch);
        let predicted: Vec<_> = (first..last)
            .into_par_iter()
            .map_init(
                || Transfer::new(references, &indices, spec, queries),
                |transfer, query| transfer.predict(&neighbours, query),
            )
            .collect();
        for (query, terms) in (first..last).zip(predicted) {
            let mut terms: Vec<(&str, f64)> = terms
                .into_iter()
                .map(|(term, score)| (ontology.id(term), score))
                .collect();
            let accession = queries.accession(query);
            if !terms.is_empty() {
                predictions.add(accession, &mut terms)?;
                continue;
            }
            let votes = |index| voters(spec, neighbours.list(query, index)).next().is_some();
            let reason = if !(0..indices.namespaces.len()).any(votes) {
                "no neighbour within the distance threshold and the exclusions"
            } else {
                "no term of its neighbours reaches the minimum score"
            };
            predictions.add_unpredicted(accession, reason)?;
        }
    }
    Ok(())
}

/// The neighbours of each query in each index; if `only` is set, those of that query alone.
pub(crate) fn find_neighbours(
    spec: &KnnSpec,
    references: &References<'_>,
    indices: &Indices,
    queries: &FrozenDataset,
    only: Option<usize>,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let halved = spec
        .float16
        .then(|| HalfRows::new(references.dataset))
        .transpose()?;
    let rows = match &halved {
        Some(halved) => halved.rows(),
        None => embedding_rows(references.dataset)?,
    };
    if spec.maximum_identity.is_some() {
        check_sequences(references.dataset, "maximum_identity")?;
        check_sequences(queries, "maximum_identity")?;
    }
    let taxa = excluded_labels(spec, references.dataset, queries)?;
    let width = references.dataset.embedding_width().unwrap_or_default();
    let index = Index::new(
        width,
        rows,
        Membership::Masks {
            masks: &indices.masks,
            groups: indices.namespaces.len(),
        },
        match spec.metric {
            Metric::Cosine => neighbours::DistanceMetric::Cosine,
            Metric::L2 => neighbours::DistanceMetric::L2,
        },
    )
    .or_failed("preparing the references")?;
    let itself: Option<Vec<Option<u32>>> = spec.exclude_self.then(|| {
        (0..queries.len())
            .map(|query| references.dataset.index_of(queries.accession(query)))
            .map(|row| row.and_then(|row| u32::try_from(row).ok()))
            .collect()
    });
    let selection = Selection {
        spec,
        index: &index,
        references: references.dataset,
        queries,
        rows: &embedding_rows(queries)?,
        itself: itself.as_deref(),
        labels: taxa.as_ref().map(|(queries, references)| Labels {
            queries,
            references,
        }),
    };
    // Threads report in any order; the emitted progress never falls.
    let reported = Mutex::new(0);
    let report = |done, total| {
        let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
        if done > *reported {
            *reported = done;
            emit.progress(done, total);
        }
        !emit.is_cancelled()
    };
    let found = match only {
        Some(query) => selection.find_one(query, &report),
        None => selection.find_all(&report),
    };
    found.map_err(|error| match error {
        NeighbourSearchError::Cancelled => RunnerError::Cancelled,
        error => RunnerError::failed(format!("the neighbour search failed: {error}")),
    })
}

/// The labels of queries and references by which the spec excludes references: their taxa, or their
/// clades.
fn excluded_labels(
    spec: &KnnSpec,
    references: &FrozenDataset,
    queries: &FrozenDataset,
) -> Result<Option<(Vec<u32>, Vec<u32>)>, RunnerError> {
    let Some(rank) = &spec.exclude_same_clade else {
        if !spec.exclude_same_taxon {
            return Ok(None);
        }
        return Ok(Some((taxa(queries)?, taxa(references)?)));
    };
    lineages(references, "exclude_same_clade")?;
    check_taxa(queries, "exclude_same_clade")?;
    let Some(lineages) = common_lineages(references, queries)? else {
        return Ok(None);
    };
    if !lineages.ranks().contains(rank) {
        return Err(RunnerError::invalid_spec(
            "/exclude_same_clade",
            &format!(
                "no taxon has an ancestor of the rank {rank:?}; the ranks of the lineages are {}",
                lineages.ranks().join(", ")
            ),
        ));
    }
    let clades = |dataset: &FrozenDataset| {
        let clade = |protein| {
            let taxon = dataset.taxon(protein)?;
            let clade = lineages.ancestor_of_rank(taxon, rank);
            // A protein without such a clade still has its taxon.
            clade.or(spec.exclude_same_taxon.then_some(taxon))
        };
        let labels = (0..dataset.len()).map(|protein| clade(protein).unwrap_or(Labels::NONE));
        labels.collect()
    };
    Ok(Some((clades(queries), clades(references))))
}

/// The taxon of every protein, as labels for the search.
fn taxa(dataset: &FrozenDataset) -> Result<Vec<u32>, RunnerError> {
    check_taxa(dataset, "exclude_same_taxon")?;
    Ok((0..dataset.len())
        .map(|protein| dataset.taxon(protein).unwrap_or(Labels::NONE))
        .collect())
}
