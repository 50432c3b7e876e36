use protea_contracts::prelude::*;

spec! {
    #[derive(Default)]
    pub struct Spec(u32);
}

struct Runner;

impl ExperimentRunner for Runner {
    type Spec = Spec;

    fn fit(&self, request: &FitRequest<Spec>, _: &Emitter) -> Result<RunResult, RunnerError> {
        Ok(RunResult::new(request.write_model(&request.spec)?))
    }

    fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
        Ok(EvalResult::default())
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        request.bundle(&request.read_model::<Spec>()?)?.finish()
    }
}

export_runner!(Runner, name: "mine");

fn main() {}
