//! A runner that reports its requests, for the first, today's and a later version of the contract.

use protea_contracts::prelude::*;

struct Tiny;

impl ExperimentRunner for Tiny {
    type Spec = std::collections::BTreeMap<String, f64>;

    fn fit(&self, request: &FitRequest<Self::Spec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        emit.info("tiny.fit", &json!({ "seed": request.seed }));
        // The tiny host names a directory that cannot be created, and does not look into it.
        if let Ok(model) = request.output_uri.to_file_path() {
            let _ = std::fs::create_dir(model);
        }
        let result = RunResult::new(request.output_uri.clone());
        #[cfg(feature = "grown")]
        let result = result
            .with_extra("note", request.note.clone())
            .with_extra("host_clock", emit.clock());
        Ok(result.with_metric("seed", request.seed as f64))
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        #[cfg(feature = "grown")]
        return Err(RunnerError::Quota { message: "none left".to_owned() });
        #[cfg(not(feature = "grown"))]
        Err(RunnerError::unsupported("evaluate", "fit"))
    }

    fn export(&self, _: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        panic!("on purpose")
    }

    #[cfg(feature = "explains")]
    fn explains(&self) -> bool {
        true
    }

    #[cfg(feature = "explains")]
    fn explain(&self, request: &ExplainRequest, emit: &Emitter) -> Result<Explanation, RunnerError> {
        emit.info("tiny.explain", &json!({}));
        let mut term = TermExplanation::new("T:1", 0.75);
        term.contributions = vec![Contribution::new("x", 0.5), Contribution::new("y", 0.25)];
        Ok(Explanation::new(&request.accession, "part").with_terms(vec![term], 0))
    }

    #[cfg(feature = "grown")]
    fn foresee(&self, _: &EvaluateRequest, emit: &Emitter) -> Result<EvalResult, RunnerError> {
        emit.info("tiny.foresee", &json!({}));
        Ok(EvalResult::default().with_extra("because", "it has grown"))
    }
}

export_runner!(Tiny, name: "tiny", summary: "Tells what it was asked.");
