//! The way from a dataset to its predictions.

use std::{fs, path::Path, time::Instant};

use protea_cafa::{assessment::PredictionSink, dataset::FrozenDataset};
use protea_contracts::prelude::*;

use super::{
    Aligner, Database, Search,
    database::{References, without_sequences},
    hits::{self, HITS, Hit},
    sequences,
    transfer::Ballot,
};
use crate::spec::BaselineSpec;

/// Where a call keeps its temporary files: below its output, and gone when it ends.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when it cannot be made.
    pub fn below(output: &Path) -> Result<Self, RunnerError> {
        let made = tempfile::Builder::new()
            .prefix(".scratch-")
            .tempdir_in(output);
        Ok(Self(
            made.or_failed("making a directory for temporary files")?,
        ))
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What is to be predicted, and with what.
pub struct Task<'t> {
    /// The settings.
    pub spec: &'t BaselineSpec,
    /// What the model says of the references.
    pub database: &'t Database,
    /// The model's directory.
    pub directory: &'t Path,
    /// The proteins to predict for.
    pub dataset: &'t FrozenDataset,
    /// Where to write.
    pub output: &'t Path,
    /// The program.
    pub aligner: &'t Aligner,
}

/// Searches the database for the proteins of the dataset, writes the hits to [`HITS`] in the output,
/// and transfers the terms of what was hit. How many hits there were.
///
/// # Errors
///
/// [`RunnerError::Dataset`] without sequences, [`RunnerError::Model`] when the database is not whole,
/// what the program fails with.
pub fn predict(
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

    let mut ballot = Ballot::new(&references.terms, spec.transfer, references.ontology.len());
    let mut rest: &[Hit] = &hits;
    for protein in 0..dataset.len() {
        if protein % 1024 == 0 {
            emit.progress(protein as u64, dataset.len() as u64);
            emit.check()?;
        }
        let (own, others) =
            rest.split_at(rest.partition_point(|hit| hit.query as usize == protein));
        rest = others;
        let mut terms: Vec<(&str, f64)> = ballot
            .predict(own)
            .into_iter()
            .filter(|(_, score)| *score >= spec.minimum_score)
            .map(|(term, score)| (references.ontology.id(term), score))
            .collect();
        predictions.add(dataset.accession(protein), &mut terms)?;
    }
    emit.progress(dataset.len() as u64, dataset.len() as u64);
    Ok(hits.len())
}

/// The hits of every query, sorted by query; a query's own accession among them only if it may be.
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
    let scratch = Scratch::below(task.output)?;
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
        database: &Database::searched(&references.directory),
        queries: &queries,
        hits: &table,
        scratch: scratch.path(),
        e_value: spec.e_value,
        // One more, since a query may hit itself.
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
