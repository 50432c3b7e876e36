//! The runner whose builds for earlier contracts are kept in this directory. `make` builds it.

use protea_contracts::prelude::*;

spec! {
    /// What a user may choose.
    #[derive(Default)]
    pub struct Spec {
        /// Returned as a metric by `evaluate`.
        pub bonus: f64,
    }
}

struct Kept;

impl ExperimentRunner for Kept {
    type Spec = Spec;

    fn metrics(&self) -> MetricSchema {
        MetricSchema::flat(vec![MetricDeclaration::new("bonus", Direction::HigherIsBetter)])
    }

    fn fit(&self, request: &FitRequest<Spec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        emit.info("kept.fit", &json!({ "seed": request.seed, "threads": request.threads }));
        emit.progress(1, 2);
        emit.metric("loss", 0.5, 1);
        emit.check()?;
        if request.spec.bonus < 0.0 {
            return Err(RunnerError::invalid_spec("/bonus", "it is negative"));
        }
        Ok(RunResult::new(request.write_model(&request.spec)?).with_metric("loss", 0.25))
    }

    fn evaluate(&self, request: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        let spec: Spec = request.read_model()?;
        if spec.bonus == 13.0 {
            panic!("on purpose");
        }
        Ok(EvalResult::default().with_metric("bonus", spec.bonus))
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let spec: Spec = request.read_model()?;
        request.bundle(&spec)?.finish()
    }

    #[cfg(feature = "explains")]
    fn explains(&self) -> bool {
        true
    }

    #[cfg(feature = "explains")]
    fn explain(&self, request: &ExplainRequest, _: &Emitter) -> Result<Explanation, RunnerError> {
        let mut term = TermExplanation::new("T:1", 0.75);
        term.contributions = vec![Contribution::new("x", 0.5), Contribution::new("y", 0.25)];
        Ok(Explanation::new(&request.accession, "part").with_terms(vec![term], 0))
    }
}

export_runner!(Kept, name: "kept", version: "0.1.0", summary: "Kept as it was built.");
