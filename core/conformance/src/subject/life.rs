//! Results that the tests share: a model, its scores, its export, and repeated calls.

use std::sync::Arc;

use protea_core::{
    DispatchError,
    contracts::{
        EvalResult, Evaluate, Export, ExportResult, Fit, Level, RunResult, RunnerError,
        emit::EventSink,
        error::with_causes,
        model::{self, ReferenceKind, ReferenceModel},
    },
};
use serde_json::Value;
use url::Url;

use super::{
    Subject,
    blame::{Shared, blamed_on, cannot_write, prerequisite},
};
use crate::{
    Verdict,
    comparison::difference,
    fixture::WorkDir,
    recorder::{Recorded, Recorder},
    sandbox::{Answer, Call, End, Outcome},
    test_names,
};

/// A model of the runner, and how it was made.
#[derive(Debug)]
pub struct Fitted {
    /// The directory with the datasets, to which the runner wrote.
    pub dir: WorkDir,
    /// The model that `fit` wrote, or a reference model.
    pub model_uri: Url,
    /// What `fit` returned; `None` for a runner without a training step.
    pub result: Option<RunResult>,
    /// The events of the call.
    pub recorded: Recorded,
}

/// An evaluation of that model.
#[derive(Debug)]
pub struct Evaluated {
    /// The result; an error if the metrics are not those that the runner declares.
    pub result: Result<EvalResult, DispatchError>,
    /// The events of the call.
    pub recorded: Recorded,
}

/// A call that is repeated in one process.
#[derive(Debug)]
pub struct Repeated {
    /// Its name.
    pub call: &'static str,
    /// The answers, up to the first that is missing.
    pub answers: Vec<Answer>,
    /// What went wrong.
    pub broken: Option<Verdict>,
}

/// How often each call is made.
const CALLS: usize = 50;
/// The time for repeating a call, in seconds (see [`Task::budget`](crate::sandbox::Task::budget)).
const BUDGET: f64 = 20.0;

