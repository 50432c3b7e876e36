//! Baselines of protein-function prediction: what a method has to beat.
//!
//! `naive` predicts for every protein the same: each term with its frequency in the training set,
//! that is, the fraction of the proteins annotated in the term's aspect that have the term or a
//! descendant of it (P. Radivojac et al., Nature Methods 10 (2013) 221).

mod explain;
mod naive;

use protea_cafa::assessment::{assess, open_dataset};
use protea_contracts::prelude::*;

pub use naive::TermFrequencies;

spec! {
    /// Which baseline.
    #[derive(Default, Copy, Eq)]
    pub enum Method {
        /// The frequency of each term in the training set.
        #[default]
        Naive,
    }
}

spec! {
    /// The settings of [`BaselineRunner`].
    pub struct BaselineSpec {
        /// Which baseline.
        pub method: Method,
        /// Terms with a lower score are not predicted.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
    }
}

impl Default for BaselineSpec {
    fn default() -> Self {
        Self {
            method: Method::Naive,
            minimum_score: 0.005,
        }
    }
}

/// The model: what `fit` counted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
struct Model {
    spec: BaselineSpec,
    frequencies: TermFrequencies,
}

/// Baselines that need no embeddings.
#[derive(Debug, Default)]
pub struct BaselineRunner;

impl ExperimentRunner for BaselineRunner {
    type Spec = BaselineSpec;

    fn fit(
        &self,
        request: &FitRequest<BaselineSpec>,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError> {
        let dataset = open_dataset(&request.dataset_dir()?)?;
        emit.info(
            "runner.baseline.fit_start",
            &json!({ "proteins": dataset.len() }),
        );
        let frequencies = TermFrequencies::count(&dataset, emit)?;
        let terms = frequencies.len();
        let model_uri = request.write_model(&Model {
            spec: request.spec.clone(),
            frequencies,
        })?;
        Ok(RunResult::new(model_uri).with_extra("terms", terms))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let Model { spec, frequencies } = request.read_model()?;
        let dataset = open_dataset(&request.dataset_dir()?)?;
        let predicted = frequencies.at_least(spec.minimum_score);
        assess(request, &dataset, emit, |predictions| {
            for protein in 0..dataset.len() {
                if protein % 1024 == 0 {
                    emit.progress(protein as u64, dataset.len() as u64);
                    emit.check()?;
                }
                predictions.add(dataset.accession(protein), &mut predicted.clone())?;
            }
            emit.progress(dataset.len() as u64, dataset.len() as u64);
            Ok(())
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model: Model = request.read_model()?;
        request.bundle(&model.spec)?.finish()
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(&self, request: &ExplainRequest, _: &Emitter) -> Result<Explanation, RunnerError> {
        let Model { spec, frequencies } = request.read_model()?;
        explain::by_frequency(request, &frequencies, spec.minimum_score)
    }
}

export_runner!(BaselineRunner, name: "baseline");
