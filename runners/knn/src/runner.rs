//! The runner: what the host calls.

use protea_cafa::{
    assessment::{assess, copy_references, open_dataset, open_references},
    dataset::FrozenDataset,
};
use protea_contracts::prelude::*;

use crate::{explain::explain, predict::predict, references::References, spec::KnnSpec};

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
        let dataset_uri = copy_references(&reference_set, &mut bundle)?;
        bundle.write_model(&ReferenceModel {
            dataset_uri,
            ..model
        })?;
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
