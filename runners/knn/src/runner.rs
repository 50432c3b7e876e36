//! The operations that the host calls.

use protea_cafa::{
    assessment::{
        assess, export_references, open_dataset, open_part_of_references, open_references,
    },
    dataset::FrozenDataset,
    prediction::{PredictionSink, with_threads, write_predictions},
    search_record::SearchRecord,
};
use protea_contracts::prelude::{
    serde_json::{Map, Value},
    *,
};

use crate::{
    calibrate::calibrate,
    checks::check_embeddings,
    explain::explain,
    model::Model,
    partials::Datasets,
    predict::{Predictor, Prepared},
    references::References,
    shards,
    spec::KnnSpec,
};

/// Predicts a protein's terms from its nearest neighbours.
#[derive(Debug, Default)]
pub struct KnnRunner;

impl ExperimentRunner for KnnRunner {
    type Spec = KnnSpec;

    fn fit(&self, request: &FitRequest<KnnSpec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        let spec = &request.spec;
        if !spec.calibrate {
            return Err(RunnerError::unsupported(
                "fit",
                "knn has no training step, the reference set is its model; give evaluate a reference model that names the dataset",
            ));
        }
        let dataset = open_dataset(&request.dataset_dir()?)?;
        check_embeddings(&dataset, &dataset, emit)?;
        let calibration = with_threads(request.threads, || {
            calibrate(spec, &dataset, request.seed, emit)
        })?;
        let predictions: Map<String, Value> = calibration
            .predictions()
            .map(|(namespace, predictions)| (namespace.to_owned(), json!(predictions)))
            .collect();
        let model_uri = request.write_model(&Model {
            reference: ReferenceModel {
                kind: Default::default(),
                spec: spec.clone(),
                dataset_uri: request.dataset_uri.to_string(),
                dataset_sha256: dataset.sha256().to_string(),
            },
            calibration: Some(calibration),
        })?;
        Ok(RunResult::new(model_uri).with_extra("calibrated_on", predictions))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let task = Task::open(request, emit)?;
        let mut extras = Extras::new();
        let mut result = assess(request, &task.queries, emit, |predictions| {
            extras = task.predict(emit, predictions)?;
            Ok(())
        })?;
        result.extras.extend(extras);
        Ok(result)
    }

    fn predicts(&self) -> bool {
        true
    }

    fn splits_references(&self) -> bool {
        true
    }

    fn predict(
        &self,
        request: &PredictRequest,
        emit: &Emitter,
    ) -> Result<PredictResult, RunnerError> {
        if let Some(shard) = request.shard {
            let task = Task::open_part(request, emit)?;
            return with_threads(request.threads, || {
                shards::write(request, shard, &task.model, &task.datasets(), emit)
            });
        }
        let task = Task::open(request, emit)?;
        let mut extras = Extras::new();
        let mut result = write_predictions(request, &task.queries, emit, |predictions| {
            if request.partials.is_empty() {
                extras = task.predict(emit, predictions)?;
                return Ok(());
            }
            shards::predict(request, &task.model, &task.datasets(), emit, predictions)
        })?;
        result.extras.extend(extras);
        Ok(result)
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model = Model::read(request)?;
        let (mut bundle, reference) = export_references(request, model.reference)?;
        bundle.write_model(&Model { reference, ..model })?;
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
        explain(request, &Model::read(request)?, emit)
    }
}

/// What results tell besides scores.
type Extras = Map<String, Value>;

/// What `evaluate` and `predict` read.
struct Task {
    model: Model,
    reference_set: FrozenDataset,
    queries: FrozenDataset,
}

impl Task {
    fn open(request: &(impl HasModel + HasDataset), emit: &Emitter) -> Result<Self, RunnerError> {
        let model = Model::read(request)?;
        let reference_set = open_references(&model.reference, &request.model_path()?)?;
        Self::with_references(request, model, reference_set, emit)
    }

    /// The same for a search in a part of the references.
    fn open_part(request: &PredictRequest, emit: &Emitter) -> Result<Self, RunnerError> {
        let model = Model::read(request)?;
        let reference_set = open_part_of_references(&model.reference, &request.model_path()?)?;
        Self::with_references(request, model, reference_set, emit)
    }

    fn with_references(
        request: &impl HasDataset,
        model: Model,
        reference_set: FrozenDataset,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        let queries = open_dataset(&request.dataset_dir()?)?;
        check_embeddings(&reference_set, &queries, emit)?;
        Ok(Self {
            model,
            reference_set,
            queries,
        })
    }

    fn datasets(&self) -> Datasets<'_> {
        Datasets {
            references: &self.reference_set,
            queries: &self.queries,
        }
    }

    /// Predicts, and returns how the neighbours were found.
    fn predict(
        &self,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<Extras, RunnerError> {
        let spec = &self.model.reference.spec;
        let references = References::open(&self.reference_set, spec, emit)?;
        let prepared = Prepared::new(spec, &references)?;
        let mut predictor = Predictor::new(spec, &references, &prepared, &self.queries, emit)?;
        predictor.calibration = self.model.calibration.as_ref();
        predictor.predict(emit, predictions)?;
        let record = predictor.neighbours.record();
        Ok(record.into_iter().flat_map(SearchRecord::extras).collect())
    }
}

export_runner!(KnnRunner, name: "knn");
