//! From a dataset to its predictions.

use std::{fs, path::Path, time::Instant};

use protea_cafa::{dataset::FrozenDataset, prediction::PredictionSink};
use protea_contracts::prelude::*;

use super::{
    aligner::Search,
    database::{Database, References, without_sequences},
    hits::{self, HITS, Hit},
    installed::InstalledAligner,
    scratch::Scratch,
    sequences,
    transfer::Transferrer,
};
use crate::spec::BaselineSpec;

/// The inputs of a prediction.
pub(crate) struct Task<'t> {
    pub(crate) spec: &'t BaselineSpec,
    pub(crate) database: &'t Database,
    /// The model's directory.
    pub(crate) directory: &'t Path,
    /// The proteins to predict for.
    pub(crate) dataset: &'t FrozenDataset,
    /// The output directory.
    pub(crate) output: &'t Path,
    pub(crate) aligner: &'t InstalledAligner,
}

/// Searches the database for the proteins of the dataset, writes the hits to [`HITS`] in the
/// output, and transfers the terms of the references that are hit. Returns the number of hits.
///
/// # Errors
///
/// [`RunnerError::Dataset`] without sequences, [`RunnerError::Model`] when a file of the database
/// is missing or changed, the errors of the program.
pub(crate) fn predict(
    task: &Task<'_>,
    emit: &Emitter,
    predictions: &mut PredictionSink<'_>,
) -> Result<usize, RunnerError> {
    let Task { spec, dataset, .. } = task;
    let references = task.database.open(task.directory)?;
    let hits = search(task, &references, emit)?;
    hits::write(
        &hits,
        &task.output.join(HITS),
        dataset,
        &references.accessions,
    )
    .or_failed("writing the hits")?;

    let mut transferrer =
        Transferrer::new(&references.terms, spec.transfer, references.ontology.len());
    let mut rest: &[Hit] = &hits;
    for protein in 0..dataset.len() {
        if protein % 1024 == 0 {
            emit.progress(protein as u64, dataset.len() as u64);
            emit.check()?;
        }
        let (own, others) =
            rest.split_at(rest.partition_point(|hit| hit.query as usize == protein));
        rest = others;
        let mut terms: Vec<(&str, f64)> = transferrer
            .predict(own)
            .into_iter()
            .filter(|(_, score)| *score >= spec.minimum_score)
            .map(|(term, score)| (references.ontology.id(term), score))
            .collect();
        let accession = dataset.accession(protein);
        if !terms.is_empty() {
            predictions.add(accession, &mut terms)?;
            continue;
        }
        let reason = if sequences::sequence(dataset, protein).is_none() {
            "no sequence"
        } else if own.is_empty() {
            "no hit in the training set"
        } else {
            "no term of its hits reaches the minimum score"
        };
        predictions.add_unpredicted(accession, reason)?;
    }
    emit.progress(dataset.len() as u64, dataset.len() as u64);
    Ok(hits.len())
}

/// The hits of every query, sorted by query, without excluded ones.
fn search(
    task: &Task<'_>,
    references: &References,
    emit: &Emitter,
) -> Result<Vec<Hit>, RunnerError> {
    let Task {
        spec,
        dataset,
        aligner,
        ..
    } = task;
    let scratch = Scratch::create_in(task.output)?;
    let (queries, table) = (
        scratch.path().join("queries.fasta"),
        scratch.path().join("hits"),
    );
    let written = sequences::write(dataset, &queries, Some)?;
    if written == 0 {
        return Err(without_sequences(dataset, "no sequence to search with"));
    }
    if written < dataset.len() {
        let without = dataset.len() - written;
        emit.warning(
            "runner.baseline.no_sequence",
            &format!("{without} proteins have no sequence; nothing is predicted for them"),
            &json!({ "proteins": without }),
        );
    }
    let started = Instant::now();
    emit.info(
        "runner.baseline.search_start",
        &json!({
            "program": aligner.program(), "version": aligner.version(),
            "queries": written, "references": references.accessions.len(),
        }),
    );
    let itself = u32::from(spec.exclude_self);
    let search = Search {
        database: &Database::program_directory(&references.directory),
        queries: &queries,
        hits: &table,
        scratch: scratch.path(),
        e_value: spec.e_value,
        // One more, because a query can hit itself.
        max_hits: spec.max_hits + itself,
        sensitivity: spec.sensitivity,
        threads: rayon::current_num_threads(),
    };
    aligner.search(&search, emit)?;
    if !table.exists() {
        fs::write(&table, "").or_failed("writing the hits")?;
    }
    let mut hits = hits::read(&table, dataset.len(), references.accessions.len())?;
    let is_itself = |hit: &Hit| {
        references.accessions[hit.reference as usize] == dataset.accession(hit.query as usize)
    };
    let (mut query, mut kept) = (None, 0);
    hits.retain(|hit| {
        if query.replace(hit.query) != Some(hit.query) {
            kept = 0;
        }
        let counts = !(spec.exclude_self && is_itself(hit)) && kept < spec.max_hits;
        kept += u32::from(counts);
        counts
    });
    emit.info(
        "runner.baseline.searched",
        &json!({ "hits": hits.len(), "seconds": started.elapsed().as_secs_f64() }),
    );
    Ok(hits)
}
