//! The operations that the host calls.

use std::path::PathBuf;

use protea_cafa::{
    assessment::{assess, export_references, open_dataset},
    dataset::FrozenDataset,
    prediction::{PredictionSink, with_threads, write_predictions},
    search_record::SearchRecord,
};
use protea_contracts::prelude::{serde_json::Value, *};

use crate::{
    explain::explain,
    features::Extractor,
    library::{LIBRARY, LightGbm},
    model::Model,
    predict::Predictor,
    principal::Principal,
    references::References,
    spec::LightGbmSpec,
    statistics::Statistics,
    train::train,
};

/// Re-ranks the terms that the nearest neighbours suggest, with gradient-boosted trees.
#[derive(Debug, Default)]
pub struct LightGbmRunner;

impl ExperimentRunner for LightGbmRunner {
    type Spec = LightGbmSpec;

    fn checkpoints(&self) -> bool {
        true
    }

    fn fit(
        &self,
        request: &FitRequest<LightGbmSpec>,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError> {
        let library = LightGbm::open()?;
        let dataset = open_dataset(&request.dataset_dir()?)?;
        emit.info(
            "runner.lightgbm.fit_start",
            &json!({ "proteins": dataset.len(), "k": request.spec.k }),
        );
        let output = request.output_dir()?;
        let record = SearchRecord::default();
        let model = with_threads(request.threads, || {
            train(request, &library, &dataset, &output, &record, emit)
        });
        library.release_memory();
        let model = model?;
        let model_uri = request.write_model(&model)?;
        let mut result = RunResult::new(model_uri)
            .with_extra("features", model.schema.features.len())
            .with_extra("schema_sha256", model.schema_sha256.to_string());
        result.extras.extend(record.extras());
        for aspect in &model.aspects {
            let held_out = aspect.held_out.iter();
            result.metrics.extend(protea_contracts::metrics::group(
                &aspect.name,
                held_out.map(|(name, value)| (name.as_str(), *value)),
            ));
            result.extras.insert(
                aspect.name.clone(),
                json!({
                    "reranks": aspect.reranks,
                    "reason": aspect.reason,
                    "trees": aspect.count,
                    "gain": aspect.gain,
                }),
            );
        }
        Ok(result)
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let task = Task::open(request, emit)?;
        let mut record = SearchRecord::default();
        let mut result = assess(request, &task.queries, emit, |predictions| {
            record = task.predict(request.threads, emit, predictions)?;
            Ok(())
        })?;
        result.extras.extend(task.extras());
        result.extras.extend(record.extras());
        Ok(result)
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
        let mut record = SearchRecord::default();
        let mut result = write_predictions(request, &task.queries, emit, |predictions| {
            record = task.predict(request.threads, emit, predictions)?;
            Ok(())
        })?;
        result.extras.extend(task.extras());
        result.extras.extend(record.extras());
        Ok(result)
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model = Model::read(request)?;
        let path = request.model_path()?;
        let (mut bundle, reference) = export_references(request, model.reference.clone())?;
        model.copy_files(&path, &mut bundle)?;
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
        explain(request, emit)
    }
}

/// What `evaluate` and `predict` read.
struct Task {
    model: Model,
    /// Where the model is.
    path: PathBuf,
    library: Option<LightGbm>,
    reference_set: FrozenDataset,
    queries: FrozenDataset,
    components: Principal,
}

impl Task {
    fn open(request: &(impl HasModel + HasDataset), emit: &Emitter) -> Result<Self, RunnerError> {
        let model = Model::read(request)?;
        let path = request.model_path()?;
        let queries = open_dataset(&request.dataset_dir()?)?;
        model.check(&queries, emit)?;
        queries
            .check_finite()
            .or_dataset("checking the embeddings to predict for")?;
        let library = model.open_library()?;
        let reference_set = model.open_references(&path)?;
        let components = model.read_components(&path)?;
        Ok(Self {
            model,
            path,
            library,
            reference_set,
            queries,
            components,
        })
    }

    fn predict(
        &self,
        threads: usize,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<SearchRecord, RunnerError> {
        let model = &self.model;
        let references = References::open(&self.reference_set, &self.model.reference.spec, emit)?;
        let trees = model.read_trees(self.library.as_ref(), references.ontology(), &self.path)?;
        let statistics = Statistics::of_all(&references);
        let spec = &model.reference.spec;
        let predictor = Predictor {
            extractor: Extractor::new(
                &references,
                statistics,
                &model.schema,
                &self.components,
                spec,
            ),
            trees,
            spec,
            threads,
            features: &model.schema.features,
            calibration: model.calibration.as_ref(),
        };
        predictor.predict(&self.queries, emit, predictions)
    }

    /// What results tell of the model.
    fn extras(&self) -> [(String, Value); 2] {
        let aspects = self.model.aspects.iter();
        let reranked: Vec<&str> = aspects
            .filter(|aspect| aspect.reranks)
            .map(|aspect| aspect.namespace.as_str())
            .collect();
        [
            ("reranked".to_owned(), json!(reranked)),
            ("schema_sha256".to_owned(), json!(self.model.schema_sha256)),
        ]
    }
}

export_runner!(LightGbmRunner, name: "lightgbm", libraries: &[LIBRARY]);
