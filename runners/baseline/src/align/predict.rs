//! From a dataset to its predictions.

use std::{fs, path::Path, time::Instant};

use protea_cafa::{calibration::Calibration, dataset::FrozenDataset, prediction::PredictionSink};
use protea_contracts::prelude::*;

use super::{
    aligner::Search,
    database::{Database, References, without_sequences},
    hits::{HITS, Hit, HitTable, HitWriter},
    installed::InstalledAligner,
    scratch::Scratch,
    sequences,
    transfer::Transferrer,
};
use crate::{predicted::Predicted, spec::BaselineSpec};

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
    pub(crate) calibration: Option<&'t Calibration>,
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
) -> Result<u64, RunnerError> {
    let references = task.database.open(task.directory)?;
    let mut file = HitWriter::create(&task.output.join(HITS)).or_failed("writing the hits")?;
    let (dataset, calibration) = (task.dataset, task.calibration);
    let explains = predictions.contributions() > 0;
    let mut count = 0;
    for_each(
        task,
        &references,
        None,
        emit,
        &mut |protein, hits, transferrer| {
            count += hits.len() as u64;
            file.write(hits, dataset, &references.accessions)
                .or_failed("writing the hits")?;
            let mut predicted =
                Predicted::new(dataset.accession(protein), transferrer.predict(hits));
            predicted.drop_below(task.spec.minimum_score);
            if predicted.terms.is_empty() {
                let reason = if sequences::sequence(dataset, protein).is_none() {
                    "no sequence"
                } else if hits.is_empty() {
                    "no hit in the training set"
                } else {
                    "no term of its hits reaches the minimum score"
                };
                return predictions.add_unpredicted(predicted.accession, reason);
            }
            let evidence = explains.then(|| transferrer.explain(&references, hits, &predicted));
            predicted.write(&references.ontology, calibration, evidence, predictions)
        },
    )?;
    file.finish().or_failed("writing the hits")?;
    Ok(count)
}

/// Receives a protein and its hits, with what transfers the terms of the hits to it.
pub(super) type Receive<'r> =
    dyn FnMut(usize, &[Hit], &mut Transferrer<'_>) -> Result<(), RunnerError> + 'r;

/// Searches the database for the proteins of the dataset, or those in `chosen`, which are in
/// ascending order, and calls `receive` with the hits of each.
///
/// # Errors
///
/// As [`predict`]; the errors of `receive`.
pub(super) fn for_each(
    task: &Task<'_>,
    references: &References,
    chosen: Option<&[usize]>,
    emit: &Emitter,
    receive: &mut Receive<'_>,
) -> Result<(), RunnerError> {
    let Task { spec, dataset, .. } = task;
    let scratch = Scratch::create_in(task.output)?;
    let mut table = search(task, references, chosen, scratch.path(), emit)?;
    let mut transferrer =
        Transferrer::new(&references.terms, spec.transfer, references.ontology.len());
    let total = chosen.map_or(dataset.len(), <[usize]>::len);
    for at in 0..total {
        if at % 1024 == 0 {
            emit.progress(at as u64, total as u64);
            emit.check()?;
        }
        let protein = chosen.map_or(at, |chosen| chosen[at]);
        let mut hits = table.of(protein)?;
        let is_itself =
            |hit: &Hit| references.accessions[hit.reference as usize] == dataset.accession(protein);
        hits.retain(|hit| !(spec.exclude_self && is_itself(hit)));
        hits.truncate(spec.max_hits as usize);
        receive(protein, &hits, &mut transferrer)?;
    }
    emit.progress(total as u64, total as u64);
    Ok(())
}

/// The table of hits of the queries, below `scratch`.
fn search(
    task: &Task<'_>,
    references: &References,
    chosen: Option<&[usize]>,
    scratch: &Path,
    emit: &Emitter,
) -> Result<HitTable, RunnerError> {
    let Task {
        spec,
        dataset,
        aligner,
        ..
    } = task;
    let (queries, path) = (scratch.join("queries.fasta"), scratch.join("hits"));
    let row_of = |protein: usize| match chosen {
        Some(chosen) => chosen.binary_search(&protein).is_ok().then_some(protein),
        None => Some(protein),
    };
    let written = sequences::write(dataset, &queries, row_of)?;
    if written == 0 {
        return Err(without_sequences(dataset, "no sequence to search with"));
    }
    let total = chosen.map_or(dataset.len(), <[usize]>::len);
    if written < total {
        let without = total - written;
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
        hits: &path,
        scratch,
        e_value: spec.e_value,
        // One more, because a query can hit itself.
        max_hits: spec.max_hits + itself,
        sensitivity: spec.sensitivity,
        threads: rayon::current_num_threads(),
    };
    aligner.search(&search, emit)?;
    if !path.exists() {
        fs::write(&path, "").or_failed("writing the hits")?;
    }
    let table = HitTable::open(&path, dataset.len(), references.accessions.len())?;
    emit.info(
        "runner.baseline.searched",
        &json!({ "queries_with_hits": table.queries(), "seconds": started.elapsed().as_secs_f64() }),
    );
    Ok(table)
}
