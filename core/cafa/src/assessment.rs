//! What `evaluate` does for every runner of this field: predictions written as CAFA TSV, then
//! scored as they were written.

use std::{fs, path::Path};

use protea_contracts::{
    Attribute, Bundle, Emitter, EvalResult, EvaluateRequest, ExportRequest, HasModel,
    ReferenceModel, RunnerError, prelude::Serialize,
};
use serde_json::json;

use crate::{
    dataset::{EmbeddingBlock, EmbeddingValues, FrozenDataset, MANIFEST_FILE},
    neighbours::{RowBlock, Values},
    ontology::Ontology,
    reference::Reference,
    scoring::{PredictionWriter, Predictions, ScoringOptions, round_score, write_tables},
};

/// The file of predictions in a run's output.
pub const PREDICTIONS: &str = "predictions.tsv";

/// The directory of the reference set in an export.
const EXPORTED_REFERENCES: &str = "references";

/// Takes the predictions of a runner, protein by protein.
pub struct PredictionSink<'t> {
    writer: PredictionWriter,
    predictions: Predictions<'t>,
}

impl PredictionSink<'_> {
    /// Adds the predictions of one protein: terms by id, scores in [0, 1]. They are sorted on the
    /// way.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] for a score out of range, or when the file cannot be written.
    pub fn add<T: AsRef<str>>(
        &mut self,
        accession: &str,
        predictions: &mut [(T, f64)],
    ) -> Result<(), RunnerError> {
        self.writer
            .write(accession, predictions)
            .or_failed("writing predictions")?;
        for (term, score) in predictions {
            let written = round_score(*score);
            if written > 0.0 {
                self.predictions.push(accession, term.as_ref(), written);
            }
        }
        Ok(())
    }
}

/// Opens a dataset for a runner.
///
/// # Errors
///
/// [`RunnerError::Dataset`].
pub fn open_dataset(directory: &Path) -> Result<FrozenDataset, RunnerError> {
    FrozenDataset::open(directory).or_dataset(&format!("opening {}", directory.display()))
}

/// Opens the reference set that a model at `path` names, if it still is what the model was made
/// with.
///
/// # Errors
///
/// [`RunnerError::Model`].
pub fn open_references<S>(
    model: &ReferenceModel<S>,
    path: &Path,
) -> Result<FrozenDataset, RunnerError> {
    let directory = model.dataset_dir(path)?;
    let dataset = FrozenDataset::open(&directory).or_model(&format!(
        "opening its references at {}",
        directory.display()
    ))?;
    if dataset.sha256() != model.dataset_sha256 {
        return Err(RunnerError::Model {
            message: format!(
                "its references at {} are another dataset now (manifest SHA-256 {}, not {}); fit again",
                directory.display(),
                dataset.sha256(),
                model.dataset_sha256
            ),
        });
    }
    dataset.verify().or_model("checking its references")?;
    Ok(dataset)
}

/// Begins the export of a model that predicts from a reference set: checks the references and
/// copies them into the bundle. Returns the bundle, and the model that refers to the copy. The
/// runner adds its own files and writes the model.
///
/// # Errors
///
/// [`RunnerError::Model`] when the references are not those of the model; [`RunnerError::Failed`]
/// when the export cannot be written.
pub fn export_references<S: Serialize>(
    request: &ExportRequest,
    model: ReferenceModel<S>,
) -> Result<(Bundle, ReferenceModel<S>), RunnerError> {
    let references = open_references(&model, &request.model_path()?)?;
    let mut bundle = request.bundle(&model.spec)?;
    let directory = bundle.directory().join(EXPORTED_REFERENCES);
    fs::create_dir_all(&directory).or_failed("making the directory of the references")?;
    let listed = references.manifest().files.iter();
    for name in listed.map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
        let copy = bundle.add("references", &format!("{EXPORTED_REFERENCES}/{name}"));
        fs::copy(references.directory().join(name), &copy)
            .or_failed(&format!("copying the references' {name}"))?;
    }
    let exported = ReferenceModel {
        dataset_uri: EXPORTED_REFERENCES.to_owned(),
        ..model
    };
    Ok((bundle, exported))
}

