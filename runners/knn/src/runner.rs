//! The operations that the host calls.

use protea_cafa::{
    assessment::{assess, export_references, open_dataset, open_references},
    dataset::FrozenDataset,
    prediction::{PredictionSink, write_predictions},
};
use protea_contracts::prelude::*;

use crate::{
    checks::{check_embeddings, check_resolved},
    explain::explain,
    predict::predict,
    references::References,
    spec::KnnSpec,
};

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
        let task = Task::open(request, emit)?;
        assess(request, &task.queries, emit, |predictions| {
            task.predict(emit, predictions)
        })
    }

    fn predicts(&self) -> bool {
        true
    }

    fn predict(
        &self,
        request: &PredictRequest,
        emit: &Emitter,
    ) -> Result<PredictResult, RunnerError> {
        let task = Task::open(request, emit)?;
        write_predictions(request, &task.queries, emit, |predictions| {
            task.predict(emit, predictions)
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        check_resolved(&model.spec, &request.model_path()?)?;
        let (mut bundle, exported) = export_references(request, model)?;
        bundle.write_model(&exported)?;
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
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        check_resolved(&model.spec, &request.model_path()?)?;
        explain(request, &model, emit)
    }
}

/// What `evaluate` and `predict` read.
struct Task {
    spec: KnnSpec,
    reference_set: FrozenDataset,
    queries: FrozenDataset,
}

impl Task {
    fn open(request: &(impl HasModel + HasDataset), emit: &Emitter) -> Result<Self, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        let path = request.model_path()?;
        check_resolved(&model.spec, &path)?;
        let reference_set = open_references(&model, &path)?;
        let queries = open_dataset(&request.dataset_dir()?)?;
        check_embeddings(&reference_set, &queries, emit)?;
        Ok(Self {
            spec: model.spec,
            reference_set,
            queries,
        })
    }

    fn predict(
        &self,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let references = References::open(&self.reference_set, &self.spec, emit)?;
        predict(&self.spec, &references, &self.queries, emit, predictions)
    }
}

export_runner!(KnnRunner, name: "knn");
