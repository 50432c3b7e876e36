//! The smallest whole runner: the seed of all templates.
//!
//! It learns nothing. `evaluate` answers with the truth itself, each term with a score of 1.0, so
//! that a sound host, dataset and scorer give every aspect an Fmax of 1.0. It declares its scores
//! to be placeholders: they say nothing about proteins.

use std::collections::BTreeSet;

use protea_cafa::assessment::{assess, open_dataset};
use protea_contracts::prelude::*;

spec! {
    /// The settings of [`ToyRunner`].
    #[derive(Default)]
    pub struct ToySpec {
        /// Anything; it is recorded in the model and the export.
        pub note: String,
    }
}

/// Records its spec, and knows the answers.
#[derive(Debug, Default)]
pub struct ToyRunner;

impl ExperimentRunner for ToyRunner {
    type Spec = ToySpec;

    fn metrics(&self) -> MetricSchema {
        MetricSchema::cafa().placeholder()
    }

    fn fit(&self, request: &FitRequest<ToySpec>, emit: &Emitter) -> RunnerResult<RunResult> {
        emit.info("runner.toy.fit_start", &request.spec);
        let model_uri = request.write_model(&request.spec)?;
        Ok(RunResult::new(model_uri).with_metric("loss", 0.0))
    }

    fn evaluate(&self, request: &EvaluateRequest, emit: &Emitter) -> RunnerResult<EvalResult> {
        request.read_model::<ToySpec>()?;
        let dataset = open_dataset(&request.dataset_dir()?)?;
        assess(request, &dataset, emit, |predictions| {
            let rows = dataset.annotations().or_dataset("reading annotations")?;
            // A term may be there more than once, with another evidence.
            let truth: BTreeSet<_> = rows.map(|row| (row.protein, row.term)).collect();
            truth.into_iter().try_for_each(|(protein, term)| {
                predictions.add(dataset.accession(protein), &mut [(term, 1.0)])
            })
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> RunnerResult<ExportResult> {
        request.bundle(&request.read_model::<ToySpec>()?)?.finish()
    }
}

export_runner!(ToyRunner, name: "toy");