impl Subject {
    /// A model of the runner, made once with default settings.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn fitted(&self) -> Result<&Fitted, Verdict> {
        self.fit_once()
            .map_err(|verdict| blamed_on(test_names::FIT, verdict))
    }

    /// The shared model, for the test that reports its failure.
    pub(crate) fn fit_once(&self) -> Result<&Fitted, Verdict> {
        self.spec()?;
        self.fitted
            .get_or_init(|| {
                let dir = self.work_dir()?;
                let recorder = Arc::new(Recorder::new(Level::Debug));
                let (model_uri, result) = self.fit_in(&dir, "model", Arc::clone(&recorder) as _)?;
                Ok(Fitted {
                    dir,
                    model_uri,
                    result,
                    recorded: recorder.recorded(),
                })
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// The scores of the shared model.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn evaluated(&self) -> Result<&Evaluated, Verdict> {
        self.evaluate_once()
            .map_err(|verdict| blamed_on(test_names::EVALUATE, verdict))
    }

    /// The scores of the shared model, as the runner declares them.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn metrics(&self) -> Result<&EvalResult, Verdict> {
        self.evaluated()?
            .result
            .as_ref()
            .map_err(|_| prerequisite(test_names::METRICS))
    }

    /// The shared evaluation, for the test that reports its failure.
    pub(crate) fn evaluate_once(&self) -> Result<&Evaluated, Verdict> {
        let shared = self.shared_evaluation()?;
        shared.outcome.as_ref().map_err(Verdict::clone)
    }

    fn shared_evaluation(&self) -> Result<&Shared<Evaluated>, Verdict> {
        let fitted = self.fitted()?;
        let runner = self.runner()?;
        Ok(self.evaluated.get_or_init(|| {
            let recorder = Arc::new(Recorder::new(Level::Debug));
            let request = self.evaluate_request(fitted, &fitted.dir, "evaluation");
            match runner.call::<Evaluate>(&request, Arc::clone(&recorder) as _) {
                Err(error) if !matches!(error, DispatchError::Metrics(_)) => {
                    Shared::failed(&error, Verdict::from_dispatch("evaluate", &error))
                }
                result => Shared::answered(Evaluated {
                    result,
                    recorded: recorder.recorded(),
                }),
            }
        }))
    }

    /// The scores of the shared model, if a second evaluation returns the same.
    ///
    /// # Errors
    ///
    /// The verdict for a test that compares scores.
    pub fn steady_metrics(&self) -> Result<&EvalResult, Verdict> {
        let fitted = self.fitted()?;
        let first = self.metrics()?;
        let steady = self.steady.get_or_init(|| {
            let request = self.evaluate_request(fitted, &fitted.dir, "evaluation-again");
            let again = self.evaluate(&request)?.metrics;
            let (first, again) = (first.metrics.clone(), again);
            Ok(difference(&Value::Object(first), &Value::Object(again)).is_none())
        });
        match steady {
            Ok(true) => Ok(first),
            Ok(false) => Err(prerequisite(test_names::DETERMINISTIC)),
            Err(verdict) => Err(blamed_on(test_names::DETERMINISTIC, verdict.clone())),
        }
    }

    /// The file list of an export of the shared model. The files themselves are removed.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn exported(&self) -> Result<&ExportResult, Verdict> {
        self.export_once()
            .map_err(|verdict| blamed_on(test_names::EXPORT, verdict))
    }

    /// The shared export, for the test that reports its failure.
    pub(crate) fn export_once(&self) -> Result<&ExportResult, Verdict> {
        let shared = self.shared_export()?;
        shared.outcome.as_ref().map_err(Verdict::clone)
    }

    fn shared_export(&self) -> Result<&Shared<ExportResult>, Verdict> {
        let fitted = self.fitted()?;
        let runner = self.runner()?;
        Ok(self.exported.get_or_init(|| {
            let dir = match WorkDir::empty(&self.fixtures.scratch) {
                Ok(dir) => dir,
                Err(error) => return Shared::not_made(cannot_write(error)),
            };
            let request = self.export_model(&fitted.model_uri, &dir, "export");
            let recorder = Arc::new(Recorder::new(Level::Error));
            match runner.call::<Export>(&request, recorder) {
                Ok(exported) => Shared::answered(exported),
                Err(error) => Shared::failed(&error, export_verdict(&error)),
            }
        }))
    }

    /// Whether an evaluation ends, with a result or an error.
    pub(crate) fn evaluation_ends(&self) -> bool {
        self.shared_evaluation().is_ok_and(|shared| shared.ends)
    }

    /// Whether an export ends, with a result or an error.
    pub(crate) fn export_ends(&self) -> bool {
        self.shared_export().is_ok_and(|shared| shared.ends)
    }

    /// Every call that succeeds, each repeated in one process.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub(crate) fn repeated(&self) -> Result<&[Repeated], Verdict> {
        let fitted = self.fitted()?;
        let repeated = self.repeated.get_or_init(|| {
            let spec = self.spec()?;
            let mut repeated = Vec::new();
            if fitted.result.is_some() {
                repeated.push(self.repeat("fit", |dir, at| {
                    let output = format!("model-{at}");
                    let mut request = self.fit_request(dir, &output, spec.clone());
                    request.threads = 1;
                    Call::new::<Fit>(&request)
                })?);
            }
            if self.evaluated().is_ok() {
                repeated.push(self.repeat("evaluate", |dir, _| {
                    let mut request = self.evaluate_request(fitted, dir, "evaluation");
                    // Allocators keep an arena for each thread, which would look like a leak.
                    request.threads = 1;
                    Call::new::<Evaluate>(&request)
                })?);
            }
            if self.exported().is_ok() {
                repeated.push(self.repeat("export", |dir, at| {
                    let output = format!("export-{at}");
                    Call::new::<Export>(&self.export_model(&fitted.model_uri, dir, &output))
                })?);
            }
            Ok(repeated)
        });
        repeated.as_ref().map(Vec::as_slice).map_err(Verdict::clone)
    }

    fn repeat(
        &self,
        call: &'static str,
        make: impl Fn(&WorkDir, usize) -> Call,
    ) -> Result<Repeated, Verdict> {
        let dir = self.work_dir()?;
        let mut task = self.task((0..CALLS).map(|at| make(&dir, at)).collect());
        task.budget = Some(BUDGET);
        let probed = self.probe(&task, &dir)?;
        let doing = format!(
            "{call} {} of {CALLS} in one process",
            probed.answers.len() + 1
        );
        let failed = |answer: &&Answer| !matches!(answer.outcome, Outcome::Result(_));
        let broken = match (probed.end, probed.answers.iter().find(failed)) {
            (End::Died(error), _) => Some(Verdict::from_dispatch(&doing, &error)),
            (End::TimedOut, _) => Some(Verdict::timed_out(&doing, self.settings.time_limit)),
            (End::Finished(_) | End::Refused(_), None) => None,
            (End::Finished(_) | End::Refused(_), Some(answer)) => Some(Verdict::failed(
                "a call that succeeds once succeeds again in the same process",
                format!("{call} {} of {CALLS} {}", answer.call + 1, answer.outcome),
                "keep no state between calls",
            )),
        };
        Ok(Repeated {
            call,
            answers: probed.answers,
            broken,
        })
    }

    /// Fits in a directory, or writes a reference model if the runner has no training step.
    ///
    /// # Errors
    ///
    /// The verdict on a call that fails.
    pub fn fit_in(
        &self,
        dir: &WorkDir,
        output: &str,
        sink: Arc<dyn EventSink>,
    ) -> Result<(Url, Option<RunResult>), Verdict> {
        let request = self.fit_request(dir, output, self.resolved_spec()?);
        match self.runner()?.call::<Fit>(&request, sink) {
            Ok(result) => Ok((result.model_uri.clone(), Some(result))),
            Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
                let uri = reference_model(dir, output, request.spec.as_value())?;
                Ok((uri, None))
            }
            Err(error) => Err(Verdict::from_dispatch("fit", &error)),
        }
    }
}

fn export_verdict(error: &DispatchError) -> Verdict {
    match error {
        DispatchError::Export { .. } | DispatchError::Protocol(_) => Verdict::failed(
            "every exported file is inside `output_uri` and listed with its size and SHA-256",
            error.to_string(),
            "write the export with `request.bundle`",
        ),
        error => Verdict::from_dispatch("export", error),
    }
}

/// Writes the reference model that a host writes for a runner without a training step.
pub(crate) fn reference_model(dir: &WorkDir, output: &str, spec: &Value) -> Result<Url, Verdict> {
    let train = dir.train().map_err(|error| {
        Verdict::failed(
            "`fit` does not change the dataset",
            with_causes(&error),
            "open datasets read-only; write only inside `request.output_uri`",
        )
    })?;
    let model = ReferenceModel {
        kind: ReferenceKind::Reference,
        spec: spec.clone(),
        dataset_uri: train.uri.to_string(),
        dataset_sha256: train.sha256.to_string(),
    };
    let directory = dir.join(output);
    let path = directory.join(model::FILE_NAME);
    let text = serde_json::to_vec_pretty(&model).map_err(std::io::Error::from);
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&path, text?))
        .map_err(cannot_write)?;
    Ok(crate::fixture::uri_of(&path))
}
