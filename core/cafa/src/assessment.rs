//! Shared code of `evaluate` for the runners of this field: it opens the dataset, writes the
//! predictions as CAFA TSV and scores exactly the written values.
//!
//! It knows datasets, scoring and the contract. It must not know how a runner predicts.

use std::{fs, ops::Range, path::Path};

use protea_contracts::{
    Attribute, Bundle, Emitter, EvalResult, EvaluateRequest, ExportRequest, HasModel,
    ReferenceModel, RunnerError, StageEvent, prelude::Serialize,
};
use serde_json::{Map, Value, json};

use crate::{
    dataset::{EmbeddingBlock, EmbeddingValues, FrozenDataset, MANIFEST_FILE},
    neighbours::{RowBlock, Values},
    ontology::Ontology,
    prediction::{PREDICTIONS, PredictionSink, with_threads},
    reference::Reference,
    reliability::Reliability,
    scoring::{GroundTruth, InformationAccretion, Predictions, ScoringOptions, write_tables},
};

/// Name of the directory that holds the reference set in an exported bundle.
const EXPORTED_REFERENCES: &str = "references";

/// Opens a frozen dataset for a runner.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the directory is not a frozen dataset or cannot be read.
pub fn open_dataset(directory: &Path) -> Result<FrozenDataset, RunnerError> {
    FrozenDataset::open(directory).or_dataset(&format!("opening {}", directory.display()))
}

/// Opens the reference set of the model at `path` and checks that it is the one the model was
/// fitted with.
///
/// # Errors
///
/// [`RunnerError::Model`] if the reference set cannot be read or has changed since `fit`.
pub fn open_references<S>(
    model: &ReferenceModel<S>,
    path: &Path,
) -> Result<FrozenDataset, RunnerError> {
    let dataset = open_part_of_references(model, path)?;
    dataset
        .verify_changed()
        .or_model("checking the references")?;
    Ok(dataset)
}

/// As [`open_references`], but does not hash the files, only compares their sizes and the manifest: for
/// a call that reads a part of the references, where hashing would read all of them. A later call that
/// uses the results must open them with [`open_references`].
///
/// # Errors
///
/// [`RunnerError::Model`] if the reference set cannot be opened, or its manifest or the size of a file
/// is not the one that the model was fitted with.
pub fn open_part_of_references<S>(
    model: &ReferenceModel<S>,
    path: &Path,
) -> Result<FrozenDataset, RunnerError> {
    let directory = model.dataset_dir(path)?;
    let dataset = FrozenDataset::open(&directory).or_model(&format!(
        "opening the references at {}",
        directory.display()
    ))?;
    if dataset.sha256() != *model.dataset_sha256 {
        return Err(RunnerError::Model {
            message: format!(
                "the references at {} have changed since the model was fitted (manifest SHA-256 {}, expected {}); fit again",
                directory.display(),
                dataset.sha256(),
                model.dataset_sha256
            ),
        });
    }
    Ok(dataset)
}

/// Starts the export of a model that predicts from a reference set: checks the references and
/// copies them into the bundle. Returns the bundle and the model, changed to refer to the copy. The
/// runner then adds its own files and writes the model.
///
/// # Errors
///
/// [`RunnerError::Model`] if the references have changed since `fit`; [`RunnerError::Failed`]
/// if the export cannot be written.
pub fn export_references<S: Serialize>(
    request: &ExportRequest,
    model: ReferenceModel<S>,
) -> Result<(Bundle, ReferenceModel<S>), RunnerError> {
    let references = open_references(&model, &request.model_path()?)?;
    let mut bundle = request.bundle(&model.spec)?;
    let directory = bundle.directory().join(EXPORTED_REFERENCES);
    fs::create_dir_all(&directory).or_failed("creating the directory of the references")?;
    let listed = references.manifest().files.iter();
    for name in listed.map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
        let copy = bundle.add("references", &format!("{EXPORTED_REFERENCES}/{name}"));
        fs::copy(references.directory().join(name), &copy)
            .or_failed(&format!("copying {name} of the references"))?;
    }
    let exported = ReferenceModel {
        dataset_uri: EXPORTED_REFERENCES.to_owned(),
        ..model
    };
    Ok((bundle, exported))
}

