//! Fit, evaluate, export; and models that nobody can use.

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
    subject::{cannot_write, is_below, model_file},
};

scope! {
    /// The calls, one after the other.
    LifecycleTest {
        /// `fit` answers a model, or that there is no training step
        Fit = "lifecycle/fit" => fit,
        /// The model that `fit` answers is there, below its output directory
        Model = "lifecycle/model" => model,
        /// A runner without a training step says what to do instead
        Unsupported = "lifecycle/unsupported" => unsupported,
        /// `evaluate` answers with the model of `fit`
        Evaluate = "lifecycle/evaluate" => evaluate,
        /// `export` answers, and every file that it lists is there with its size and SHA-256
        Export = "lifecycle/export" => export,
        /// A model that is not there is a `Model` error
        MissingModel = "lifecycle/missing-model" => missing_model,
        /// A model that is empty, cut short, noise or of something else is a `Model` error
        CorruptModel = "lifecycle/corrupt-model" => corrupt_model,
    }
}

fn fit(subject: &Subject) -> Checked {
    let fitted = subject.fit_once()?;
    Ok(match &fitted.result {
        Some(_) => Verdict::passed(),
        None => Verdict::noted("no training step: a reference model stands in"),
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
        Some(path) if is_below(&path, &fitted.place.join("model")) => Ok(Verdict::passed()),
        Some(path) => Err(Verdict::failed(
            "the model lies below `output_uri`",
            format!("it is {}", path.display()),
            "write it with `request.write_model`, or below `request.output_dir()`",
        )),
        None => Err(Verdict::failed(
            "`model_uri` names a file, or a directory with a model.json",
            format!("{uri} is not there"),
            "answer what `request.write_model` gives",
        )),
    }
}

fn unsupported(subject: &Subject) -> Checked {
    if subject.fitted()?.result.is_some() {
        return Ok(Verdict::skipped("the runner has a training step"));
    }
    let place = subject.place()?;
    let request = subject.fit_request(&place, "model", subject.resolved_spec()?);
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
                "say `RunnerError::unsupported(\"fit\", \"…what a user should do…\")`",
            ))
        }
        Ok(_) => Err(Verdict::failed(
            "`fit` is unsupported every time, as it was the first time",
            "a model",
            "let what `fit` supports depend on nothing but the code",
        )),
        Err(error) => Err(Verdict::of_dispatch("fit", &error)),
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
            "an export has files of the roles model, spec and run",
            format!("none of the role {}", missing.join(", ")),
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
    // What fails with a sound model anyway says nothing about broken ones.
    subject.evaluated()?;
    let Some(sound) = model_file(&fitted.model_uri).and_then(|path| std::fs::read(path).ok())
    else {
        return Ok(Verdict::skipped("there is no model to break"));
    };
    let mut refusals = Refusals::new("`RunnerError::Model`", |error| {
        matches!(error, RunnerError::Model { .. })
    });
    for kind in kinds {
        let place = subject.place()?;
        let path = place.join("model.json");
        if let Some(content) = kind.content(&sound) {
            std::fs::write(&path, content).map_err(cannot_write)?;
        }
        let recorder = || Arc::new(Recorder::new(Level::Error));
        let request = subject.evaluate_model(&uri_of(&path), &place, "evaluation");
        let result = subject.runner()?.call::<Evaluate>(&request, recorder());
        refusals.judge(&format!("evaluate with {}", kind.name()), result)?;
        if !subject.export_ends() {
            continue;
        }
        let request = subject.export_model(&uri_of(&path), &place, "export");
        let result = subject.runner()?.call::<Export>(&request, recorder());
        refusals.judge(&format!("export of {}", kind.name()), result)?;
    }
    Ok(refusals.verdict())
}
