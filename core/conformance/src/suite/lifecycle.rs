//! Fit, evaluate, export; and broken models.

use std::sync::Arc;

use protea_core::{
    DispatchError,
    contracts::{Evaluate, Export, Fit, Level, RunnerError},
};

use super::{refusals::Refusals, scope};
use crate::{
    Checked, Subject, Verdict,
    fixture::{BrokenModel, uri_of},
    recorder::Recorder,
    subject::{cannot_write, is_below, model_bytes, model_file},
};

scope! {
    /// The calls, one after the other.
    LifecycleTest {
        /// `fit` returns a model, or says that there is no training step
        Fit = "lifecycle/fit" => fit,
        /// The model that `fit` returns exists, inside its output directory
        Model = "lifecycle/model" => model,
        /// A runner without a training step says what to do instead
        Unsupported = "lifecycle/unsupported" => unsupported,
        /// `evaluate` returns a result for the model of `fit`
        Evaluate = "lifecycle/evaluate" => evaluate,
        /// `export` returns a result, and every file that it lists exists with its size and SHA-256
        Export = "lifecycle/export" => export,
        /// A missing model is a `Model` error
        MissingModel = "lifecycle/missing-model" => missing_model,
        /// A model that is empty, truncated, random bytes or of another kind is a `Model` error
        CorruptModel = "lifecycle/corrupt-model" => corrupt_model,
    }
}

fn fit(subject: &Subject) -> Checked {
    let fitted = subject.fit_once()?;
    Ok(match &fitted.result {
        Some(_) => Verdict::passed(),
        None => Verdict::noted("no training step: a reference model is used"),
    })
}

fn model(subject: &Subject) -> Checked {
    let fitted = subject.fitted()?;
    if fitted.result.is_none() {
        return Ok(Verdict::skipped("the runner has no training step"));
    }
    let uri = &fitted.model_uri;
    let there = model_file(uri).filter(|path| path.is_file());
    match there {
        Some(path) if is_below(&path, &fitted.dir.join("model")) => Ok(Verdict::passed()),
        Some(path) => Err(Verdict::failed(
            "the model is inside `output_uri`",
            format!("it is at {}", path.display()),
            "write it with `request.write_model`, or inside `request.output_dir()`",
        )),
        None => Err(Verdict::failed(
            "`model_uri` names a file, or a directory with a model.json",
            format!("{uri} does not exist"),
            "return what `request.write_model` returns",
        )),
    }
}

fn unsupported(subject: &Subject) -> Checked {
    if subject.fitted()?.result.is_some() {
        return Ok(Verdict::skipped("the runner has a training step"));
    }
    let dir = subject.work_dir()?;
    let request = subject.fit_request(&dir, "model", subject.resolved_spec()?);
    match subject
        .runner()?
        .call::<Fit>(&request, Arc::new(Recorder::new(Level::Error)))
    {
        Err(DispatchError::Runner(RunnerError::Unsupported { operation, remedy }))
            if operation == "fit" && remedy.trim().len() >= 10 =>
        {
            Ok(Verdict::noted(remedy))
        }
        Err(DispatchError::Runner(error @ RunnerError::Unsupported { .. })) => {
            Err(Verdict::failed(
                "`Unsupported` names the operation `fit` and what to do instead",
                format!("{error:?}"),
                "return `RunnerError::unsupported(\"fit\", \"…what a user should do…\")`",
            ))
        }
        Ok(_) => Err(Verdict::failed(
            "`fit` is unsupported every time, as in the first call",
            "a model",
            "make what `fit` supports depend only on the code",
        )),
        Err(error) => Err(Verdict::from_dispatch("fit", &error)),
    }
}

fn evaluate(subject: &Subject) -> Checked {
    subject.evaluate_once()?;
    Ok(Verdict::passed())
}

fn export(subject: &Subject) -> Checked {
    let exported = subject.export_once()?;
    let missing: Vec<&str> = ["model", "spec", "run"]
        .into_iter()
        .filter(|role| !exported.files.iter().any(|file| file.role == *role))
        .collect();
    match missing.as_slice() {
        [] => Ok(Verdict::noted(format!("{} files", exported.files.len()))),
        missing => Err(Verdict::failed(
            "an export has files with the roles model, spec and run",
            format!("no file with the role {}", missing.join(", ")),
            "write the export with `request.bundle`",
        )),
    }
}

fn missing_model(subject: &Subject) -> Checked {
    broken_models(subject, &[BrokenModel::Missing])
}

fn corrupt_model(subject: &Subject) -> Checked {
    broken_models(subject, &BrokenModel::CORRUPT)
}

fn broken_models(subject: &Subject, kinds: &[BrokenModel]) -> Checked {
    let fitted = subject.fitted()?;
    // A failure with a valid model would say nothing about broken ones.
    subject.evaluated()?;
    let Some(sound) = model_file(&fitted.model_uri).and_then(|path| model_bytes(&path)) else {
        return Ok(Verdict::skipped("there is no model file to break"));
    };
    let mut refusals = Refusals::new("`RunnerError::Model`", |error| {
        matches!(error, RunnerError::Model { .. })
    });
    for kind in kinds {
        let dir = subject.work_dir()?;
        let path = dir.join("model.json");
        if let Some(content) = kind.content(&sound) {
            std::fs::write(&path, content).map_err(cannot_write)?;
        }
        let recorder = || Arc::new(Recorder::new(Level::Error));
        let request = subject.evaluate_model(&uri_of(&path), &dir, "evaluation");
        let result = subject.runner()?.call::<Evaluate>(&request, recorder());
        refusals.judge(&format!("evaluate with {}", kind.name()), result)?;
        if !subject.export_ends() {
            continue;
        }
        let request = subject.export_model(&uri_of(&path), &dir, "export");
        let result = subject.runner()?.call::<Export>(&request, recorder());
        refusals.judge(&format!("export of {}", kind.name()), result)?;
    }
    Ok(refusals.verdict())
}