/// The ontology of a dataset.
///
/// # Errors
///
/// [`RunnerError::Dataset`].
pub fn open_ontology(dataset: &FrozenDataset) -> Result<Ontology, RunnerError> {
    Ontology::read(dataset.ontology_path()).or_dataset("reading the ontology")
}

/// The embeddings of a dataset as the search takes them: borrowed, never copied.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when the dataset has none.
pub fn embedding_rows(dataset: &FrozenDataset) -> Result<Vec<RowBlock<'_>>, RunnerError> {
    let blocks = dataset
        .embedding_blocks()
        .or_dataset("looking for embeddings")?;
    Ok(blocks.into_iter().map(row_block).collect())
}

/// A block of a dataset's embeddings as the search for neighbours takes it.
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

/// Lets `predict` predict for the proteins of `dataset`, writes what it predicts to
/// [`PREDICTIONS`] in the request's output, and scores that against the dataset's annotations.
/// All of it, `predict` included, has the request's number of rayon threads.
///
/// The metrics are those of the [CAFA schema](protea_contracts::MetricSchema::cafa), plus `fmicro`
/// and the `tau` of Fmax; the whole curve lies beside the predictions, as `evaluation_all.tsv`.
///
/// # Errors
///
/// [`RunnerError::Dataset`] when nothing can be scored; what `predict` fails with;
/// [`RunnerError::Failed`] when something cannot be written.
pub fn assess(
    request: &EvaluateRequest,
    dataset: &FrozenDataset,
    emit: &Emitter,
    predict: impl FnOnce(&mut PredictionSink<'_>) -> Result<(), RunnerError> + Send,
) -> Result<EvalResult, RunnerError> {
    let output = request.output_dir()?;
    with_threads(request.threads, || {
        predict_and_score(dataset, &output, emit, predict)
    })
}

/// Does something with so many rayon threads; 0 stands for one per core.
///
/// # Errors
///
/// [`RunnerError::Failed`] when they cannot be started; what `work` fails with.
pub fn with_threads<T: Send>(
    threads: usize,
    work: impl FnOnce() -> Result<T, RunnerError> + Send,
) -> Result<T, RunnerError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .or_failed("starting threads")?
        .install(work)
}

fn predict_and_score(
    dataset: &FrozenDataset,
    output: &Path,
    emit: &Emitter,
    predict: impl FnOnce(&mut PredictionSink<'_>) -> Result<(), RunnerError>,
) -> Result<EvalResult, RunnerError> {
    let ontology = open_ontology(dataset)?;
    let reference = Reference::read(dataset, &ontology)
        .or_dataset("reading what predictions are scored against")?;
    let truth = reference.truth();

    let unknown = truth.skipped().unknown_terms.clone();
    if unknown.lines > 0 {
        emit.warning(
            "runner.cafa.unknown_terms",
            &format!("annotations with terms unknown to the ontology are not scored: {unknown}"),
            &json!({ "annotations": unknown.lines, "terms": unknown.distinct }),
        );
    }

    let path = output.join(PREDICTIONS);
    let mut sink = PredictionSink {
        writer: PredictionWriter::create(&path).or_failed("writing predictions")?,
        predictions: Predictions::new(truth, PREDICTIONS),
    };
    predict(&mut sink)?;
    let written = sink.writer.finish().or_failed("writing predictions")?;
    emit.check()?;

    let options = ScoringOptions::default();
    if sink.predictions.is_empty() {
        emit.warning(
            "runner.cafa.no_predictions",
            "nothing was predicted for any annotated protein; the scores are those of silence",
            &json!({}),
        );
    }
    let evaluation = reference
        .evaluate(&sink.predictions, &options)
        .or_failed("scoring the predictions")?;
    let metrics = evaluation.to_metrics();
    write_tables(output, &[evaluation], &options).or_failed("writing the scores")?;
    emit.info("runner.cafa.scored", &json!({ "predictions": written }));
    Ok(EvalResult::new(metrics)
        .with_extra("proteins", dataset.len())
        .with_extra("predictions", written)
        .with_extra("unknown_terms", unknown.lines))
}
