//! An export that is moved elsewhere.

use std::sync::Arc;

use protea_core::contracts::{Evaluate, Level};
use serde_json::Value;

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    comparison::difference,
    fixture::{WorkDir, uri_of},
    recorder::Recorder,
    subject::cannot_write,
};

scope! {
    /// An export that is moved elsewhere.
    RoundTripTest {
        /// The export, moved elsewhere, has the same scores in a new process after the model and its training data are removed
        Export = "round-trip/export" => export,
    }
}

fn export(subject: &Subject) -> Checked {
    let expected = &subject.steady_metrics()?.metrics;
    subject.exported()?;
    // Not the shared model, because this one is removed below.
    let origin = subject.work_dir()?;
    let (model, _) = subject.fit_in(&origin, "model", Arc::new(Recorder::new(Level::Error)))?;
    let request = subject.export_model(&model, &origin, "export");
    subject.export(&request)?;
    let elsewhere = WorkDir::new(&subject.fixtures).map_err(cannot_write)?;
    let moved = elsewhere.join("moved");
    std::fs::rename(origin.join("export"), &moved).map_err(cannot_write)?;
    std::fs::remove_dir_all(elsewhere.join("train")).map_err(cannot_write)?;
    origin.remove().map_err(cannot_write)?;

    let request = subject.evaluate_model(&uri_of(&moved), &elsewhere, "evaluation");
    let result = subject
        .runner()?
        .call::<Evaluate>(&request, Arc::new(Recorder::new(Level::Error)));
    let remedy = "export every file that `evaluate` reads, with paths relative to model.json";
    let metrics = match result {
        Ok(result) => result.metrics,
        Err(protea_core::DispatchError::Runner(error)) => {
            return Err(Verdict::failed(
                "the export can be evaluated elsewhere",
                format!("the error: {error}"),
                remedy,
            ));
        }
        Err(error) => return Err(Verdict::from_dispatch("evaluate of the export", &error)),
    };
    match difference(&Value::Object(expected.clone()), &Value::Object(metrics)) {
        None => Ok(Verdict::passed()),
        Some((at, _)) => Err(Verdict::failed(
            "the export has the same scores as its model",
            format!("the metrics differ at {at}"),
            remedy,
        )),
    }
}
