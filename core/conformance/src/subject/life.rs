//! What the tests share of the runner's life: a model, its scores, its export, and calls over and over.

use std::sync::Arc;

use protea_core::{
    DispatchError,
    contracts::{
        EvalResult, Evaluate, Export, ExportResult, Fit, Level, RunResult, RunnerError,
        emit::EventSink,
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
    difference::difference,
    fixture::Place,
    prerequisites,
    recorder::{Recorded, Recorder},
    sandbox::{Answer, Call, End, Outcome},
};

/// A model of the runner, and how it came about.
#[derive(Debug)]
pub struct Fitted {
    /// Where the runner wrote, and the datasets that it used.
    pub place: Place,
    /// The model: what `fit` wrote, or a reference model.
    pub model_uri: Url,
    /// What `fit` answered; `None` for a runner without a training step.
    pub result: Option<RunResult>,
    /// What it said meanwhile.
    pub recorded: Recorded,
}

/// An evaluation of that model.
#[derive(Debug)]
pub struct Evaluated {
    /// The answer; an error where the metrics do not fit what the runner declares.
    pub result: Result<EvalResult, DispatchError>,
    /// What it said meanwhile.
    pub recorded: Recorded,
}

/// A call over and over in one process.
#[derive(Debug)]
pub struct Repeated {
    /// Its name.
    pub call: &'static str,
    /// Its answers, up to the first that did not come.
    pub answers: Vec<Answer>,
    /// What went wrong meanwhile.
    pub broken: Option<Verdict>,
}

/// So often each call is made.
const CALLS: usize = 50;
/// No more of them are begun after so many seconds.
const BUDGET: f64 = 20.0;

impl Subject {
    /// A model of the runner, made once with all that is usual.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn fitted(&self) -> Result<&Fitted, Verdict> {
        self.fit_once()
            .map_err(|verdict| blamed_on(prerequisites::FIT, verdict))
    }

    /// Fits; what that came to.
    pub(crate) fn fit_once(&self) -> Result<&Fitted, Verdict> {
        self.spec()?;
        self.fitted
            .get_or_init(|| {
                let place = self.place()?;
                let recorder = Arc::new(Recorder::new(Level::Debug));
                let (model_uri, result) =
                    self.fit_in(&place, "model", Arc::clone(&recorder) as _)?;
                Ok(Fitted {
                    place,
                    model_uri,
                    result,
                    recorded: recorder.recorded(),
                })
            })
            .as_ref()
            .map_err(Verdict::clone)
    }

    /// The scores of that model.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn evaluated(&self) -> Result<&Evaluated, Verdict> {
        self.evaluate_once()
            .map_err(|verdict| blamed_on(prerequisites::EVALUATE, verdict))
    }

    /// The scores of that model, which fit what the runner declares.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn metrics(&self) -> Result<&EvalResult, Verdict> {
        self.evaluated()?
            .result
            .as_ref()
            .map_err(|_| prerequisite(prerequisites::METRICS))
    }

    /// Evaluates; what that came to.
    pub(crate) fn evaluate_once(&self) -> Result<&Evaluated, Verdict> {
        let shared = self.shared_evaluation()?;
        shared.outcome.as_ref().map_err(Verdict::clone)
    }

    fn shared_evaluation(&self) -> Result<&Shared<Evaluated>, Verdict> {
        let fitted = self.fitted()?;
        let runner = self.runner()?;
        Ok(self.evaluated.get_or_init(|| {
            let recorder = Arc::new(Recorder::new(Level::Debug));
            let request = self.evaluate_request(fitted, &fitted.place, "evaluation");
            match runner.call::<Evaluate>(&request, Arc::clone(&recorder) as _) {
                Err(error) if !matches!(error, DispatchError::Metrics(_)) => {
                    Shared::failed(&error, Verdict::of_dispatch("evaluate", &error))
                }
                result => Shared::answered(Evaluated {
                    result,
                    recorded: recorder.recorded(),
                }),
            }
        }))
    }

    /// The scores of that model, which are the same when it is evaluated again.
    ///
    /// # Errors
    ///
    /// The verdict of a test that compares scores and cannot go on without it.
    pub fn steady_metrics(&self) -> Result<&EvalResult, Verdict> {
        let fitted = self.fitted()?;
        let first = self.metrics()?;
        let steady = self.steady.get_or_init(|| {
            let request = self.evaluate_request(fitted, &fitted.place, "evaluation-again");
            let again = self.evaluate(&request)?.metrics;
            let (first, again) = (first.metrics.clone(), again);
            Ok(difference(&Value::Object(first), &Value::Object(again)).is_none())
        });
        match steady {
            Ok(true) => Ok(first),
            Ok(false) => Err(prerequisite(prerequisites::DETERMINISTIC)),
            Err(verdict) => Err(blamed_on(prerequisites::DETERMINISTIC, verdict.clone())),
        }
    }

    /// What an export of that model lists; the files themselves are gone.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub fn exported(&self) -> Result<&ExportResult, Verdict> {
        self.export_once()
            .map_err(|verdict| blamed_on(prerequisites::EXPORT, verdict))
    }

    /// Exports; what that came to.
    pub(crate) fn export_once(&self) -> Result<&ExportResult, Verdict> {
        let shared = self.shared_export()?;
        shared.outcome.as_ref().map_err(Verdict::clone)
    }

    fn shared_export(&self) -> Result<&Shared<ExportResult>, Verdict> {
        let fitted = self.fitted()?;
        let runner = self.runner()?;
        Ok(self.exported.get_or_init(|| {
            let place = match Place::empty() {
                Ok(place) => place,
                Err(error) => return Shared::not_made(cannot_write(error)),
            };
            let request = self.export_model(&fitted.model_uri, &place, "export");
            let recorder = Arc::new(Recorder::new(Level::Error));
            match runner.call::<Export>(&request, recorder) {
                Ok(exported) => Shared::answered(exported),
                Err(error) => Shared::failed(&error, of_export(&error)),
            }
        }))
    }

    /// Whether an evaluation ends at all, with an answer of whatever kind.
    pub(crate) fn evaluation_ends(&self) -> bool {
        self.shared_evaluation().is_ok_and(|shared| shared.ends)
    }

    /// Whether an export ends at all, with an answer of whatever kind.
    pub(crate) fn export_ends(&self) -> bool {
        self.shared_export().is_ok_and(|shared| shared.ends)
    }

    /// Every call that succeeds, over and over in one process.
    ///
    /// # Errors
    ///
    /// The verdict of a test that cannot go on without it.
    pub(crate) fn repeated(&self) -> Result<&[Repeated], Verdict> {
        let fitted = self.fitted()?;
        let repeated = self.repeated.get_or_init(|| {
            let spec = self.spec()?;
            let mut repeated = Vec::new();
            if fitted.result.is_some() {
                repeated.push(self.repeat("fit", |place, at| {
                    let output = format!("model-{at}");
                    let mut request = self.fit_request(place, &output, spec.clone());
                    request.threads = 1;
                    Call::new::<Fit>(&request)
                })?);
            }
            if self.evaluated().is_ok() {
                repeated.push(self.repeat("evaluate", |place, _| {
                    let mut request = self.evaluate_request(fitted, place, "evaluation");
                    // Allocators keep an arena per thread.
                    request.threads = 1;
                    Call::new::<Evaluate>(&request)
                })?);
            }
            if self.exported().is_ok() {
                repeated.push(self.repeat("export", |place, at| {
                    let output = format!("export-{at}");
                    Call::new::<Export>(&self.export_model(&fitted.model_uri, place, &output))
                })?);
            }
            Ok(repeated)
        });
        repeated.as_ref().map(Vec::as_slice).map_err(Verdict::clone)
    }

    fn repeat(
        &self,
        call: &'static str,
        make: impl Fn(&Place, usize) -> Call,
    ) -> Result<Repeated, Verdict> {
        let place = self.place()?;
        let mut task = self.task((0..CALLS).map(|at| make(&place, at)).collect());
        task.budget = Some(BUDGET);
        let probed = self.probe(&task, &place)?;
        let doing = format!(
            "{call} {} of {CALLS} in one process",
            probed.answers.len() + 1
        );
        let failed = |answer: &&Answer| !matches!(answer.outcome, Outcome::Result(_));
        let broken = match (probed.end, probed.answers.iter().find(failed)) {
            (End::Died(error), _) => Some(Verdict::of_dispatch(&doing, &error)),
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

    /// Fits in a place, or writes a reference model where the runner has no training step.
    ///
    /// # Errors
    ///
    /// The verdict on a call that had to give a result.
    pub fn fit_in(
        &self,
        place: &Place,
        output: &str,
        sink: Arc<dyn EventSink>,
    ) -> Result<(Url, Option<RunResult>), Verdict> {
        let request = self.fit_request(place, output, self.resolved_spec()?);
        match self.runner()?.call::<Fit>(&request, sink) {
            Ok(result) => Ok((result.model_uri.clone(), Some(result))),
            Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
                let uri = reference_model(place, output, request.spec.as_value())?;
                Ok((uri, None))
            }
            Err(error) => Err(Verdict::of_dispatch("fit", &error)),
        }
    }
}

fn of_export(error: &DispatchError) -> Verdict {
    match error {
        DispatchError::Export { .. } | DispatchError::Protocol(_) => Verdict::failed(
            "every exported file is listed, below `output_uri`, with its size and SHA-256",
            error.to_string(),
            "write the export with `request.bundle`",
        ),
        error => Verdict::of_dispatch("export", error),
    }
}

/// Writes what a host writes for a runner without a training step.
pub(crate) fn reference_model(place: &Place, output: &str, spec: &Value) -> Result<Url, Verdict> {
    let train = place.train().map_err(|error| {
        Verdict::failed(
            "`fit` leaves the dataset as it is",
            error.to_string(),
            "open datasets read-only; write below `request.output_uri` only",
        )
    })?;
    let model = ReferenceModel {
        kind: ReferenceKind::Reference,
        spec: spec.clone(),
        dataset_uri: train.uri.to_string(),
        dataset_sha256: train.sha256,
    };
    let directory = place.join(output);
    let path = directory.join(model::FILE_NAME);
    let text = serde_json::to_vec_pretty(&model).map_err(std::io::Error::from);
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&path, text?))
        .map_err(cannot_write)?;
    Ok(crate::fixture::uri_of(&path))
}
