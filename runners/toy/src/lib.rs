//! The smallest complete runner, for tests of hosts and as a model for runners.
//!
//! It learns nothing. `evaluate` predicts the true annotations, each with a score of 1.0, so that
//! host, dataset and scoring work if every aspect has an Fmax of 1.0. The runner declares its
//! scores as placeholders: they say nothing about proteins.

use std::collections::BTreeSet;

use protea_cafa::assessment::{assess, open_dataset};
use protea_contracts::prelude::*;

spec! {
    /// The settings of the runner `toy`.
    #[derive(Default)]
    pub struct ToySpec {
        /// Any text. The model and the export record it.
        pub note: String,
    }
}

/// Records its settings and predicts the true annotations.
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
            // A protein can have several annotations with the same term and different evidence.
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
