//! What the calls leave on the disk and on the screen.

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
    difference::difference,
    fixture::{Place, Snapshot},
    recorder::Recorder,
    sandbox::{Call, End, Outcome, Probed},
    subject::cannot_write,
};

scope! {
    /// What the calls leave behind.
    WritesTest {
        /// Nothing is written outside of the output directory: beside it, beside the model, in the home, current and temporary directory
        OnlyOutput = "writes/only-output" => only_output,
        /// Fit, evaluate and export do the same in a sandbox that lets them write their output directory only, and reach no network
        Sandboxed = "writes/sandboxed" => sandboxed,
        /// Nothing is printed; what users should know is an event
        Prints = "writes/prints-nothing" => prints_nothing,
    }
}

/// What a process finds as its home, current and temporary directory.
pub(super) const SURROUNDINGS: [&str; 3] = ["home", "current", "temporary"];

fn only_output(subject: &Subject) -> Checked {
    subject.fitted()?;
    let place = subject.place()?;
    for name in SURROUNDINGS {
        std::fs::create_dir_all(place.join(name)).map_err(cannot_write)?;
    }
    let request = subject.fit_request(&place, "model", subject.spec()?);
    let fitted = watched(subject, &place, "fit", Call::new::<Fit>(&request), "model")?;
    let model = model_of(fitted).map_or_else(|| without_training(subject, &place), Ok)?;
    let mut failed = !(subject.evaluation_ends() && subject.export_ends());
    let mut watch = |doing, call, output| -> Result<(), Verdict> {
        let outcome = watched(subject, &place, doing, call, output)?;
        failed |= !matches!(outcome, Some(Outcome::Result(_)));
        Ok(())
    };
    if subject.evaluation_ends() {
        let request = subject.evaluate_model(&model, &place, "evaluation");
        watch("evaluate", Call::new::<Evaluate>(&request), "evaluation")?;
    }
    if subject.export_ends() {
        let request = subject.export_model(&model, &place, "export");
        watch("export", Call::new::<Export>(&request), "export")?;
    }
    if failed {
        return Ok(Verdict::noted(
            "some of the calls failed, see lifecycle; none wrote elsewhere",
        ));
    }
    Ok(Verdict::passed())
}

/// Makes one call and sees what changed in the place, its output directory aside.
fn watched(
    subject: &Subject,
    place: &Place,
    doing: &str,
    call: Call,
    output: &str,
) -> Result<Option<Outcome>, Verdict> {
    let before = Snapshot::of(place.path());
    let probed = subject.probe(&subject.task(vec![call]), place)?;
    let after = Snapshot::of(place.path());
    // That a dataset was changed is what dataset/untouched is about.
    let allowed = [output, "train", "eval"].map(PathBuf::from);
    let ignore = |path: &Path| allowed.iter().any(|allowed| path.starts_with(allowed));
    let changes = before.changes(&after, ignore);
    if !changes.is_empty() {
        return Err(Verdict::failed(
            "a call writes below `output_uri` only",
            format!("during {doing}, {}", changes.join(", ")),
            "write below `request.output_dir()`, and remove temporary files",
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
        End::Died(error) => Err(Verdict::of_dispatch(doing, &error)),
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

/// The reference model, in the place, of a runner without a training step.
fn without_training(subject: &Subject, place: &Place) -> Result<Url, Verdict> {
    crate::subject::reference_model(place, "model", &subject.spec()?)
}

fn sandboxed(subject: &Subject) -> Checked {
    let expected = Value::Object(subject.steady_metrics()?.metrics.clone());
    let runner = subject.enclosed()?;
    let place = subject.place()?;
    let silent = || Arc::new(Recorder::new(Level::Error));
    let request = subject.fit_request(&place, "model", subject.resolved_spec()?);
    let model = match runner.call::<Fit>(&request, silent()) {
        Ok(fitted) => fitted.model_uri,
        Err(DispatchError::Runner(RunnerError::Unsupported { .. })) => {
            without_training(subject, &place)?
        }
        Err(error) => return Err(ended("fit", &error)),
    };
    let request = subject.evaluate_model(&model, &place, "evaluation");
    let evaluated = runner
        .call::<Evaluate>(&request, silent())
        .map_err(|error| ended("evaluate", &error))?;
    // What is wrong with an export anyway is another test's business.
    if subject.exported().is_ok() {
        let request = subject.export_model(&model, &place, "export");
        runner
            .call::<Export>(&request, silent())
            .map_err(|error| ended("export", &error))?;
    }
    match difference(&expected, &Value::Object(evaluated.metrics)) {
        None => Ok(Verdict::passed()),
        Some((place, _)) => Err(Verdict::failed(
            "the same scores in a sandbox",
            format!("the metrics differ at {place}"),
            "read the dataset and the model only",
        )),
    }
}

/// A runner may need more than a sandbox allows, such as a program of the user's, and say so. It may
/// not crash.
fn ended(doing: &str, error: &DispatchError) -> Verdict {
    match error {
        DispatchError::Runner(error) => Verdict::warning(format!(
            "{doing} in a sandbox ends with the error: {error}; so it is not to be had with --sandbox. Read the dataset, the model and system libraries only, write below `request.output_dir()` only, and use no network"
        )),
        error => Verdict::of_dispatch(&format!("{doing} in a sandbox"), error),
    }
}

fn prints_nothing(subject: &Subject) -> Checked {
    let place = subject.place()?;
    let calls = subject.calls(&place, "")?;
    let probed = subject.probe(&subject.task(calls), &place)?;
    let printed = probed.printed;
    outcome(subject, probed, "fit, evaluate and export")?;
    if printed > 0 {
        return Ok(Verdict::warning(format!(
            "it prints: {printed} bytes on standard output and standard error; send events with `emit` instead, which reach logs and trackers"
        )));
    }
    Ok(Verdict::passed())
}

/// For other tests: the metrics of a result.
pub(super) fn metrics_of(outcome: &Outcome) -> Option<&Value> {
    match outcome {
        Outcome::Result(result) => result.get("metrics"),
        _ => None,
    }
}
