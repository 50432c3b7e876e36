//! The runner: what the host calls.

use std::{fs, path::Path};

use protea_cafa::{
    assessment::{assess, open_dataset},
    dataset::{FrozenDataset, MANIFEST_FILE},
};
use protea_contracts::prelude::*;

use crate::{explain::explain, predict::predict, references::References, spec::KnnSpec};

/// The directory of the reference set in an export.
const EXPORTED_REFERENCES: &str = "references";

/// Predicts a protein's terms from its nearest neighbours.
#[derive(Debug, Default)]
pub struct KnnRunner;

impl ExperimentRunner for KnnRunner {
    type Spec = KnnSpec;

    fn fit(&self, _: &FitRequest<KnnSpec>, _: &Emitter) -> Result<RunResult, RunnerError> {
        Err(RunnerError::unsupported(
            "fit",
            "knn has no training step, the reference set is its model; give evaluate a reference model that names the dataset",
        ))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        let reference_set = open_references(&model, &request.model_path()?)?;
        let queries = open_dataset(&request.dataset_dir()?)?;
        check_comparable(&reference_set, &queries, emit)?;
        assess(request, &queries, emit, |predictions| {
            let references = References::open(&reference_set, &model.spec, emit)?;
            predict(&model.spec, &references, &queries, emit, predictions)
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        let reference_set = open_references(&model, &request.model_path()?)?;
        let mut bundle = request.bundle(&model.spec)?;
        bundle.write_model(&ReferenceModel {
            dataset_uri: EXPORTED_REFERENCES.to_owned(),
            ..model
        })?;
        let directory = bundle.directory().join(EXPORTED_REFERENCES);
        fs::create_dir_all(&directory).or_failed("making the directory of the references")?;
        let listed = reference_set.manifest().files.iter();
        for name in listed.map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
            let copy = bundle.add("references", &format!("{EXPORTED_REFERENCES}/{name}"));
            fs::copy(reference_set.directory().join(name), &copy)
                .or_failed(&format!("copying the references' {name}"))?;
        }
        bundle.finish()
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(
        &self,
        request: &ExplainRequest,
        emit: &Emitter,
    ) -> Result<Explanation, RunnerError> {
        explain(request, emit)
    }
}

export_runner!(KnnRunner, name: "knn");

/// Opens the reference set that a model names, if it still is what the model was made with.
pub(crate) fn open_references(
    model: &ReferenceModel<KnnSpec>,
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

/// Vectors can only be compared that were made alike.
pub(crate) fn check_comparable(
    references: &FrozenDataset,
    queries: &FrozenDataset,
    emit: &Emitter,
) -> Result<(), RunnerError> {
    let describe = |dataset: &FrozenDataset| {
        let embedding = dataset.manifest().embedding.as_ref();
        embedding
            .map(|embedding| (embedding.width, embedding.source.clone()))
            .ok_or_else(|| RunnerError::Dataset {
                message: format!(
                    "{} has no embeddings; freeze it with `--embeddings E.npy --ids I.txt` or `--features kmer`",
                    dataset.directory().display()
                ),
            })
    };
    let (reference_width, reference_source) = describe(references)?;
    let (query_width, query_source) = describe(queries)?;
    if reference_width != query_width {
        return Err(RunnerError::Dataset {
            message: format!(
                "the embeddings of {} are {query_width} wide, those of the references {} are {reference_width}; freeze both with the same embedding",
                queries.directory().display(),
                references.directory().display()
            ),
        });
    }
    if let (Some(reference_source), Some(query_source)) = (reference_source, query_source)
        && reference_source != query_source
    {
        emit.warning(
            "runner.knn.embedding_source",
            &format!(
                "the embeddings come from different sources ({reference_source:?} and {query_source:?}); their distances mean nothing unless both are the same embedding"
            ),
            &json!({}),
        );
    }
    queries
        .check_finite()
        .or_dataset("checking the embeddings to predict for")
}
