//! What the calls write to the disk and print.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use protea_core::{
    DispatchError,
    contracts::{Evaluate, Export, Fit, Level, RunResult, RunnerError},
};
use serde_json::Value;
use url::Url;

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    comparison::difference,
    fixture::{Snapshot, WorkDir},
    recorder::Recorder,
    sandbox::{Call, End, Outcome, Printed, Probed},
    subject::cannot_write,
};

scope! {
    /// What the calls write and print.
    WritesTest {
        /// The calls write only to the output directory: nothing next to it or the model, or in the home, current and temporary directories
        OnlyOutput = "writes/only-output" => only_output,
        /// `fit`, `evaluate` and `export` return the same in a sandbox where they can write only to the output directory and use no network
        Sandboxed = "writes/sandboxed" => sandboxed,
        /// The calls print nothing; messages for users are events
        Prints = "writes/prints-nothing" => prints_nothing,
    }
}

/// The home, current and temporary directories of a probe, inside its working directory.
pub(super) const SURROUNDINGS: [&str; 3] = ["home", "current", "temporary"];

fn only_output(subject: &Subject) -> Checked {
    subject.fitted()?;
    let dir = subject.work_dir()?;
    for name in SURROUNDINGS {
        std::fs::create_dir_all(dir.join(name)).map_err(cannot_write)?;
    }
    // load/quiet reports what opening the library writes.
    subject.probe(&subject.task(Vec::new()), &dir)?;
    let request = subject.fit_request(&dir, "model", subject.spec()?);
    let fitted = watched(subject, &dir, "fit", Call::new::<Fit>(&request), "model")?;
    let model = model_of(fitted).map_or_else(|| without_training(subject, &dir), Ok)?;
    let mut failed = !(subject.evaluation_ends() && subject.exported().is_ok());
    let mut watch = |doing, call, output| -> Result<(), Verdict> {
        let outcome = watched(subject, &dir, doing, call, output)?;
        failed |= !matches!(outcome, Some(Outcome::Result(_)));
        Ok(())
    };
    if subject.evaluation_ends() {
        let request = subject.evaluate_model(&model, &dir, "evaluation");
        watch("evaluate", Call::new::<Evaluate>(&request), "evaluation")?;
    }
    // lifecycle/export reports an export that lists files outside its directory.
    if subject.exported().is_ok() {
        let request = subject.export_model(&model, &dir, "export");
        watch("export", Call::new::<Export>(&request), "export")?;
    }
    if failed {
        return Ok(Verdict::noted(
            "some of the calls failed, see lifecycle; none wrote outside the output directory",
        ));
    }
    Ok(Verdict::passed())
}

/// Makes one call and fails if it changed anything outside its output directory.
fn watched(
    subject: &Subject,
    dir: &WorkDir,
    doing: &str,
    call: Call,
    output: &str,
) -> Result<Option<Outcome>, Verdict> {
    let before = Snapshot::take(dir.path());
    let probed = subject.probe(&subject.task(vec![call]), dir)?;
    let after = Snapshot::take(dir.path());
    // dataset/untouched reports a changed dataset.
    let allowed = [output, "train", "eval"].map(PathBuf::from);
    let ignore = |path: &Path| allowed.iter().any(|allowed| path.starts_with(allowed));
    let changes = before.changes(&after, ignore);
    if !changes.is_empty() {
        return Err(Verdict::failed(
            "a call writes only inside `output_uri`",
            format!("during {doing}, {}", changes.join(", ")),
            "write inside `request.output_dir()`, and remove temporary files",
        ));
    }
    outcome(subject, probed, doing)
}

fn outcome(subject: &Subject, probed: Probed, doing: &str) -> Result<Option<Outcome>, Verdict> {
    match probed.end {
        End::Finished(_) => Ok(probed
            .answers
            .into_iter()
            .next()
            .map(|answer| answer.outcome)),
        End::Refused(_) => Ok(None),
        End::Died(error) => Err(Verdict::from_dispatch(doing, &error)),
        End::TimedOut => Err(Verdict::timed_out(doing, subject.settings.time_limit)),
    }
}

fn model_of(outcome: Option<Outcome>) -> Option<Url> {
    match outcome {
        Some(Outcome::Result(result)) => serde_json::from_value::<RunResult>(result)
            .ok()
            .map(|result| result.model_uri),
        _ => None,
    }
}

/// The reference model of a runner without a training step.
fn without_training(subject: &Subject, dir: &WorkDir) -> Result<Url, Verdict> {
    crate::subject::reference_model(dir, "model", &subject.spec()?)
}

fn sandboxed(subject: &Subject) -> Checked {
    let expected = Value::Object(subject.steady_metrics()?.metrics.clone());
    let runner = subject.sandboxed()?;
    let dir = subject.work_dir()?;
    let silent = || Arc::new(Recorder::new(Level::Error));
    let request = subject.fit_request(&dir, "model", subject.resolved_spec()?);
    let model = match runner.call::<Fit>(&request, silent()) {
        Ok(fitted) => fitted.model_uri,
        Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
            without_training(subject, &dir)?
        }
        Err(error) => return Err(ended("fit", &error)),
    };
    let request = subject.evaluate_model(&model, &dir, "evaluation");
    let evaluated = runner
        .call::<Evaluate>(&request, silent())
        .map_err(|error| ended("evaluate", &error))?;
    // lifecycle/export reports an export that fails outside a sandbox too.
    if subject.exported().is_ok() {
        let request = subject.export_model(&model, &dir, "export");
        runner
            .call::<Export>(&request, silent())
            .map_err(|error| ended("export", &error))?;
    }
    match difference(&expected, &Value::Object(evaluated.metrics)) {
        None => Ok(Verdict::passed()),
        Some((at, _)) => Err(Verdict::failed(
            "the same scores in a sandbox",
            format!("the metrics differ at {at}"),
            "read only the dataset and the model",
        )),
    }
}

/// A runner may need more than a sandbox allows, such as a program of the user, and may say so with an
/// error. It must not crash.
fn ended(doing: &str, error: &DispatchError) -> Verdict {
    match error {
        DispatchError::Runner(error) => Verdict::warning(format!(
            "{doing} in a sandbox ends with the error: {error}; so the runner does not work in a sandbox. Read only the dataset, the model and system libraries, write only inside `request.output_dir()`, and use no network"
        )),
        error => Verdict::from_dispatch(&format!("{doing} in a sandbox"), error),
    }
}

fn prints_nothing(subject: &Subject) -> Checked {
    let dir = subject.work_dir()?;
    let calls = subject.calls(&dir, "")?;
    let mut probed = subject.probe(&subject.task(calls), &dir)?;
    let Printed { bytes, first_line } = std::mem::take(&mut probed.printed);
    outcome(subject, probed, "fit, evaluate and export")?;
    if bytes > 0 {
        return Ok(Verdict::warning(format!(
            "it prints {bytes} bytes to standard output and standard error, which begin with {first_line:?}; send events with `emit` instead, which reach logs and trackers"
        )));
    }
    Ok(Verdict::passed())
}

/// The metrics of a result.
pub(super) fn metrics_of(outcome: &Outcome) -> Option<&Value> {
    match outcome {
        Outcome::Result(result) => result.get("metrics"),
        _ => None,
    }
}