/// Reads the ontology of a dataset.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the ontology cannot be read.
pub fn open_ontology(dataset: &FrozenDataset) -> Result<Ontology, RunnerError> {
    Ontology::read(dataset.ontology_path()).or_dataset("reading the ontology")
}

/// The embeddings of a dataset as blocks of rows for the neighbour search. The values are borrowed,
/// not copied.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the dataset has no embeddings.
pub fn embedding_rows(dataset: &FrozenDataset) -> Result<Vec<RowBlock<'_>>, RunnerError> {
    let blocks = dataset
        .embedding_blocks()
        .or_dataset("reading the embeddings")?;
    Ok(blocks.into_iter().map(row_block).collect())
}

/// The embeddings of some consecutive proteins of a dataset, renumbered from 0. The values are borrowed,
/// not copied, and those of the other proteins are not read.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the dataset has no embeddings.
pub fn embedding_rows_of<'d>(
    dataset: &'d FrozenDataset,
    proteins: &Range<usize>,
) -> Result<Vec<RowBlock<'d>>, RunnerError> {
    let blocks = dataset
        .embedding_blocks()
        .or_dataset("reading the embeddings")?;
    let within = blocks
        .into_iter()
        .filter_map(|block| block.within(proteins));
    Ok(within
        .map(|block| {
            let block = row_block(block);
            RowBlock {
                first_row: block.first_row - proteins.start,
                ..block
            }
        })
        .collect())
}

/// Some rows of a matrix of this width, in the order of `wanted`, renumbered from 0. Consecutive rows
/// stay in one block.
///
/// # Panics
///
/// If a row is not in `blocks`, which are in order.
#[must_use]
pub fn chosen_rows<'r>(
    blocks: &[RowBlock<'r>],
    width: usize,
    wanted: &[usize],
) -> Vec<RowBlock<'r>> {
    let mut chosen = Vec::new();
    let mut at = 0;
    while at < wanted.len() {
        let first = wanted[at];
        let block = &blocks[blocks.partition_point(|block| block.first_row <= first) - 1];
        let end = block.first_row + block.rows;
        let rows = (at..wanted.len())
            .take_while(|&next| wanted[next] == first + (next - at) && wanted[next] < end)
            .count()
            .max(1);
        let range = (first - block.first_row) * width..(first - block.first_row + rows) * width;
        chosen.push(RowBlock {
            first_row: at,
            rows,
            values: match block.values {
                Values::F32(values) => Values::F32(&values[range]),
                Values::F16(values) => Values::F16(&values[range]),
            },
        });
        at += rows;
    }
    chosen
}

