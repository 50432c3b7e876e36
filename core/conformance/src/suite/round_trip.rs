//! What was exported, elsewhere.

use std::sync::Arc;

use protea_core::contracts::{Evaluate, Level};
use serde_json::Value;

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    difference::difference,
    fixture::{Place, uri_of},
    recorder::Recorder,
    subject::cannot_write,
};

scope! {
    /// What was exported, elsewhere.
    RoundTripTest {
        /// The export, moved elsewhere, gives the same scores in a fresh process, with the model and its training data gone
        Export = "round-trip/export" => export,
    }
}

fn export(subject: &Subject) -> Checked {
    let expected = &subject.steady_metrics()?.metrics;
    subject.exported()?;
    // Of its own, since it is removed below.
    let origin = subject.place()?;
    let (model, _) = subject.fit_in(&origin, "model", Arc::new(Recorder::new(Level::Error)))?;
    let request = subject.export_model(&model, &origin, "export");
    subject.export(&request)?;
    let elsewhere = Place::new(&subject.fixtures).map_err(cannot_write)?;
    let moved = elsewhere.join("moved");
    std::fs::rename(origin.join("export"), &moved).map_err(cannot_write)?;
    std::fs::remove_dir_all(elsewhere.join("train")).map_err(cannot_write)?;
    drop(origin);

    let request = subject.evaluate_model(&uri_of(&moved), &elsewhere, "evaluation");
    let result = subject
        .runner()?
        .call::<Evaluate>(&request, Arc::new(Recorder::new(Level::Error)));
    let remedy = "export all that `evaluate` reads, and name it relative to model.json";
    let metrics = match result {
        Ok(result) => result.metrics,
        Err(protea_core::DispatchError::Runner(error)) => {
            return Err(Verdict::failed(
                "what was exported can be evaluated elsewhere",
                format!("the error: {error}"),
                remedy,
            ));
        }
        Err(error) => return Err(Verdict::of_dispatch("evaluate of the export", &error)),
    };
    match difference(&Value::Object(expected.clone()), &Value::Object(metrics)) {
        None => Ok(Verdict::passed()),
        Some((place, _)) => Err(Verdict::failed(
            "the export scores as the model that it was made of",
            format!("the metrics differ at {place}"),
            remedy,
        )),
    }
}
