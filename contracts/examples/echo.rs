//! A runner that does nothing but what it is asked to: for benchmarks of dispatch.

use protea_contracts::prelude::*;

spec! {
    /// What to do.
    #[derive(Default)]
    pub struct EchoSpec {
        /// How many events `fit` emits.
        pub events: u64,
    }
}

struct Echo;

impl ExperimentRunner for Echo {
    type Spec = EchoSpec;

    fn metrics(&self) -> MetricSchema {
        MetricSchema::flat(Vec::new())
    }

    fn fit(
        &self,
        request: &FitRequest<EchoSpec>,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError> {
        for step in 0..request.spec.events {
            emit.metric("loss", 1.0 / (1.0 + step as f64), step);
        }
        Ok(RunResult::new(request.output_uri.clone()))
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        Ok(EvalResult::default())
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        request.bundle(&EchoSpec::default())?.finish()
    }
}

export_runner!(Echo, name: "echo", summary: "Answers at once.");