/// Converts a block of embeddings to the type of the neighbour search.
fn row_block(block: EmbeddingBlock<'_>) -> RowBlock<'_> {
    RowBlock {
        first_row: block.first_row,
        rows: block.rows,
        values: match block.values {
            EmbeddingValues::F32(values) => Values::F32(values),
            EmbeddingValues::F16(values) => Values::F16(values),
        },
    }
}

/// Calls `predict` for the proteins of `dataset`, writes its predictions to [`PREDICTIONS`] in the
/// output directory of the request, and scores them against the annotations of the dataset. All
/// work, including `predict`, uses the number of rayon threads in the request.
///
/// The metrics are those of the [CAFA schema](protea_contracts::MetricSchema::cafa), plus `fmicro`
/// and the `tau` of Fmax. The extra `reliability` says for each aspect how often predictions in each
/// tenth of the scores are right, and the expected calibration error. The function also writes the whole
/// curve to `evaluation_all.tsv` in the output directory.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the dataset cannot be used for scoring; [`RunnerError::Failed`] if
/// an output file cannot be written; any error of `predict`.
pub fn assess(
    request: &EvaluateRequest,
    dataset: &FrozenDataset,
    emit: &Emitter,
    predict: impl FnOnce(&mut PredictionSink<'_>) -> Result<(), RunnerError> + Send,
) -> Result<EvalResult, RunnerError> {
    if dataset.manifest().counts.annotations == 0 {
        return Err(RunnerError::Dataset {
            message: format!(
                "the dataset {:?} has no annotations, so predictions for it cannot be scored; predict for it instead",
                dataset.manifest().name
            ),
        });
    }
    let output = request.output_dir()?;
    with_threads(request.threads, || {
        predict_and_score(dataset, &output, emit, predict)
    })
}

/// Warns of values of information accretion that make weighted scores other than meant.
fn warn_of_accretion(
    accretion: &InformationAccretion<'_>,
    truth: &GroundTruth<'_>,
    emit: &Emitter,
) {
    let missing = accretion.missing(truth);
    if !missing.is_empty() {
        let more = if missing.len() > 3 { ", …" } else { "" };
        emit.warning(
            "runner.cafa.missing_accretion",
            &format!(
                "terms of the annotations without a value of information accretion have weight 0: {} ({}{more})",
                missing.len(),
                missing[..missing.len().min(3)].join(", ")
            ),
            &json!({ "terms": missing.len() }),
        );
    }
    let conflicting = accretion.conflicting();
    if !conflicting.is_empty() {
        emit.warning(
            "runner.cafa.conflicting_accretion",
            &format!(
                "terms with several different values of information accretion, of which the last is used: {}",
                conflicting.describe("term")
            ),
            &json!({ "terms": conflicting.distinct }),
        );
    }
    if accretion.invalid() > 0 {
        emit.warning(
            "runner.cafa.invalid_accretion",
            &format!(
                "values of information accretion that are negative or not finite count as 0: {}",
                accretion.invalid()
            ),
            &json!({ "values": accretion.invalid() }),
        );
    }
}

fn predict_and_score(
    dataset: &FrozenDataset,
    output: &Path,
    emit: &Emitter,
    predict: impl FnOnce(&mut PredictionSink<'_>) -> Result<(), RunnerError>,
) -> Result<EvalResult, RunnerError> {
    let ontology = open_ontology(dataset)?;
    let reference =
        Reference::read(dataset, &ontology).or_dataset("reading the annotations for scoring")?;
    let truth = reference.truth();

    let unknown = truth.skipped().unknown_terms.clone();
    if unknown.lines > 0 {
        emit.warning(
            "runner.cafa.unknown_terms",
            &format!(
                "annotations with terms that are not in the ontology are not scored: {}",
                unknown.describe("term")
            ),
            &json!({ "annotations": unknown.lines, "terms": unknown.distinct }),
        );
    }

    if let Some(accretion) = reference.accretion() {
        warn_of_accretion(accretion, truth, emit);
    }

    let mut predictions = Predictions::new(truth, PREDICTIONS);
    let mut reliability = Reliability::new(truth);
    let mut scored = |protein: &str, term: &str, score| {
        predictions.push(protein, term, score);
        reliability.add(protein, term, score);
    };
    let mut sink = PredictionSink::scored(&output.join(PREDICTIONS), &mut scored)?;
    predict(&mut sink)?;
    let written = sink.finish(dataset.len())?.predictions;
    emit.check()?;

    emit.stage(&StageEvent::new("scoring"));
    let options = ScoringOptions::default();
    if predictions.is_empty() {
        emit.warning(
            "runner.cafa.no_predictions",
            "no annotated protein has a prediction; the scores are those of an empty set of predictions",
            &json!({}),
        );
    }
    let evaluation = reference
        .evaluate(&predictions, &options)
        .or_failed("scoring the predictions")?;
    let metrics = evaluation.to_metrics();
    let scored: Map<String, Value> = evaluation
        .namespaces
        .iter()
        .filter_map(|scored| Some((scored.aspect?.name().to_owned(), json!(scored.proteins))))
        .collect();
    write_tables(output, &[evaluation], &options).or_failed("writing the scores")?;
    emit.info("runner.cafa.scored", &json!({ "predictions": written }));
    Ok(EvalResult::new(metrics)
        .with_extra("proteins", dataset.len())
        .with_extra("scored", scored)
        .with_extra("predictions", written)
        .with_extra("unknown_terms", unknown.lines)
        .with_extra("reliability", reliability.to_json()))
}
